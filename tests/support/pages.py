"""The INI and Python blocks of the docs and the README, and how they run."""

from __future__ import annotations

import re
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
PAGES = [*sorted((ROOT / "docs").glob("*.rst")), ROOT / "README.rst"]

BLOCK = re.compile(
    r"(?:^ *\.\. expects-fault: (?P<fault>.+)\n\n)?"
    r"^(?P<margin> *)\.\. code-block:: (?P<language>ini|python)\n"
    r"(?:(?P=margin) +:caption: (?P<caption>.+)\n)?"
    r"\n(?P<code>(?:(?P=margin) +.*\n|\n)+)",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Block:
    language: str
    code: str
    line: int
    caption: str | None
    fault: str | None


def blocks_of(page: Path) -> Iterator[Block]:
    text = page.read_text("utf-8") + "\n"
    for match in BLOCK.finditer(text):
        yield Block(
            match["language"],
            dedent(match["code"]),
            text.count("\n", 0, match.start("code")),
            match["caption"],
            match["fault"],
        )


def run_python(block: Block, page: Path, module: ModuleType) -> None:
    # The empty lines let a traceback name the line of the page.
    code = compile("\n" * block.line + block.code, str(page), "exec")
    known = set(vars(module))
    exec(code, vars(module))  # noqa: S102
    for name in vars(module).keys() - known:
        if name.startswith("test_"):
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
