"""What ``docs/development/architecture.rst`` draws, read from its blocks.

A block has a name, by which it is found here: ``rooms``, ``tree``, and
``road-request``, ``road-login`` and ``road-response``.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from textwrap import dedent

import pyramid_sessiontoken

PACKAGE = Path(pyramid_sessiontoken.__file__).parent
TOP = PACKAGE.parent
PAGE = TOP / "docs" / "development" / "architecture.rst"

_BLOCK = re.compile(
    r"^\.\. code-block:: text\n +:name: (?P<name>\S+)\n\n"
    r"(?P<text>(?: +.*\n|\n)+)",
    re.MULTILINE,
)

# A line of the tree: a name, two blanks or more, and what it is for. What
# goes on in the next line is indented further than any name.
_ENTRY = re.compile(r"(?P<margin>(?:  ){0,2})(?P<name>\S+)(?:  +\S.*)?")
_CONTINUED = re.compile(r" {20,}\S")


def block(name: str) -> str:
    """Give the text of a block of the page."""
    blocks = {
        found["name"]: dedent(found["text"])
        for found in _BLOCK.finditer(PAGE.read_text("utf-8") + "\n")
    }
    assert name in blocks, f"{PAGE.name} has no block :name: {name}"
    return blocks[name]


def drawn_rooms() -> list[str]:
    return block("rooms").split()


def drawn_files() -> list[str]:
    """Give the files of the tree, as paths in the package. A room stands for
    its ``__init__.py``.
    """
    files = []
    room = ""
    top, *lines = filter(str.strip, block("tree").splitlines())
    assert top == f"{PACKAGE.name}/"
    for line in lines:
        if _CONTINUED.match(line):
            continue
        found = _ENTRY.fullmatch(line)
        assert found, f"{PAGE.name}: this is no line of the tree: {line!r}"
        name = found["name"]
        if len(found["margin"]) == len("  "):
            room = name if name.endswith("/") else ""
        files.append(name if name == room else room + name)
    return [_file(path) for path in files if not _has_no_code(path)]


def _has_no_code(path: str) -> bool:
    folder = PACKAGE / path
    return folder.is_dir() and not (folder / "__init__.py").exists()


def _file(path: str) -> str:
    if path.endswith("/") and (PACKAGE / path / "__init__.py").exists():
        return f"{path}__init__.py"
    return path


def room_of(path: str) -> str:
    """Give the room of a file: its folder, or its own name."""
    return path.split("/", maxsplit=1)[0].removesuffix(".py")


def files() -> list[str]:
    """Give the files of the package, as paths in it."""
    return sorted(
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    )


def purpose(path: str) -> str:
    """Give the first sentence of a file, for the tree."""
    if not path.endswith(".py"):
        return "..."
    doc = ast.get_docstring(ast.parse((PACKAGE / path).read_text("utf-8")))
    return " ".join((doc or "...").split("\n\n")[0].split())


def drawn_road(name: str) -> list[list[str]]:
    """Give the chains of a road. Each begins on a line of its own; a line
    that begins with an arrow goes on with the chain before it.
    """
    chains: list[list[str]] = []
    for line in block(f"road-{name}").splitlines():
        steps = [step for step in line.split() if step != "->"]
        if line.lstrip().startswith("->"):
            chains[-1] += steps
        elif steps:
            chains.append(steps)
    return chains
