"""``javascript.path`` is a path, and one that no other route has."""

import pytest
from support import KEY
from support.settings import assert_bad_value_is_told, faults_of_start, read


@pytest.mark.parametrize("path", ["/sessiontoken.js", "/static/session.js"])
def test_a_path_is_read(path):
    parsed, faults = read({"javascript.path": path})
    assert faults == []
    assert parsed.javascript.path == path


@pytest.mark.parametrize("path", ["on", "sessiontoken.js", "/a/", "/{a}"])
def test_what_is_no_path_is_told(path):
    assert_bad_value_is_told("javascript.path", path, "not a plain path")


def test_the_path_of_another_route_is_a_fault():
    for path in ("/token", "/token/status"):
        [fault] = faults_of_start({"keys": KEY, "javascript.path": path})
        assert f"javascript.path: '{path}' is a path of" in fault


def test_it_is_read_at_the_include():
    def setup(config):
        config.add_settings({"sessiontoken.javascript.path": "/later.js"})

    [fault] = faults_of_start({"keys": KEY}, setup)
    assert "sessiontoken.javascript.path: it is read at the include" in fault
