"""The marker ``server``: on each test that starts a server or a process."""

import sys

import pytest

#: Fixtures that start one. Tests that name their fixtures in parameters, or
#: start a process themselves, carry the marker in their own module.
STARTERS = {
    "server_folder",
    "in_child",
    "serve",
    "curl",
    "node_modules",
    "provider",
}

_STARTS = {"subprocess.Popen", "os.fork", "os.posix_spawn"}
_running = []


def pytest_collection_modifyitems(items):
    for item in items:
        if STARTERS.intersection(item.fixturenames):
            item.add_marker(pytest.mark.server)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    _running.append(item)
    try:
        return (yield)
    finally:
        _running.pop()


def _hold_the_marker(event, args):
    """Refuse to start a process for a test without the marker."""
    if event not in _STARTS or not _running:
        return
    if _running[-1].get_closest_marker("server") is None:
        raise RuntimeError("a test that starts a process is a server test")


sys.addaudithook(_hold_the_marker)
