"""Pyramid's signed cookie session, with the user and the claims in it."""

from __future__ import annotations

import secrets
from typing import Any

from calls import cookies_of
from contenders.pyramid_app import Policy, make_app
from job import CLAIMS, USERID, Job, make_environ, showing, tamper
from pyramid.authentication import SessionAuthenticationHelper
from pyramid.response import Response
from pyramid.session import SignedCookieSessionFactory


class InSession(Policy):
    def __init__(self) -> None:
        self._helper = SessionAuthenticationHelper()

    def authenticated_userid(self, request: Any) -> Any:
        return self._helper.authenticated_userid(request)

    def remember(self, request: Any, userid: Any, **kw: Any) -> Any:
        return self._helper.remember(request, userid, **kw)


def no_reissue() -> Job:
    app = make_app(_configure)
    cookie = cookies_of(app, make_environ("/login"))
    # The signature is at the beginning.
    return showing(
        make_environ(COOKIE=cookie),
        make_environ(COOKIE=tamper(cookie, cookie.index("=") + 20)),
        app,
    )


def _configure(config: Any) -> None:
    factory = SignedCookieSessionFactory(
        secrets.token_urlsafe(64),
        secure=True,
        httponly=True,
        timeout=None,
        reissue_time=None,
    )
    policy = InSession()

    def login(request: Any) -> Any:
        policy.remember(request, USERID)
        request.session.update(CLAIMS)
        return Response("")

    config.set_session_factory(factory)
    config.set_security_policy(policy)
    config.add_route("login", "/login")
    config.add_view(login, route_name="login")
