"""Which file of the package calls which, while a block runs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import pairwise
from pathlib import Path
from types import FrameType
from typing import Any

import pyramid_sessiontoken

_PACKAGE = Path(pyramid_sessiontoken.__file__).parent


class Calls:
    """Note the files on the stack at each call, the caller before the called.
    What stands between two of them, such as Pyramid, is passed over, and so
    is a call within a file.
    """

    def __init__(self) -> None:
        self.stacks: set[tuple[str, ...]] = set()

    def note(self, frame: FrameType, event: str, argument: Any) -> None:
        if event != "call" or _file(frame.f_code.co_filename) is None:
            return
        stack: list[str] = []
        caller: FrameType | None = frame
        while caller is not None:
            file = _file(caller.f_code.co_filename)
            if file is not None and stack[-1:] != [file]:
                stack.append(file)
            caller = caller.f_back
        self.stacks.add(tuple(reversed(stack)))

    def has(self, chain: list[str]) -> bool:
        """Tell whether each file of a chain called the next one."""
        return any(
            list(stack[i : i + len(chain)]) == chain
            for stack in self.stacks
            for i in range(len(stack))
        )

    def of(self, file: str) -> list[str]:
        """Name the files that a file called."""
        return sorted(
            {
                called
                for stack in self.stacks
                for caller, called in pairwise(stack)
                if caller == file
            }
        )


@contextmanager
def noted() -> Iterator[Calls]:
    """Note the calls of a block, in its thread."""
    calls = Calls()
    before = sys.getprofile()
    sys.setprofile(calls.note)
    try:
        yield calls
    finally:
        sys.setprofile(before)


@cache
def _file(filename: str) -> str | None:
    path = Path(filename)
    if _PACKAGE not in path.parents:
        return None
    parts = path.relative_to(_PACKAGE).with_suffix("").parts
    return "/".join(part for part in parts if part != "__init__")
