"""The command line: ``psessiontoken``."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from pyramid.exceptions import ConfigurationError
from pyramid.httpexceptions import HTTPException
from pyramid.paster import bootstrap, get_appsettings
from pyramid.request import Request

from . import clock
from .config.settings import PREFIX, TABLE
from .errors import InvalidCredential, SessionTokenError
from .identity.ticket import Ticket
from .identity.userid import Userid, from_subject, subject_of
from .interfaces import (
    EXPIRED,
    NOT_YET,
    RENEW,
    IKeyRing,
    IPurgingRepository,
    ITokenRepository,
)
from .keys.file_ring import PROPAGATION, FileRing
from .keys.jwk import new_key, read_jwk_set, write_jwk_set
from .keys.lookup import HEADER_RING
from .keys.ring import describe
from .policy.security_policy import POLICY, SessionTokenPolicy
from .sessions.stored import SessionInfo, StoredSessions

#: Purging begins with what expired so many days ago, and goes on by days.
PURGE_DAYS = 7


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; give the exit status: 0, 1 for faults, 2 for misuse."""
    given = sys.argv[1:] if argv is None else argv
    arguments = _parser().parse_args(_bind(given))
    try:
        status: int = arguments.run(arguments)
    except (
        ConfigurationError,
        SessionTokenError,
        ValueError,
        LookupError,
        OSError,
        HTTPException,
    ) as error:
        print(_sentence(error), file=sys.stderr)
        return 1
    return status


def _bind(argv: Sequence[str]) -> list[str]:
    """Write ``--sid X`` as ``--sid=X``: what names a session may begin with a
    dash, which argparse takes for an option.
    """
    bound: list[str] = []
    for word in argv:
        if bound and bound[-1] in ("--sid", "--user"):
            bound[-1] += f"={word}"
        else:
            bound.append(word)
    return bound


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="psessiontoken", description="Keys, settings and session tokens."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    keygen = commands.add_parser("keygen", help="make a key")
    keygen.add_argument(
        "--add",
        metavar="FILE",
        help="put the new key in front of the JWK Set in FILE",
    )
    keygen.set_defaults(run=_keygen)

    check = commands.add_parser("check", help="show what the settings mean")
    _add_ini(check)
    check.set_defaults(run=_check)

    issue = commands.add_parser("issue", help="make a token")
    _add_ini(issue)
    issue.add_argument(
        "userid", metavar="USERID", help="a text, or int:42, or uuid:..."
    )
    issue.add_argument(
        "--claim",
        metavar="K=V",
        action="append",
        default=[],
        help="V is JSON, or else a text",
    )
    issue.set_defaults(run=_issue)

    explain = commands.add_parser("explain", help="tell what a token is")
    _add_ini(explain)
    explain.add_argument(
        "token", metavar="TOKEN", help="the token; - reads standard input"
    )
    explain.set_defaults(run=_explain)

    sessions = commands.add_parser("sessions", help="list stored sessions")
    _add_ini(sessions)
    sessions.add_argument(
        "userid",
        metavar="USERID",
        nargs="?",
        help="whose, everybody's by default; a text, int:42, or uuid:...",
    )
    sessions.set_defaults(run=_sessions)

    revoke = commands.add_parser("revoke", help="end sessions")
    _add_ini(revoke)
    which = revoke.add_mutually_exclusive_group(required=True)
    which.add_argument("--sid", metavar="SID", help="one session")
    which.add_argument("--user", metavar="USERID", help="all of a user")
    revoke.set_defaults(run=_revoke)

    purge = commands.add_parser("purge", help="forget what has expired")
    _add_ini(purge)
    purge.set_defaults(run=_purge)
    return parser


def _add_ini(command: argparse.ArgumentParser) -> None:
    command.add_argument("ini", metavar="INI", help="as for pserve")


def _keygen(arguments: argparse.Namespace) -> int:
    keys = [new_key()]
    if arguments.add is None:
        print(write_jwk_set(keys))
        return 0
    with open(arguments.add, encoding="utf-8") as file:
        text = file.read()
    read_jwk_set(text)
    # What else it says stays as it is.
    there = json.loads(text)
    there["keys"] = json.loads(write_jwk_set(keys))["keys"] + there["keys"]
    _replace(arguments.add, json.dumps(there, indent=2) + "\n")
    return 0


def _replace(path: str, text: str) -> None:
    """Write a file anew, all or nothing: who reads it meanwhile, or after a
    crash, finds the old keys or the new.
    """
    path = os.path.realpath(path)
    new = f"{path}.new"
    try:
        # Nobody else's to read, from the first byte on.
        with open(new, "w", encoding="utf-8", opener=_private) as file:
            file.write(text)
        _copy_owner(path, new)
        shutil.copymode(path, new)
        os.replace(new, path)
    except OSError:
        with suppress(OSError):
            os.remove(new)
        raise


def _copy_owner(path: str, new: str) -> None:
    """Let the same user read it: root makes keys that others serve with."""
    there = os.stat(path)
    # Windows has none.
    chown = getattr(os, "chown", lambda *_: None)
    chown(new, there.st_uid, there.st_gid)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _check(arguments: argparse.Namespace) -> int:
    given = get_appsettings(arguments.ini)
    with _application(arguments.ini) as request:
        policy = _policy(request)
        rules = policy.rules
        effective = {
            "cookie.name": policy.settings.cookie_full_name,
            "token.exchange": " ".join(rules.exchange),
            "challenge": " ".join(rules.challenge or ("all",)),
            "revocation": _on_or_off(rules.stored),
        }
        width = max(map(len, TABLE)) + len(PREFIX)
        for row in TABLE.values():
            key = PREFIX + row.key
            value = effective.get(row.key) or policy.settings.show(row.key)
            source = _source(row.key, given, request.registry.settings)
            print(f"{key:{width}}  {value}  ({source})")
        print()
        scheme = "https" if rules.require_tls else "http"
        url = request.route_url("sessiontoken.token", _scheme=scheme)
        print(f"Tokens: POST {url}")
        for name, what in (("", "Keys"), (HEADER_RING, "Token keys")):
            ring = request.registry.queryUtility(IKeyRing, name)
            if ring is not None:
                print(f"{what}: {describe(ring)}{_follows(ring)}")
        print(f"Revocable: {_promise(policy)}")
        for advice in policy.settings.advice():
            print(f"Warning: {advice}")
    return 0


def _on_or_off(kept: StoredSessions | None) -> str:
    return "on" if kept is not None and kept.revocations else "off"


def _follows(ring: Any) -> str:
    if not isinstance(ring, FileRing):
        return ""
    return (
        "; followed when the file changes, and a new first key signs"
        f" {PROPAGATION} s later"
    )


def _promise(policy: SessionTokenPolicy) -> str:
    """Tell what can be ended early, and how soon everybody knows."""
    kept, settings = policy.rules.stored, policy.settings
    if kept is None:
        return "nothing; a token ends at its own times."
    ttl = (
        settings.repository_cache_ttl if settings.repository_cache_size else 0
    )
    when = f"within {ttl} s" if ttl else "at its next request"
    what = (
        "every session"
        if kept.revocations is not None
        else "sessions by reference, no self-contained ones"
    )
    if settings.repository == "memory":
        return f"{what}; at once, in this one process, which alone knows it."
    return (
        f"{what}; at once in the process that ends it, {when} in every other."
    )


def _sessions(arguments: argparse.Namespace) -> int:
    with _application(arguments.ini) as request:
        if arguments.userid is None:
            kept = _policy(request).rules.stored
            if kept is None:
                raise SessionTokenError("sessiontoken.repository is not set")
            for userid, info in kept.of_everybody():
                print(f"{_line(info)}  {subject_of(userid)}")
            return 0
        userid = _userid(arguments.userid)
        for info in request.sessiontoken.sessions(userid):
            print(_line(info))
    return 0


def _line(info: SessionInfo) -> str:
    device = " ".join(filter(None, map(str, info.device.values())))
    return (
        f"{info.sid}  began {info.began:%Y-%m-%d %H:%M:%S},"
        f" ends {info.ends:%Y-%m-%d %H:%M:%S}, by"
        f" {info.authenticator}  {device}".rstrip()
    )


def _revoke(arguments: argparse.Namespace) -> int:
    with _application(arguments.ini) as request:
        if arguments.sid is not None:
            request.sessiontoken.revoke(arguments.sid)
        else:
            request.sessiontoken.revoke_all(_userid(arguments.user))
    return 0


def _purge(arguments: argparse.Namespace) -> int:
    """Forget what has expired; the repository does it in batches."""
    with _application(arguments.ini) as request:
        repository = request.registry.queryUtility(ITokenRepository)
        if repository is None:
            raise SessionTokenError("sessiontoken.repository is not set")
        now = clock.now(request.registry)
        if IPurgingRepository.providedBy(repository):
            total = 0
            for gone in repository.purge(clock.moment(now)):
                total += gone
                print(f"{total} forgotten", flush=True)
            print("done")
            return 0
        # From the oldest on, so that each step is short and says something.
        for days in range(PURGE_DAYS, -1, -1):
            date = clock.moment(now - days * 86400)
            gone = repository.remove_all_before(date)
            print(f"until {date:%Y-%m-%d %H:%M}: {_count(gone)}")
    return 0


def _count(gone: object) -> str:
    return f"{gone} forgotten" if isinstance(gone, int) else "done"


def _source(key: str, given: Any, effective: Any) -> str:
    key = PREFIX + key
    if key not in effective:
        return "default"
    if key not in given:
        return "application"
    value = str(given[key])
    named = [i for i in value.split() if i.startswith(("env:", "file:"))]
    return f"INI, {' '.join(named)}" if named else "INI"


def _issue(arguments: argparse.Namespace) -> int:
    claims = dict(map(_claim, arguments.claim))
    with _application(arguments.ini) as request:
        issued = request.sessiontoken.issue(_userid(arguments.userid), claims)
        print(issued.access_token)
    return 0


def _userid(text: str) -> Userid:
    kind, colon, rest = text.partition(":")
    if colon and kind in ("str", "int", "uuid"):
        return from_subject(rest, kind)
    return text


def _claim(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f"not K=V: {text!r}")
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value


def _explain(arguments: argparse.Namespace) -> int:
    given = arguments.token
    token = sys.stdin.read().strip() if given == "-" else given
    with _application(arguments.ini) as request:
        header = _policy(request).rules.header
        sessions = header.sessions
        try:
            ticket, _ = sessions.read(token)
        except InvalidCredential as refusal:
            print(f"Verdict: refused, {refusal.reason}")
            return 1
        now = clock.now(request.registry)
        verdict = sessions.verdict_of(ticket)
        print(f"Verdict: {_VERDICTS.get(verdict, 'accepted')}")
        for name, value in _facts(ticket, header.form.kid_of(token)):
            print(f"{name}: {value}")
        left = sessions.remaining(ticket)
        over = verdict in _OVER
        renews = None if over else left["renews_in"]
        ends = ticket.exp - now if over else left["expires_in"]
        print(f"Next renewal: {_when(now, renews)}")
        print(f"Token ends: {_when(now, ends)}")
        print(f"Session ends: {_when(now, ticket.session_end - now)}")
    return 1 if over else 0


_OVER = (EXPIRED, NOT_YET)

_VERDICTS = {
    RENEW: "accepted, and renewed when it is used",
    EXPIRED: "refused, it expired",
    NOT_YET: "refused, it is from the future",
}


def _facts(ticket: Ticket, kid: str | None) -> Iterator[tuple[str, Any]]:
    yield "Key", kid or "none: it is a reference to what the server keeps"
    yield "User", repr(ticket.userid)
    yield "Session", ticket.sid
    yield "Authenticated by", " ".join(ticket.amr)
    yield "Claims", json.dumps(ticket.claims)
    yield "Authenticated", _time(ticket.auth_time)
    yield "Issued", _time(ticket.iat)
    if ticket.thumbprint is not None:
        yield "Bound to the certificate", ticket.thumbprint


def _when(now: int, seconds: int | None) -> str:
    if seconds is None:
        return "never"
    when = f"in {seconds} s" if seconds >= 0 else f"{-seconds} s ago"
    return f"{_time(now + seconds)}, {when}"


def _time(seconds: int) -> str:
    return clock.moment(seconds).isoformat(" ")


def _sentence(error: Exception) -> str:
    # Pyramid wraps what an action raises, and adds the place in its own code.
    return str(getattr(error, "evalue", error))


@contextmanager
def _application(ini: str) -> Iterator[Any]:
    request = Request.blank("/", base_url="https://localhost")
    with bootstrap(ini, request=request) as env:
        try:
            _policy(env["request"])
            yield env["request"]
        finally:
            repository = env["registry"].queryUtility(ITokenRepository)
            close = getattr(repository, "close", None)
            if close is not None:
                close()


def _policy(request: Any) -> SessionTokenPolicy:
    policy: SessionTokenPolicy | None = request.registry.get(POLICY)
    if policy is None:
        raise ConfigurationError(
            "the application does not include pyramid_sessiontoken"
        )
    return policy
