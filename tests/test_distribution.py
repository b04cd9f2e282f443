"""What is distributed: an sdist whose tests run, and a wheel that works in
an empty environment.

tox runs this once, in its environment ``types``.
"""

import os
import re
import subprocess
import sys
import tarfile
import venv
from functools import partial
from pathlib import Path

import httpx
import pytest
from support.ports import free_port, listens
from support.programs import module
from support.servers import Server

pytestmark = [pytest.mark.server, pytest.mark.tools]

ROOT = Path(__file__).parent.parent

CONTRACT = """
import pytest
from pyramid_sessiontoken.repositories.memory import MemoryRepository
from pyramid_sessiontoken.testing import RepositoryContract


class TestMine(RepositoryContract):
    rounds = 1

    @pytest.fixture
    def repository(self, clock):
        return MemoryRepository(clock)
"""


def run(*command, where, **env):
    made = subprocess.run(  # noqa: S603
        list(map(str, command)),
        cwd=where,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    return made.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Build the sdist, and from it the wheel."""
    module("build")
    folder = tmp_path_factory.mktemp("built")
    run(sys.executable, "-m", "build", "--outdir", folder, ROOT, where=folder)
    return folder


@pytest.fixture(scope="module")
def unpacked(built, tmp_path_factory):
    [sdist] = built.glob("*.tar.gz")
    folder = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    [top] = folder.iterdir()
    return top


def test_the_sdist_has_every_file_of_the_checkout(unpacked):
    if not (ROOT / ".git").exists():
        pytest.skip("this is no checkout")
    known = run("git", "ls-files", where=ROOT).splitlines()
    assert [path for path in known if not (unpacked / path).exists()] == []


def test_the_pictures_of_the_description_are_there(unpacked):
    text = (unpacked / "README.rst").read_text("utf-8")
    pictures = re.findall(r"^\.\. image:: (.+)$", text, re.MULTILINE)
    assert pictures
    assert all((unpacked / each).is_file() for each in pictures)


def test_tests_run_from_the_sdist(unpacked):
    said = run(
        *(sys.executable, "-m", "pytest", "-q", "-m", "not server"),
        *(
            "tests/test_expiry.py",
            "tests/identity",
            "tests/stories/test_main_road.py",
        ),
        where=unpacked,
        PYTHONPATH=str(unpacked),
    )
    assert " passed" in said


class Environment:
    """An environment with nothing but the wheel."""

    def __init__(self, folder, wheel):
        venv.create(folder, with_pip=True)
        self.folder, self.wheel = folder, wheel
        self.programs = folder / ("Scripts" if os.name == "nt" else "bin")
        self.python = self.programs / "python"

    def install(self, *what):
        self.run("python", "-m", "pip", "install", "-q", *what)

    def run(self, program, *words):
        # Its folder alone is on the path, and nothing of the checkout.
        return run(
            *(self.programs / program, *words),
            where=self.folder,
            PYTHONPATH=str(self.folder),
        )


@pytest.fixture(scope="module")
def environment(built, tmp_path_factory):
    [wheel] = built.glob("*.whl")
    made = Environment(tmp_path_factory.mktemp("empty") / "env", wheel)
    made.install(wheel)
    return made


def test_the_wheel_brings_the_commands(environment):
    run = environment.run
    [about] = environment.folder.rglob("pyramid_sess*.dist-info/METADATA")
    said = about.read_text("utf-8").splitlines()
    assert "License-Expression: BSD-3-Clause-Modification" in said
    where = "https://pypi.org/project/pyramid_sessiontoken/"
    assert f"Project-URL: Releases, {where}" in said
    version = environment.wheel.name.split("-")[1]
    assert version in run("psessiontoken", "--version")
    run("psessiontoken", "keygen", "--out", "sessiontoken.jwks")
    (environment.folder / "app.ini").write_text(
        "[app:main]\nuse = call:app:main\n"
        "pyramid.includes = pyramid_sessiontoken\n"
        "sessiontoken.keys = file:sessiontoken.jwks\n"
    )
    (environment.folder / "app.py").write_text(
        "from pyramid.config import Configurator\n\n\n"
        "def main(global_config, **settings):\n"
        "    return Configurator(settings=settings).make_wsgi_app()\n"
    )
    said = run("psessiontoken", "check", "app.ini")
    assert "POST https://localhost/token" in said


def test_the_contract_of_repositories_needs_pytest_alone(environment):
    environment.install(f"{environment.wheel}[contract]")
    (environment.folder / "test_mine.py").write_text(CONTRACT)
    said = environment.run("python", "-m", "pytest", "-q", "test_mine.py")
    assert " passed" in said
    there = environment.run("python", "-m", "pip", "list").lower()
    for driver in ("psycopg", "pgserver", "redis", "sqlalchemy"):
        assert driver not in there


def test_the_demo_is_served_from_the_wheel(environment):
    environment.install(f"{environment.wheel}[demo]")
    port = free_port()
    where = f"http://127.0.0.1:{port}"

    server = Server(
        [
            *(environment.python, "-m", "pyramid_sessiontoken.demo"),
            f"http_port={port}",
        ],
        partial(listens, port),
        cwd=environment.folder,
    )
    server.crash = "SIGTERM"
    server.start()
    try:
        with httpx.Client(base_url=where, trust_env=False) as client:
            answer = client.post("/token", auth=("alice", "alice"))
            assert answer.json()["token_type"] == "Session"
            assert client.get("/signin").status_code == 200
    finally:
        server.end()
