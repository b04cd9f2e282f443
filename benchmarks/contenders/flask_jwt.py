"""flask-jwt-extended."""

from __future__ import annotations

import secrets
from datetime import timedelta

from flask import Flask
from flask_jwt_extended import (
    JWTManager,
    create_access_token,
    get_jwt_identity,
    jwt_required,
)
from job import (
    AUDIENCE,
    CLAIMS,
    ISSUER,
    LIFETIME,
    USERID,
    Job,
    break_signature,
    make_environ,
    showing,
)


def required() -> Job:
    app = _make_app()
    with app.app_context():
        token = create_access_token(USERID, additional_claims=CLAIMS)
    return showing(
        make_environ(AUTHORIZATION=f"Bearer {token}"),
        make_environ(AUTHORIZATION=f"Bearer {break_signature(token)}"),
        app,
    )


def _make_app() -> Flask:
    app = Flask("benchmark")
    app.config.update(
        JWT_SECRET_KEY=secrets.token_urlsafe(64),
        JWT_ALGORITHM="HS256",
        JWT_ENCODE_ISSUER=ISSUER,
        JWT_DECODE_ISSUER=ISSUER,
        JWT_ENCODE_AUDIENCE=AUDIENCE,
        JWT_DECODE_AUDIENCE=AUDIENCE,
        JWT_ACCESS_TOKEN_EXPIRES=timedelta(seconds=LIFETIME),
    )
    JWTManager(app)

    @app.get("/hello")
    @jwt_required()
    def hello() -> str:
        return f"hello {get_jwt_identity()}"

    return app
