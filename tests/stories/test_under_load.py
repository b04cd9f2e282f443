"""Many users at once, over real connections: none gets another's session, and
nothing hostile is accepted.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support import KEY, OTHER_KEY
from support.ports import free_port
from support.servers import Server

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"

pytestmark = pytest.mark.server


@pytest.fixture
def port(redis):
    """Serve what ``benchmarks/soak.py`` serves, behind waitress."""
    port = free_port()
    environ = {
        **os.environ,
        "BENCHMARK_REDIS": redis.tcp,
        "BENCHMARK_KEYS": f"{KEY} {OTHER_KEY}",
    }
    command = [sys.executable, "soak_app.py", f"127.0.0.1:{port}"]
    server = Server(
        command, lambda: answers(port), cwd=BENCHMARKS, env=environ
    )
    server.crash = "SIGTERM"
    server.start()
    yield port
    server.end()


def answers(port):
    import httpx

    try:
        with httpx.Client(trust_env=False) as client:
            got = client.get(f"http://127.0.0.1:{port}/a/who")
    except httpx.TransportError:
        return False
    return got.status_code == 401


def test_no_user_gets_the_session_of_another(port):
    load = [sys.executable, "soak_load.py", str(port), "60", "keeps"]
    done = subprocess.run(  # noqa: S603
        [*load, "--users", "50", "--requests", "600"],
        cwd=BENCHMARKS,
        capture_output=True,
        text=True,
        check=True,
    )
    told = json.loads(done.stdout)
    assert told["faults"] == []
    happened = {
        "requests",
        "sign-ins",
        "answers compared",
        "sign-outs",
        "hostile",
    }
    assert set(told["counts"]) - {"renewals"} == happened
    assert told["counts"]["answers compared"] > 200
