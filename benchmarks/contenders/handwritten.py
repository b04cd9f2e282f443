"""A handwritten policy: ``jwt.decode``, and little else."""

from __future__ import annotations

import dataclasses
import secrets
import time
from functools import lru_cache
from typing import Any

import jwt
from contenders.pyramid_app import Policy, make_app
from job import (
    AUDIENCE,
    CLAIMS,
    ISSUER,
    LIFETIME,
    NOBODY,
    USERID,
    Environ,
    Job,
    break_signature,
    make_environ,
    same,
    showing,
)

REQUIRED = ["iss", "aud", "exp", "nbf", "iat", "sub", "jti"]


class HandWritten(Policy):
    """Read ``Authorization: Bearer``."""

    def __init__(self, key: bytes) -> None:
        self.key = key

    def authenticated_userid(self, request: Any) -> Any:
        scheme, _, token = request.environ.get(
            "HTTP_AUTHORIZATION", ""
        ).partition(" ")
        if scheme.lower() != "bearer":
            return None
        try:
            claims = self.decode(token)
        except jwt.InvalidTokenError:
            return None
        return claims["sub"]

    def decode(self, token: str) -> dict[str, Any]:
        return jwt.decode(
            token,
            self.key,
            algorithms=["HS256"],
            issuer=ISSUER,
            audience=AUDIENCE,
            options={"require": REQUIRED},
        )


class Cached(HandWritten):
    """Remember what was decoded. The end of a token is still looked at in
    each request.
    """

    def __init__(self, key: bytes) -> None:
        super().__init__(key)
        self.remembered = lru_cache(maxsize=10_000)(super().decode)

    def decode(self, token: str) -> dict[str, Any]:
        claims = self.remembered(token)
        if claims["exp"] <= time.time():
            raise jwt.ExpiredSignatureError
        return claims


def accepted() -> Job:
    return _accepted(HandWritten(secrets.token_bytes(64)))


def cached_seen() -> Job:
    return _accepted(Cached(secrets.token_bytes(64)))


def cached_never() -> Job:
    policy = Cached(secrets.token_bytes(64))

    def draw(count: int) -> list[Environ]:
        return [_show(_write(policy.key)) for _ in range(count)]

    return dataclasses.replace(_accepted(policy), draw=draw)


def forged() -> Job:
    job = accepted()
    assert job.bad is not None
    return Job(job.app, same(job.bad), NOBODY, job.good, job.bad)


def _accepted(policy: HandWritten) -> Job:
    app = make_app(lambda config: config.set_security_policy(policy))
    token = _write(policy.key)
    return showing(_show(token), _show(break_signature(token)), app)


def _write(key: bytes) -> str:
    now = int(time.time())
    payload = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "exp": now + LIFETIME,
        "nbf": now,
        "iat": now,
        "sub": USERID,
        "jti": secrets.token_urlsafe(16),
        **CLAIMS,
    }
    return jwt.encode(payload, key, "HS256")


def _show(token: str) -> Environ:
    return make_environ(AUTHORIZATION=f"Bearer {token}")
