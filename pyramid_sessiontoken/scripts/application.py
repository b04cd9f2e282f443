"""The application of an INI, which most commands need."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pyramid.exceptions import ConfigurationError
from pyramid.paster import bootstrap
from pyramid.request import Request

from ..errors import SessionTokenError
from ..identity.userid import Userid, check_userid, from_subject
from ..interfaces import ITokenRepository
from ..policy.rules import Rules
from ..policy.security_policy import POLICY, SessionTokenPolicy
from ..sessions.stored import StoredSessions

#: How a userid is written on the command line.
USERID = "a text, or int:42, or uuid:..."

#: How the user of stored sessions is written.
USER = "42 is the userid 42 of any type; str:42, int:42 or uuid:... is one"


def add_ini(command: argparse.ArgumentParser) -> None:
    command.add_argument("ini", metavar="INI", help="as for pserve")
    command.add_argument(
        "--set",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        type=_read_variable,
        help="a variable of the INI, as for pserve; may come several times",
    )


def _read_variable(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value


@contextmanager
def application(arguments: argparse.Namespace) -> Iterator[Any]:
    """Start the application of an INI, and give a request to it."""
    request = Request.blank("/", base_url="https://localhost")
    variables = dict(arguments.set)
    with bootstrap(arguments.ini, request=request, options=variables) as env:
        try:
            stored = rules_of(env["request"]).stored
            if stored is not None and stored.revocations is not None:
                # The process that serves began earlier than this one.
                stored.revocations.refuses_forgotten = False
            yield env["request"]
        finally:
            repository = env["registry"].queryUtility(ITokenRepository)
            close = getattr(repository, "close", None)
            if close is not None:
                close()


def rules_of(request: Any) -> Rules:
    """Give what the application's settings say.

    :raises ConfigurationError: where it does not include the library.
    """
    policy: SessionTokenPolicy | None = request.registry.get(POLICY)
    if policy is None:
        raise ConfigurationError(
            "the application does not include pyramid_sessiontoken"
        )
    return policy.rules


def stored_of(request: Any) -> StoredSessions:
    """Give the sessions that the application keeps.

    :raises SessionTokenError: where it keeps none.
    """
    stored = rules_of(request).stored
    if stored is None:
        raise no_repository()
    return stored


def no_repository() -> SessionTokenError:
    return SessionTokenError("sessiontoken.repository is not set")


def read_users(stored: StoredSessions, text: str) -> list[Userid]:
    """Read whose sessions are meant, as :data:`USER` says.

    :raises ValueError: for a text that is no userid.
    """
    user = read_userid(text)
    return [user] if user != text else stored.meant_by(str(check_userid(text)))


def read_userid(text: str) -> Userid:
    """Read a userid.

    :raises ValueError: for a text after ``int:`` or ``uuid:`` that is not one.
    """
    kind, colon, rest = text.partition(":")
    if colon and kind in ("str", "int", "uuid"):
        return from_subject(rest, kind)
    return text
