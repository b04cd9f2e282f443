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
from pathlib import Path
from types import ModuleType

import pytest
from support.pages import PAGES, ROOT, blocks_of, load_ini, run_python

from pyramid_sessiontoken.keys.base64url import encode_base64url
from pyramid_sessiontoken.keys.jwk import new_key, write_jwk_set


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


def test_no_page_lets_the_users_of_the_demo_into_an_application():
    """Their passwords are public, and alice is an administrator."""
    for page in PAGES:
        for block in blocks_of(page):
            assert "pyramid_sessiontoken.demo" not in block.code, page.name


def test_no_block_is_overlooked():
    for page in PAGES:
        text = page.read_text("utf-8")
        said = re.findall(r"code-block:: *(?:ini|python)\b", text)
        assert len(said) == len(list(blocks_of(page))), page.name


@pytest.mark.server
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
