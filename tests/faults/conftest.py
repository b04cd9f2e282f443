"""Faults of what stands around the library, and what was counted of them."""

from collections import Counter

import pytest
from support.faults import PART, SEED
from support.fork_server import ForkServer
from support.people import SETTINGS, People, views

COUNTED = "counted"

_counts = pytest.StashKey[Counter]()


@pytest.fixture
def counted(request):
    """Count what was done, for the summary."""
    counts = Counter()
    request.node.stash[_counts] = counts
    return counts


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if call.when == "call" and _counts in item.stash:
        # A process of pytest-xdist sends nothing but the types of JSON.
        report.user_properties.append((COUNTED, dict(item.stash[_counts])))
    return report


@pytest.fixture(scope="session")
def fork_server_process(tmp_path_factory):
    made = ForkServer(tmp_path_factory.mktemp("forks"))
    yield made
    made.end()


@pytest.fixture
def fork_server(fork_server_process):
    """Begin processes, which end with the test at the latest."""
    yield fork_server_process
    fork_server_process.kill_all()


@pytest.fixture(params=["reference", "self-contained"])
def people(request, make, repository):
    """Users of an application that keeps sessions where the file says."""
    client = make(
        {
            **repository,
            **SETTINGS,
            "token.form": request.param,
            "cookie.form": request.param,
        },
        setup=views,
    )
    return People(client, request.param)


def pytest_report_header():
    return f"faults: FAULTS={PART:g} FAULTS_SEED={SEED}"


def pytest_terminal_summary(terminalreporter):
    """Write what was counted in each file; a failure writes its seed."""
    files = {}
    for report in terminalreporter.getreports("passed"):
        for name, counts in report.user_properties:
            if name == COUNTED:
                file = report.nodeid.partition("::")[0]
                files.setdefault(file, Counter()).update(counts)
    for file, counts in sorted(files.items()):
        said = ", ".join(f"{n} {what}" for what, n in sorted(counts.items()))
        terminalreporter.write_line(f"{file}: {said}")
    if terminalreporter.getreports("failed"):
        terminalreporter.write_line(f"again with FAULTS_SEED={SEED}")
