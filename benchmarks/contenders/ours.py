"""pyramid_sessiontoken, with a header token."""

from __future__ import annotations

import secrets
from typing import Any

from calls import call
from contenders.ours_app import make_ours
from job import (
    NOBODY,
    SIGNED_IN,
    Environ,
    Job,
    break_signature,
    make_environ,
    same,
)


def no_credential() -> Job:
    return _job(_make_app(), same(make_environ()), NOBODY)


def seen_before() -> Job:
    app = _make_app()

    def draw(count: int) -> list[Environ]:
        # A new one for each turn: in a long run it would be renewed.
        shown = _show(_issue(app))
        call(app, shown)
        return [shown] * count

    return _job(app, draw)


def never_seen() -> Job:
    app = _make_app()
    return _job(app, lambda count: [_show(_issue(app)) for _ in range(count)])


def forged() -> Job:
    """Show valid tokens with the signatures of others, each once."""
    app = _make_app()

    def draw(count: int) -> list[Environ]:
        signed, _, signature = _issue(app).rpartition(".")
        shape = len(secrets.token_urlsafe(32))
        assert len(signature) == shape
        return [
            _show(f"{signed}.{secrets.token_urlsafe(32)}")
            for _ in range(count)
        ]

    return _job(app, draw, NOBODY)


def _make_app() -> Any:
    return make_ours({"authenticators": "session"})


def _issue(app: Any) -> str:
    return call(app, make_environ("/issue")).decode()


def _show(token: str) -> Environ:
    return make_environ(AUTHORIZATION=f"Session {token}")


def _job(app: Any, draw: Any, answer: bytes = SIGNED_IN) -> Job:
    token = _issue(app)
    return Job(app, draw, answer, _show(token), _show(break_signature(token)))
