"""The INI and Python blocks of the docs and the README, and how they run."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from configparser import ConfigParser
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from types import ModuleType

import pytest
from pyramid.config import Configurator
from pyramid.exceptions import ConfigurationError

ROOT = Path(__file__).parent.parent.parent
DOCS = ROOT / "docs"
#: The pages of the documentation, without what Sphinx made of them.
DOCUMENTATION = [
    page
    for page in sorted(DOCS.rglob("*.rst"))
    if "_build" not in page.relative_to(DOCS).parts
]
PAGES = [*DOCUMENTATION, ROOT / "README.rst"]

BLOCK = re.compile(
    r"(?:^ *\.\. expects-fault: (?P<fault>.+)\n\n)?"
    r"^(?P<margin> *)\.\. code-block:: (?P<language>ini|python)\n"
    r"(?:(?P=margin) +:caption: (?P<caption>.+)\n)?"
    r"\n(?P<code>(?:(?P=margin) +.*\n|\n)+)",
    re.MULTILINE,
)

#: A file beside the page, which the page shows, is a module of the page's
#: application. One in a folder is part of an application with its own tests.
SHOWN = re.compile(
    r"^\.\. literalinclude:: (?P<file>[^\s/]+\.py)\n(?! +:diff:)",
    re.MULTILINE,
)

ALLOWED = re.compile(r"^\.\. allows-warning: (.+)$", re.MULTILINE)


def name_of(page: Path) -> str:
    """Give the name of a page, for the ids of tests and for messages."""
    return page.relative_to(ROOT).as_posix()


@dataclass(frozen=True)
class Block:
    language: str
    code: str
    line: int
    caption: str | None
    fault: str | None
    #: The name of a file that the page shows.
    file: str | None = None


def blocks_of(page: Path) -> Iterator[Block]:
    text = page.read_text("utf-8") + "\n"
    found = [*BLOCK.finditer(text), *SHOWN.finditer(text)]
    for match in sorted(found, key=re.Match.start):
        if match.re is SHOWN:
            code = (page.parent / match["file"]).read_text("utf-8")
            yield Block("python", code, 0, None, None, match["file"])
            continue
        yield Block(
            match["language"],
            dedent(match["code"]),
            text.count("\n", 0, match.start("code")),
            match["caption"],
            match["fault"],
        )


def allowed_warnings_of(page: Path) -> list[str]:
    """Give the warnings that the blocks of a page may cause."""
    return ALLOWED.findall(page.read_text("utf-8"))


def run_python(
    block: Block, page: Path, module: ModuleType, *, tests: bool = True
) -> None:
    """Run a block in a module.

    :param tests: whether the test functions of the block are called.
    """
    if block.file is not None:
        page = page.parent / block.file
        name = f"{module.__name__}.{page.stem}"
        file = sys.modules[name] = ModuleType(name)
        setattr(module, page.stem, file)
        module = file
    # The empty lines let a traceback name the line of the page.
    code = compile("\n" * block.line + block.code, str(page), "exec")
    known = set(vars(module))
    exec(code, vars(module))  # noqa: S102
    # In the order of the page, not in that of a set.
    for name in [name for name in vars(module) if name not in known]:
        if tests and name.startswith("test_"):
            getattr(module, name)()


def load_ini(block: Block) -> None:
    text = block.code
    if block.caption is not None:
        Path(block.caption).write_text(text, "utf-8")
    if not text.startswith("["):
        text = "[app:main]\n" + text
    parser = ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment]
    parser.read_string(text)
    settings = {"sessiontoken.keys": "ephemeral"}
    if parser.has_section("app:main"):
        settings.update(parser.items("app:main"))
    config = Configurator(settings=settings)
    config.include("pyramid_sessiontoken")
    if block.fault is None:
        config.commit()
    else:
        with pytest.raises(ConfigurationError, match=re.escape(block.fault)):
            config.commit()
