"""A handwritten policy: ``jwt.decode``, and little else."""

from __future__ import annotations

import secrets
import time
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
            claims = jwt.decode(
                token,
                self.key,
                algorithms=["HS256"],
                issuer=ISSUER,
                audience=AUDIENCE,
                options={"require": REQUIRED},
            )
        except jwt.InvalidTokenError:
            return None
        return claims["sub"]


def accepted() -> Job:
    key = secrets.token_bytes(64)
    policy = HandWritten(key)
    app = make_app(lambda config: config.set_security_policy(policy))
    token = _write(key)
    return showing(_show(token), _show(break_signature(token)), app)


def forged() -> Job:
    job = accepted()
    assert job.bad is not None
    return Job(job.app, same(job.bad), NOBODY, job.good, job.bad)


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


def _show(token: str) -> Any:
    return make_environ(AUTHORIZATION=f"Bearer {token}")
