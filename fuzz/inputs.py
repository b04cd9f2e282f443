"""The inputs that are kept: the smallest ones that take every known step."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from types import FrameType
from typing import Any

import pyramid_sessiontoken
from fuzz.targets import find

HERE = Path(__file__).parent
_PACKAGE = str(Path(pyramid_sessiontoken.__file__).parent)

#: From a line to a line of one function of a file.
Step = tuple[str, int, int]

#: No longer input is kept, bytes.
LONGEST = 4096


def kept(name: str) -> Path:
    """Give the folder of inputs that the repository has."""
    return HERE / "corpora" / name


def found(name: str) -> Path:
    """Give the folder of what the fuzzer found, which git ignores."""
    return HERE / ".found" / name


def put(folder: Path, data: bytes) -> None:
    """Write an input, by the name that its content has."""
    folder.joinpath(sha256(data).hexdigest()[:12]).write_bytes(data)


def read(*folders: Path) -> list[bytes]:
    """Read all inputs, the shortest first."""
    inputs = {
        path.read_bytes()
        for folder in folders
        if folder.exists()
        for path in folder.iterdir()
    }
    return sorted(inputs, key=lambda data: (len(data), data))


def keep(name: str) -> tuple[int, int, int]:
    """Replace the kept inputs of a target by the shortest that take all
    steps, of those and of what was found.

    :return: the steps of those that were kept, the steps of those that are
        kept now, and their number.
    """
    run = find(name).run
    folder = kept(name)
    old = read(folder)
    for data in old[:1] or [b""]:
        # What is done once a process is no step of an input.
        steps_of(run, data)
    before: set[Step] = set()
    for data in old:
        before |= steps_of(run, data)
    steps: set[Step] = set()
    new = []
    for data in read(folder, found(name)):
        if len(data) <= LONGEST and not (more := steps_of(run, data)) <= steps:
            steps |= more
            new.append(data)
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        path.unlink()
    for data in new:
        put(folder, data)
    return len(before), len(steps), len(new)


def steps_of(run: Callable[[bytes], None], data: bytes) -> set[Step]:
    """Run a target, and give the steps that it took in the package."""
    steps: set[Step] = set()

    def trace(frame: FrameType, event: str, arg: Any) -> Any:
        file = frame.f_code.co_filename
        if not file.startswith(_PACKAGE):
            return None
        last = -frame.f_code.co_firstlineno

        def step(frame: FrameType, event: str, arg: Any) -> Any:
            nonlocal last
            if event == "line":
                steps.add((file, last, frame.f_lineno))
                last = frame.f_lineno
            return step

        return step

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        with suppress(AssertionError):
            run(data)
    finally:
        sys.settrace(before)
    return steps
