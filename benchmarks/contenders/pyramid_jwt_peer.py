"""pyramid_jwt, in a header and in its cookie."""

from __future__ import annotations

import secrets
from typing import Any

from calls import call, cookies_of
from contenders.pyramid_app import make_app
from job import (
    AUDIENCE,
    CLAIMS,
    LIFETIME,
    USERID,
    Job,
    break_signature,
    make_environ,
    showing,
    tamper,
)
from pyramid.authorization import ACLAuthorizationPolicy
from pyramid.response import Response


def header() -> Job:
    app = _make_app("set_jwt_authentication_policy")
    token = call(app, make_environ("/issue")).decode()
    return showing(
        make_environ(AUTHORIZATION=f"JWT {token}"),
        make_environ(AUTHORIZATION=f"JWT {break_signature(token)}"),
        app,
    )


def cookie() -> Job:
    app = _make_app("set_jwt_cookie_authentication_policy", https_only=True)
    sent = cookies_of(app, make_environ("/login"))
    return showing(
        make_environ(COOKIE=sent),
        make_environ(COOKIE=tamper(sent, -20)),
        app,
    )


def _make_app(directive: str, **options: Any) -> Any:
    def configure(config: Any) -> None:
        config.include("pyramid_jwt")
        config.set_authorization_policy(ACLAuthorizationPolicy())
        getattr(config, directive)(
            private_key=secrets.token_urlsafe(64),
            algorithm="HS256",
            audience=AUDIENCE,
            expiration=LIFETIME,
            **options,
        )
        for name, view in (("issue", _issue), ("login", _login)):
            config.add_route(name, f"/{name}")
            config.add_view(view, route_name=name)

    return make_app(configure)


def _issue(request: Any) -> Any:
    return Response(request.create_jwt_token(USERID, **CLAIMS))


def _login(request: Any) -> Any:
    policy = request.authentication_policy
    headers = policy.remember(request, USERID, **CLAIMS)
    return Response(headerlist=headers)
