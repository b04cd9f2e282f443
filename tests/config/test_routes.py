"""The paths of the library are read at the include."""

from support import KEY
from support.settings import faults_of_start


def test_the_path_is_read_at_the_include():
    def setup(config):
        config.add_settings({"sessiontoken.token.path": "/later"})

    [fault] = faults_of_start({"keys": KEY}, setup)
    assert "sessiontoken.token.path" in fault
    assert "/later" in fault
    [fault] = faults_of_start({"keys": KEY, "token.path": "no path"})
    assert "sessiontoken.token.path" in fault
