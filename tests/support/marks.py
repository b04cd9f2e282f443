"""The markers ``server``, on each test that starts a server or a process, and
``once``, on each that hardly depends on the Python.
"""

import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent.parent

#: Tests that are the same ones for each Python, and take long: of whole
#: processes, of long simulations, and of the files of this repository.
ONCE = """
applications clients faults
repositories/test_sign_ins_at_once.py
repositories/test_sign_out_races.py
repositories/test_updates_at_once.py
scripts/test_openapi_operations.py
stories/test_a_table_that_nobody_purges.py
stories/test_a_year_of_periods.py
stories/test_behind_nginx.py
stories/test_behind_other_proxies.py
stories/test_deployment.py
stories/test_growing.py
stories/test_large_headers.py
stories/test_many_processes.py
stories/test_private_pages.py
stories/test_push.py
stories/test_rotation_under_traffic.py
stories/test_sign_ins_at_once.py
stories/test_sign_out_wins.py
stories/test_under_load.py
test_architecture.py test_docs.py test_house.py
""".split()

#: Fixtures that start one. Tests that name their fixtures in parameters, or
#: start a process themselves, carry the marker in their own module.
STARTERS = {
    "server_folder",
    "in_child",
    "serve",
    "curl",
    "node_modules",
    "provider",
    "browser",
}

_STARTS = {"subprocess.Popen", "os.fork", "os.posix_spawn"}
_running = []


def pytest_collection_modifyitems(items):
    once = [TESTS / path for path in ONCE]
    for item in items:
        if STARTERS.intersection(item.fixturenames):
            item.add_marker(pytest.mark.server)
        if any(item.path.is_relative_to(path) for path in once):
            item.add_marker(pytest.mark.once)


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
