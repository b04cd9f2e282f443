"""The application of an INI, which most commands need."""

from __future__ import annotations

import argparse
import logging
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from typing import Any

from pyramid.exceptions import ConfigurationError
from pyramid.paster import bootstrap, get_appsettings, setup_logging
from pyramid.request import Request
from pyramid.scripts.common import get_config_loader

from ..config.settings import SETTINGS
from ..errors import SessionTokenError
from ..identity.userid import Userid, check_userid, from_subject
from ..interfaces import ITokenRepository
from ..keys.text_file import read_text_file
from ..policy.observers import COMMAND
from ..policy.rules import Rules
from ..policy.security_policy import POLICY, SessionTokenPolicy
from ..sessions.stored import StoredSessions

log = logging.getLogger("pyramid_sessiontoken")

#: How a userid is written on the command line.
USERID = "a text, or int:42, or uuid:..."

#: How the user of stored sessions is written.
USER = "42 is the userid 42 of any type; str:42, int:42 or uuid:... is one"


def add_ini(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "ini",
        metavar="INI",
        help="the file that pserve takes; FILE#NAME for [app:NAME]",
    )
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


def section_of(
    arguments: argparse.Namespace, name: str | None = None
) -> Mapping[str, Any]:
    """Read a section of an INI; that of the application by default.

    :raises ValueError: where it is no INI.
    """
    loader, variables = _loader_of(arguments), dict(arguments.set)
    section: Mapping[str, Any]
    if name is not None:
        section = loader.get_settings(name, variables)
        return section
    with _naming(arguments):
        section = get_appsettings(arguments.ini, options=variables)
    return section


@contextmanager
def _naming(arguments: argparse.Namespace) -> Iterator[None]:
    """Tell where something that the INI names is not there.

    :raises ValueError: instead of what the loader raises.
    """
    try:
        yield
    except AttributeError as error:
        *_, (frame, _) = traceback.walk_tb(error.__traceback__)
        if not str(frame.f_globals["__name__"]).startswith("paste"):
            # Code of the application raised it.
            raise
        raise ValueError(f"{arguments.ini}: {error}") from None


def _loader_of(arguments: argparse.Namespace) -> Any:
    """Read an INI.

    :raises ValueError: where it is none.
    """
    path = arguments.ini.partition("#")[0]
    try:
        loader = get_config_loader(arguments.ini)
    except (LookupError, ValueError):
        raise ValueError(f"{path}: an INI is wanted, as for pserve") from None
    try:
        loader.get_sections()
    except UnicodeDecodeError:
        try:
            read_text_file(path)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None
    return loader


@contextmanager
def application(arguments: argparse.Namespace) -> Iterator[Any]:
    """Start the application of an INI, and give a request to it."""
    with _start(arguments) as env:
        try:
            stored = rules_of(env["request"]).stored
            if env["registry"][SETTINGS].audit.on:
                # What a command ends stands in the audit log, as what the
                # server ends does. Only the answer of the command stands on
                # its standard output.
                with redirect_stdout(sys.stderr):
                    setup_logging(arguments.ini, dict(arguments.set))
            if stored is not None and stored.revocations is not None:
                # The process that serves began earlier than this one.
                stored.revocations.refuses_forgotten = False
            yield env["request"]
        finally:
            repository = env["registry"].queryUtility(ITokenRepository)
            close = getattr(repository, "close", None)
            if close is not None:
                close()


def _start(arguments: argparse.Namespace) -> Any:
    """Start the application, without its warnings: ``check`` tells them."""
    _loader_of(arguments)
    request = Request.blank(
        "/", environ={COMMAND: True}, base_url="https://localhost"
    )
    quiet = logging.NullHandler()
    log.addHandler(quiet)
    try:
        with _naming(arguments):
            return bootstrap(
                arguments.ini, request=request, options=dict(arguments.set)
            )
    finally:
        log.removeHandler(quiet)


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


def read_users(
    stored: StoredSessions, text: str, *, access_tokens: bool = False
) -> list[Userid]:
    """Read whose sessions are meant, as :data:`USER` says.

    :param access_tokens: as for ``StoredSessions.meant_by``.
    :raises ValueError: for a text that is no userid.
    """
    user = read_userid(text)
    if user != text:
        return [user]
    checked = str(check_userid(text))
    return stored.meant_by(checked, access_tokens=access_tokens)


def read_userid(text: str) -> Userid:
    """Read a userid.

    :raises ValueError: for a text after ``int:`` or ``uuid:`` that is not one.
    """
    kind, colon, rest = text.partition(":")
    if not colon or kind not in ("str", "int", "uuid"):
        return text
    try:
        return from_subject(rest, kind)
    except ValueError:
        raise ValueError(f"{text!r} is no userid: write {USERID}") from None
