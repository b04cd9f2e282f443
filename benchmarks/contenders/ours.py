"""pyramid_sessiontoken, with a header token."""

from __future__ import annotations

import atexit
import dataclasses
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from typing import Any

from calls import call
from contenders.ours_app import make_ours
from job import (
    CLAIMS,
    CLAIMS_KEY,
    NOBODY,
    SIGNED_IN,
    USERID,
    USERID_KEY,
    Environ,
    Job,
    break_signature,
    make_claims,
    make_environ,
    same,
)

Claims = Mapping[str, Any]


def no_credential() -> Job:
    return _job(_make_app(), same(make_environ()), NOBODY)


def seen_before() -> Job:
    return _seen(CLAIMS)


def never_seen() -> Job:
    return _never(CLAIMS)


def seen_with_claims(number: int) -> Job:
    return _seen(make_claims(number))


def never_with_claims(number: int) -> Job:
    return _never(make_claims(number))


def forged() -> Job:
    """Show valid tokens with the signatures of others, each once."""
    app = _make_app()

    def draw(count: int) -> list[Environ]:
        signed, _, signature = issue(app, CLAIMS).rpartition(".")
        shape = len(secrets.token_urlsafe(32))
        assert len(signature) == shape
        return [
            show(f"{signed}.{secrets.token_urlsafe(32)}") for _ in range(count)
        ]

    return _job(app, draw, NOBODY)


def never_seen_keys_change() -> Job:
    """Show each token once, and let the keys change between them."""
    folder = tempfile.mkdtemp(prefix="benchmark")
    atexit.register(shutil.rmtree, folder)
    path = os.path.join(folder, "keys.jwks")
    with open(path, "wb") as file:
        file.write(_keygen())
    app = make_ours({"authenticators": "session", "keys": f"file:{path}"})

    def disturb() -> None:
        _keygen("--add", path)
        # The file is looked at once a second.
        time.sleep(1.1)

    job = _job(app, _drawing_once(app, CLAIMS))
    return dataclasses.replace(job, disturb=disturb)


def _keygen(*options: str) -> bytes:
    """Run ``psessiontoken keygen``; give what it prints."""
    script = "from pyramid_sessiontoken.scripts import main; main()"
    command = [sys.executable, "-c", script, "keygen", *options]
    return subprocess.run(command, check=True, capture_output=True).stdout


def _seen(claims: Claims) -> Job:
    app = _make_app()

    def draw(count: int) -> list[Environ]:
        # A new one for each turn: in a long run it would be renewed.
        shown = show(issue(app, claims))
        call(app, shown)
        return [shown] * count

    return _job(app, draw)


def _never(claims: Claims) -> Job:
    app = _make_app()
    return _job(app, _drawing_once(app, claims))


def _drawing_once(app: Any, claims: Claims) -> Callable[[int], list[Environ]]:
    return lambda count: [show(issue(app, claims)) for _ in range(count)]


def _make_app() -> Any:
    return make_ours({"authenticators": "session"})


def issue(
    app: Any, claims: Claims, userid: str = USERID, **headers: str
) -> str:
    environ = make_environ("/issue", **headers)
    environ.update({CLAIMS_KEY: claims, USERID_KEY: userid})
    return call(app, environ).decode()


def show(token: str) -> Environ:
    return make_environ(AUTHORIZATION=f"Session {token}")


def _job(app: Any, draw: Any, answer: bytes = SIGNED_IN) -> Job:
    token = issue(app, CLAIMS)
    return Job(app, draw, answer, show(token), show(break_signature(token)))
