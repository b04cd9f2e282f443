"""Fixtures: no server of many workers, the warnings of a start, and a module
of an application.
"""

import logging
import sys
import textwrap

import pytest


@pytest.fixture(autouse=True)
def one_worker(monkeypatch):
    """Whatever serves these tests."""
    monkeypatch.delenv("WEB_CONCURRENCY", raising=False)
    monkeypatch.delitem(sys.modules, "gunicorn", raising=False)
    monkeypatch.delitem(sys.modules, "uwsgi", raising=False)


@pytest.fixture
def warnings(caplog):
    caplog.set_level(logging.WARNING, "pyramid_sessiontoken")
    return caplog


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Write a module of an application that dotted names can name."""

    def write(text):
        (tmp_path / "an_application.py").write_text(textwrap.dedent(text))
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.delitem(sys.modules, "an_application", raising=False)

    return write
