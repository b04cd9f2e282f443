"""Every INI and Python block of the docs and the README runs.

The convention: the blocks of a page run from top to bottom, in a directory of
their own. Its Python blocks make one module, ``myapp``, so that an INI names
``myapp:attribute``. An INI block is a file (where its ``:caption:`` says) or
some lines of ``[app:main]``; where it names no keys they are ephemeral. What
the shell blocks make is there: ``sessiontoken.jwks``, ``next.jwks``,
``users.htpasswd`` and the variable ``SESSIONTOKEN_KEYS``. The comment
``.. expects-fault: TEXT`` before a block announces a start-up error that says
so. A function whose name begins with ``test_`` is called.
"""

from __future__ import annotations

import re
import subprocess
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

from pyramid_sessiontoken.keys.base64url import encode_base64url
from pyramid_sessiontoken.keys.jwk import new_key, write_jwk_set

ROOT = Path(__file__).parent.parent
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


@pytest.fixture
def myapp(tmp_path, monkeypatch) -> ModuleType:
    monkeypatch.chdir(tmp_path)
    for name in ("sessiontoken.jwks", "next.jwks"):
        Path(name).write_text(write_jwk_set([new_key()]), "utf-8")
    Path("users.htpasswd").write_text("", "utf-8")
    key = encode_base64url(new_key().secret)
    monkeypatch.setenv("SESSIONTOKEN_KEYS", key)
    module = ModuleType("myapp")
    monkeypatch.setitem(sys.modules, "myapp", module)
    return module


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_blocks_of_a_page_run(page, myapp):
    for block in blocks_of(page):
        if block.language == "python":
            run_python(block, page, myapp)
        else:
            load_ini(block)


def test_no_block_is_overlooked():
    for page in PAGES:
        text = page.read_text("utf-8")
        said = re.findall(r"code-block:: *(?:ini|python)\b", text)
        assert len(said) == len(list(blocks_of(page))), page.name


def test_the_docs_build_without_a_warning(tmp_path):
    pytest.importorskip("sphinx", reason="needs the extra [docs]")
    pytest.importorskip("furo", reason="needs the extra [docs]")
    build = [sys.executable, "-m", "sphinx", "-W", "-n", "-q", "-b", "html"]
    made = subprocess.run(  # noqa: S603
        [*build, ROOT / "docs", tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
