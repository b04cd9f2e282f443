"""Whole requests to an application that takes every kind of credential.

No answer is 500, and only a genuine credential signs in.
"""

from __future__ import annotations

import base64
from functools import cache

from pyramid.config import Configurator
from pyramid.request import Request
from support import KEY, START, Root, includeme
from support.issuer import AUDIENCE, ISSUER, b64, compact, header, payload
from support.tokens import forge

from pyramid_sessiontoken.interfaces import IClock
from pyramid_sessiontoken.testing import ManualClock

PATHS = (
    ("GET", "/identity"),
    ("GET", "/admin"),
    ("GET", "/token"),
    ("POST", "/token"),
    ("POST", "/token/renew"),
    ("POST", "/token/revoke"),
    ("POST", "/token/introspect"),
    ("DELETE", "/token"),
    ("OPTIONS", "/token"),
    ("POST", "/signed-out"),
)

#: The parts of an input, in their order, one a line. The body is the rest.
VARIABLES = (
    "HTTP_AUTHORIZATION",
    "HTTP_COOKIE",
    "CONTENT_TYPE",
    "HTTP_X_API_KEY",
    "HTTP_X_CERT",
    "HTTP_ORIGIN",
    "HTTP_SEC_FETCH_SITE",
    "HTTP_ACCEPT",
)

USERS = (None, "alice")


def _check_password(username, password, request):
    if (username, password) == ("alice", "right password"):
        return {"sub": "alice"}
    return None


def _check_key(key, request):
    return {"sub": "alice"} if key == "right key" else None


SETTINGS = {
    "keys": KEY,
    "authenticators": "session cookie basic bearer api_key access_token"
    " client_certificate",
    "basic.check": _check_password,
    "api_key.check": _check_key,
    "bearer.issuer": ISSUER,
    "bearer.audience": AUDIENCE,
    "bearer.algorithms": "HS256",
    "bearer.key": b64(bytes(range(3, 67))),
    "bearer.logout_path": "/signed-out",
    "client_certificate.source": "header:X-Cert",
    "client_certificate.subject": "CN=alice",
    "client_certificate.trusted_proxies": "10.0.0.1",
    "repository": "memory",
}


@cache
def _app():
    config = Configurator(
        settings={f"sessiontoken.{k}": v for k, v in SETTINGS.items()},
        root_factory=Root,
    )
    config.registry.registerUtility(ManualClock(START), IClock)
    config.include("pyramid_sessiontoken")
    config.include(includeme)
    return config.make_wsgi_app()


def seeds():
    basic = b"Basic " + base64.b64encode(b"alice:right password")
    wrong = b"Basic " + base64.b64encode(b"alice:wrong")
    session = b"Session " + forge().encode()
    foreign = b".".join(
        (
            b64(compact(header("HS256"))).encode(),
            b64(compact(payload())).encode(),
        )
    )
    form = b"application/x-www-form-urlencoded"
    for path in range(len(PATHS)):
        for line in (
            [basic],
            [wrong],
            [session],
            [b"Bearer " + foreign + b".x"],
            [b"", b"__Host-sessiontoken=0.AAAA; a=b"],
            [b"", b"", b"", b"right key"],
            [basic, b"", form, b"", b"", b"https://a.example", b"cross-site"],
            [basic, b"", form, *[b""] * 5, b"grant_type=x&token=y&token=z"],
            [b"", b"", b"multipart/form-data; boundary=", *[b""] * 5, b"x"],
            [
                b"",
                b"",
                b"application/json",
                *[b""] * 5,
                b'{"token":"\\ud800"}',
            ],
            [b"", b"", form, *[b""] * 5, b"logout_token=a.b.c"],
            [b"", b"\xff\xfe=\x01", b"text/\xff", b"\xff", b":AAAA:"],
        ):
            yield bytes([path]) + b"\n".join(line)


def target(data: bytes) -> None:
    method, path = PATHS[(data[0] if data else 0) % len(PATHS)]
    lines = data[1:].split(b"\n", len(VARIABLES))
    environ = {
        name: line.decode("latin-1")
        for name, line in zip(VARIABLES, lines, strict=False)
        if line
    }
    body = lines[-1] if len(lines) > len(VARIABLES) else b""
    request = Request.blank(
        path,
        environ,
        base_url="https://localhost",
        method=method,
        body=body,
    )
    if "CONTENT_TYPE" not in environ:
        request.environ.pop("CONTENT_TYPE", None)
    response = request.get_response(_app())
    assert response.status_int < 500, response.status
    if path == "/identity":
        assert response.json["userid"] in USERS
        if response.json["userid"]:
            assert data.find(b"right") > 0 or b"YWxpY2U6" in data
    for name, value in response.headerlist:
        assert "\n" not in name + value
