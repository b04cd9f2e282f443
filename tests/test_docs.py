"""Every INI and Python block of the docs and the README runs.

The convention: the blocks of a page run from top to bottom, in a directory of
their own. Its Python blocks make one module, ``myapp``, so that an INI names
``myapp:attribute``. An INI block is a file (where its ``:caption:`` says) or
some lines of ``[app:main]``; where it names no keys they are ephemeral. What
the shell blocks make is there: ``sessiontoken.jwks``, ``next.jwks``,
``users.htpasswd`` and the variable ``SESSIONTOKEN_KEYS``. The comment
``.. expects-fault: TEXT`` before a block announces a start-up error that says
so; ``.. allows-warning: TEXT`` allows the page a warning that begins so. A
Python file that a page shows with ``literalinclude`` is a module of its own,
``myapp.FILE``. A function whose name begins with ``test_`` is called.
"""

from __future__ import annotations

import logging
import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from runpy import run_path
from types import ModuleType

import pytest
from support.pages import (
    DOCUMENTATION,
    PAGES,
    ROOT,
    allowed_warnings_of,
    blocks_of,
    load_ini,
    name_of,
    run_python,
)

from pyramid_sessiontoken.keys.base64url import encode_base64url
from pyramid_sessiontoken.keys.jwk import new_key, write_jwk_set


@pytest.fixture
def myapp(tmp_path, monkeypatch) -> Iterator[ModuleType]:
    monkeypatch.chdir(tmp_path)
    for name in ("sessiontoken.jwks", "next.jwks"):
        Path(name).write_text(write_jwk_set([new_key()]), "utf-8")
    Path("users.htpasswd").write_text("", "utf-8")
    key = encode_base64url(new_key().secret)
    monkeypatch.setenv("SESSIONTOKEN_KEYS", key)
    module = ModuleType("myapp")
    monkeypatch.setitem(sys.modules, "myapp", module)
    with logging_restored("", "pyramid_sessiontoken.audit"):
        yield module
    for name in [name for name in sys.modules if name.startswith("myapp.")]:
        del sys.modules[name]


@contextmanager
def logging_restored(*names):
    """Undo what a page does to some loggers."""
    loggers = [logging.getLogger(name) for name in names]
    before = [
        (log, [*log.handlers], log.level, log.propagate) for log in loggers
    ]
    yield
    for log, handlers, level, propagate in before:
        for handler in {*log.handlers} - {*handlers}:
            handler.close()
        log.handlers[:] = handlers
        log.setLevel(level)
        log.propagate = propagate


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_blocks_of_a_page_run(page, myapp):
    with warnings.catch_warnings():
        for text in allowed_warnings_of(page):
            warnings.filterwarnings("ignore", re.escape(text))
        for block in blocks_of(page):
            if block.language == "python":
                run_python(block, page, myapp)
            else:
                load_ini(block)


def test_no_page_lets_the_users_of_the_demo_into_an_application():
    """Their passwords are public, and alice is an administrator."""
    for page in PAGES:
        for block in blocks_of(page):
            assert "pyramid_sessiontoken.demo" not in block.code, name_of(page)


def test_no_block_is_overlooked():
    for page in PAGES:
        text = page.read_text("utf-8")
        said = re.findall(
            r"code-block:: *(?:ini|python)\b"
            r"|literalinclude:: [^\s/]+\.py\n(?! +:diff:)",
            text,
        )
        assert len(said) == len(list(blocks_of(page))), name_of(page)


def test_each_page_says_what_else_it_is_called():
    for page in DOCUMENTATION:
        if page.name != "index.rst":
            _, _, below = page.read_text("utf-8").partition("==\n\n")
            assert re.match(r"\*?Also called: ", below), name_of(page)


def test_the_figures_are_those_of_their_script():
    """After a change: python docs/_ext/figures.py"""
    script = run_path(str(ROOT / "docs" / "_ext" / "figures.py"))
    for name, draw in script["FIGURES"].items():
        drawn = ROOT / "docs" / "_static" / name
        assert drawn.read_text("utf-8") == draw(), name
