"""The memory that remembered tokens need, and its limit.

Tokens come in with requests, as they do in production. What an application
remembers is not looked into.
"""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from calls import call
from contenders.ours import issue, show
from contenders.ours_app import make_ours

#: Tokens to measure one: fewer than a process remembers, which is 10,000.
ENTRIES = 9_500

#: How often the memory is looked at.
LOOKS = 50


def measure_entry(claims: Mapping[str, Any], count: int = ENTRIES) -> float:
    """Give the bytes that each of some remembered tokens takes.

    :raises AssertionError: where some were forgotten meanwhile.
    """
    used = list(_watch(claims, count))
    grown = [after - before for before, after in pairwise(used)]
    assert min(grown) > 0, grown
    return (used[-1] - used[0]) / count


def measure_most(claims: Mapping[str, Any], count: int) -> list[float]:
    """Show many more tokens than are remembered.

    :return: the most bytes in the first and in the second half of them.
    """
    used = list(_watch(claims, count))
    base, half = used[0], len(used) // 2
    return [max(used[:half]) - base, max(used[half:]) - base]


def _watch(claims: Mapping[str, Any], count: int) -> Iterator[int]:
    """Give the memory in use before the first token, and after each step."""
    app = make_ours({"authenticators": "session"})
    call(app, show(issue(app, claims)))
    tracemalloc.start()
    try:
        yield _measure()
        step = count // LOOKS
        for number in range(count):
            call(app, show(issue(app, claims, f"user-{number}")))
            if number % step == step - 1:
                yield _measure()
    finally:
        tracemalloc.stop()


def _measure() -> int:
    gc.collect()
    used, _ = tracemalloc.get_traced_memory()
    return used
