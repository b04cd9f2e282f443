"""Whether other processes serve the same application."""

import sys

import pytest

from pyramid_sessiontoken.config.workers import has_several_workers


@pytest.mark.parametrize("several", ["2", "auto"])
def test_the_environment_names_the_number_of_workers(monkeypatch, several):
    for one in ("", "0", "1"):
        monkeypatch.setenv("WEB_CONCURRENCY", one)
        assert not has_several_workers()
    monkeypatch.setenv("WEB_CONCURRENCY", several)
    assert has_several_workers()


@pytest.mark.parametrize("server", ["gunicorn", "uwsgi"])
def test_an_imported_server_of_many_workers_is_recognised(monkeypatch, server):
    assert not has_several_workers()
    monkeypatch.setitem(sys.modules, server, sys)
    assert has_several_workers()
