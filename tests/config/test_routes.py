"""The paths of the library are read at the include."""

from support import KEY
from support.settings import faults_of_start

from pyramid_sessiontoken.config import routes
from pyramid_sessiontoken.config.routes import ROUTES, Route, equal_paths


def test_the_path_is_read_at_the_include():
    def setup(config):
        config.add_settings({"sessiontoken.token.path": "/later"})

    [fault] = faults_of_start({"keys": KEY}, setup)
    assert "sessiontoken.token.path" in fault
    assert "/later" in fault
    [fault] = faults_of_start({"keys": KEY, "token.path": "no path"})
    assert "sessiontoken.token.path" in fault


LATER = Route("later", "javascript.path", "", None)


def test_equal_paths_are_told():
    for path, told in (
        ("/token", "'/token' is a path of sessiontoken.token.path, too"),
        ("/token/status", "'/token/status' is a path of sessiontoken.token"),
        ("/token/other", None),
        ("/tokens", None),
    ):
        paths = {"token.path": "/token", "javascript.path": path}
        found = list(equal_paths((*ROUTES, LATER), paths))
        if told is None:
            assert found == []
        else:
            [(key, text)] = found
            assert key == "javascript.path"
            assert told in text


def test_equal_paths_stop_the_start(monkeypatch):
    twice = Route("again", "token.path", "/status", ROUTES[1].view)
    monkeypatch.setattr(routes, "ROUTES", (*ROUTES, twice))

    [fault] = faults_of_start({"keys": KEY})

    assert "sessiontoken.token.path: '/token/status' is a path of" in fault
