"""What is fuzzed, one file for each subject.

A target is a function that takes bytes. It raises if the library breaks a
promise, and returns otherwise. ``seeds`` gives inputs to begin with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from typing import NamedTuple

NAMES = (
    "tokens",
    "cookies",
    "basic",
    "certificates",
    "jwk_sets",
    "settings",
    "issuer_tokens",
    "logout_tokens",
    "access_tokens",
    "requests",
)


class Target(NamedTuple):
    """What is fuzzed."""

    run: Callable[[bytes], None]
    seeds: Callable[[], Iterable[bytes]]


def find(name: str) -> Target:
    """Import a target, and with it what it fuzzes."""
    module = import_module(f"{__name__}.{name}")
    return Target(module.target, module.seeds)
