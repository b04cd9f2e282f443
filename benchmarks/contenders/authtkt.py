"""Pyramid's own ticket cookie. It carries no claims."""

from __future__ import annotations

import secrets
from typing import Any

from contenders.pyramid_app import Policy, make_app
from job import USERID, Job, make_environ, showing, tamper
from pyramid.authentication import AuthTktCookieHelper
from pyramid.request import Request


class AuthTkt(Policy):
    """As in Pyramid's quick tutorial."""

    def __init__(self) -> None:
        self.helper = AuthTktCookieHelper(
            secrets.token_urlsafe(64), hashalg="sha512", secure=True
        )

    def authenticated_userid(self, request: Any) -> Any:
        found = self.helper.identify(request)
        return None if found is None else found["userid"]


def no_reissue() -> Job:
    policy = AuthTkt()
    app = make_app(lambda config: config.set_security_policy(policy))
    headers = policy.helper.remember(Request(make_environ()), USERID)
    cookie = headers[0][1].partition(";")[0]
    # The digest is at the beginning.
    return showing(
        make_environ(COOKIE=cookie),
        make_environ(COOKIE=tamper(cookie, cookie.index("=") + 5)),
        app,
    )
