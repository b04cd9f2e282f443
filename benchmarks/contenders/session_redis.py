"""pyramid_session_redis, with the user and the claims in the session."""

from __future__ import annotations

import os
import secrets
from typing import Any

from calls import call, cookies_of
from contenders.pyramid_app import make_app
from contenders.signed_session import InSession
from job import CLAIMS, USERID, Job, make_environ, tamper
from pyramid.response import Response
from pyramid_session_redis import RedisSessionFactory
from servers import REDIS


def default() -> Job:
    return _job()


def no_timeout() -> Job:
    """Write nothing if nothing changed: sessions have no end."""
    return _job(timeout=None)


def _job(**options: Any) -> Job:
    app = _make_app(options)
    cookie, other = (cookies_of(app, make_environ("/login")) for _ in "ab")
    assert call(app, make_environ("/end", COOKIE=other)) == b"ended"
    good = make_environ(COOKIE=cookie)
    # The signature is at the beginning.
    bad = make_environ(COOKIE=tamper(cookie, cookie.index("=") + 20))
    ended = make_environ(COOKIE=other)
    return Job(app, lambda n: [good] * n, good=good, bad=bad, ended=ended)


def _make_app(options: dict[str, Any]) -> Any:
    policy = InSession()

    def login(request: Any) -> Any:
        policy.remember(request, USERID)
        request.session.update(CLAIMS)
        return Response("")

    def end(request: Any) -> Any:
        assert policy.authenticated_userid(request) == USERID
        request.session.invalidate()
        return Response("ended")

    def configure(config: Any) -> None:
        factory = RedisSessionFactory(
            secrets.token_urlsafe(64),
            cookie_secure=True,
            redis_url=os.environ[REDIS],
            **options,
        )
        config.set_session_factory(factory)
        config.set_security_policy(policy)
        for name, view in (("login", login), ("end", end)):
            config.add_route(name, f"/{name}")
            config.add_view(view, route_name=name)

    return make_app(configure)
