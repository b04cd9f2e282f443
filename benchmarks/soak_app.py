"""What the servers of :mod:`soak` serve: ``soak_app:app`` for WSGI servers, or
``python soak_app.py ADDRESS`` behind waitress.

Two applications share one Redis. Each has keys of its own. Below ``/a`` header
tokens are self-contained and cookies are references; below ``/b`` it is the
other way round.
"""

from __future__ import annotations

import os
import sys
import time
from typing import Any

from job import Environ
from pyramid.config import Configurator
from pyramid.httpexceptions import HTTPUnauthorized
from pyramid.response import Response
from pyramid.security import remember
from servers import KEYS, REDIS

import pyramid_sessiontoken

#: So many tokens are remembered, instead of 10,000: memory is full after a
#: minute, too, and grows no more if nothing leaks.
FEW = 500

for _name, _module in sys.modules.items():
    _is_ours = _name.startswith(f"{pyramid_sessiontoken.__name__}.")
    if _is_ours and hasattr(_module, "REMEMBERED"):
        _module.REMEMBERED = FEW  # type: ignore[attr-defined]

FORMS = {
    "a": {"token.form": "self-contained", "cookie.form": "reference"},
    "b": {"token.form": "reference", "cookie.form": "self-contained"},
}

SETTINGS = {
    "authenticators": "session cookie basic",
    "basic.check": f"{__name__}:check_password",
    # A session is renewed after 30 seconds, and lives for five minutes.
    "expiry.sliding": "5m",
    "expiry.renew_after": "0.1",
    "repository": "redis",
    # The machine may be busy.
    "repository.timeout": "10s",
    # gevent serves all requests of a process at the same time.
    "repository.pool_size": "64",
    "repository.cache_ttl": "2s",
    "repository.cache_size": str(FEW),
}


def check_password(username: str, password: str, request: Any) -> Any:
    if username != password:
        return None
    return {"sub": username, "owner": username}


def who(request: Any) -> Any:
    """Say three times who asks: before and after other requests had a turn,
    and what the claims say.
    """
    before = request.authenticated_userid
    if before is None:
        raise HTTPUnauthorized
    time.sleep(0.001)
    claims = request.sessiontoken.claims
    after = request.authenticated_userid
    return Response(f"{before} {after} {claims['owner']}")


def login(request: Any) -> Any:
    userid = request.headers["X-User"]
    claims = {"owner": userid}
    return Response(headerlist=remember(request, userid, claims=claims))


def end(request: Any) -> Any:
    if request.authenticated_userid is None:
        raise HTTPUnauthorized
    request.sessiontoken.revoke(request.sessiontoken.ticket.sid)
    return Response("ended")


def _make(name: str, key: str) -> Any:
    settings = {
        **SETTINGS,
        **FORMS[name],
        "keys": key,
        "repository.url": os.environ[REDIS],
        "repository.prefix": f"{name}:",
    }
    with Configurator(
        settings={f"sessiontoken.{k}": v for k, v in settings.items()}
    ) as config:
        config.include("pyramid_sessiontoken")
        for view in (who, login, end):
            config.add_route(view.__name__, f"/{view.__name__}")
            config.add_view(view, route_name=view.__name__)
        return config.make_wsgi_app()


APPS = {
    name: _make(name, key)
    for name, key in zip(FORMS, os.environ[KEYS].split(), strict=True)
}


def app(environ: Environ, start: Any) -> Any:
    _, name, path = environ["PATH_INFO"].split("/", 2)
    environ["PATH_INFO"] = f"/{path}"
    # As behind a proxy that ends TLS.
    environ["wsgi.url_scheme"] = "https"
    return APPS[name](environ, start)


if __name__ == "__main__":
    import waitress

    waitress.serve(app, listen=sys.argv[1], threads=8)
