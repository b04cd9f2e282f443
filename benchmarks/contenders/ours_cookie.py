"""pyramid_sessiontoken, with its cookie."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from calls import call, cookies_of
from contenders.ours_app import make_ours
from job import (
    CLAIMS,
    CLAIMS_KEY,
    NOBODY,
    SIGNED_IN,
    Environ,
    Job,
    make_environ,
    same,
    tamper,
)

Claims = Mapping[str, Any]


def no_credential() -> Job:
    return _job(_make_app("signed"), same(make_environ()), NOBODY)


def signed_seen() -> Job:
    return _seen("signed")


def signed_never() -> Job:
    return _never("signed")


def signed_never_without_claims() -> Job:
    return _never("signed", {})


def encrypted_seen() -> Job:
    return _seen("encrypted")


def encrypted_never() -> Job:
    return _never("encrypted")


def _seen(transform: str) -> Job:
    app = _make_app(transform)

    def draw(count: int) -> list[Environ]:
        # A new one for each turn: in a long run it would be renewed.
        shown = _show(_login(app))
        call(app, shown)
        return [shown] * count

    return _job(app, draw)


def _never(transform: str, claims: Claims = CLAIMS) -> Job:
    app = _make_app(transform)
    return _job(
        app, lambda count: [_show(_login(app, claims)) for _ in range(count)]
    )


def _make_app(transform: str) -> Any:
    return make_ours(
        {"authenticators": "cookie", "cookie.transform": transform}
    )


def _login(app: Any, claims: Claims = CLAIMS) -> str:
    return cookies_of(app, {**make_environ("/login"), CLAIMS_KEY: claims})


def _show(cookie: str) -> Environ:
    return make_environ(COOKIE=cookie)


def _job(app: Any, draw: Any, answer: bytes = SIGNED_IN) -> Job:
    cookie = _login(app)
    return Job(app, draw, answer, _show(cookie), _show(tamper(cookie, -20)))
