"""What a contender gives: an application, and requests to it."""

from __future__ import annotations

import importlib
import io
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Environ = dict[str, Any]

USERID = "alice1"

#: Three claims of the application, for each contender that has claims.
CLAIMS = {"tenant": "acme", "locale": "de-CH", "roles": ["editor", "auditor"]}

#: Where an environ tells our contenders for whom they issue a token, and with
#: which claims.
USERID_KEY = "benchmark.userid"
CLAIMS_KEY = "benchmark.claims"

ISSUER = "https://issuer.example"
AUDIENCE = "https://api.example"

#: Seconds that a credential lives: longer than any run.
LIFETIME = 36_000

#: The answer of the view to the user, and to an unknown user: some 12 bytes.
SIGNED_IN = b"hello alice1"
NOBODY = b"hello None"


@dataclass(frozen=True)
class Job:
    """A contender, ready to run.

    :ivar app: the WSGI application.
    :ivar draw: gives the environs of a number of requests. It is not timed, so
        tokens that are used once are made here.
    :ivar answer: the body of each response.
    :ivar good: a request with a good credential, ``None`` without credentials.
    :ivar bad: a request with a credential that was changed.
    :ivar ended: a request with the credential of an ended session, ``None``
        where sessions cannot be ended.
    :ivar bare: is called instead of a request, without WSGI.
    :ivar disturb: is called between two halves of many requests.
    """

    app: Any
    draw: Callable[[int], list[Environ]]
    answer: bytes = SIGNED_IN
    good: Environ | None = None
    bad: Environ | None = None
    ended: Environ | None = None
    bare: Callable[[], bytes] | None = None
    disturb: Callable[[], None] | None = None


def make_job(made_by: str) -> Job:
    """Make the job of a contender.

    :param made_by: as in :class:`catalogue.Contender`.
    """
    module, name, *numbers = made_by.split(":")
    imported = importlib.import_module(f"contenders.{module}")
    job: Job = getattr(imported, name)(*map(int, numbers))
    return job


def make_claims(number: int) -> dict[str, str]:
    """Make claims with short texts."""
    return {f"claim{one}": f"value {one}" for one in range(number)}


def same(environ: Environ) -> Callable[[int], list[Environ]]:
    """Give the same request each time."""
    return lambda count: [environ] * count


def showing(good: Environ, bad: Environ, app: Any) -> Job:
    """Make the job of a contender that gets the same request each time."""
    return Job(app, same(good), good=good, bad=bad)


def make_environ(
    path: str = "/hello", method: str = "GET", **headers: str
) -> Environ:
    """Make the environ that a server makes of a request.

    :param headers: named as in the environ, without ``HTTP_``.
    """
    return {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "CONTENT_LENGTH": "0",
        "REMOTE_ADDR": "192.0.2.1",
        "SERVER_NAME": "app.example",
        "SERVER_PORT": "443",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "app.example",
        "HTTP_USER_AGENT": "benchmark",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "https",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        **{f"HTTP_{name}": value for name, value in headers.items()},
    }


def tamper(text: str, at: int) -> str:
    """Change one character: the form stays valid, the content is wrong."""
    other = "A" if text[at] != "A" else "B"
    return text[:at] + other + text[at:][1:]


def break_signature(token: str) -> str:
    """Change the signature of a JWT, not at its end: some decoders ignore bits
    of the last character.
    """
    return tamper(token, -20)
