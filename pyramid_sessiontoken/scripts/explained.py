"""What is told of a credential: whether it is accepted, and what it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pyramid.request import Request

from .. import clock
from ..authenticators.names import SESSION
from ..config.bearer import BearerSettings
from ..config.kinds import REFERENCE
from ..config.settings import SETTINGS, Settings
from ..errors import InvalidCredential
from ..identity.identity import Identity, ticket_of
from ..interfaces import IAuthenticator
from ..policy.carriers import ASIDE
from .application import rules_of
from .origin import made_for, told_by_jwt
from .pasted import AUTHORIZATION, COOKIE, Pasted
from .ticket import facts_of_access_token, facts_of_ticket, judge

# The value of a first chunk, see cookies/jar.py.
_CHUNK = re.compile(r"[0-9]{1,2}\.[A-Za-z0-9_-]+")


class Answer(NamedTuple):
    """What is told of one credential."""

    is_accepted: bool
    lines: tuple[str, ...]


def explain(request: Any, pasted: Pasted) -> Iterator[Answer]:
    """Tell what each credential is in something that was pasted."""
    settings = request.registry[SETTINGS]
    header, text = pasted
    if header == COOKIE:
        yield from _explain_cookies(request, settings, text)
    elif header == AUTHORIZATION:
        yield _explain_authorization(request, settings, text)
    elif header in _headers_of_tokens(settings):
        yield _explain_token(request, settings, text)
    elif header:
        yield _refused(f"the header {header!r} carries no session here")
    elif _CHUNK.fullmatch(text):
        yield from _explain_cookies(
            request, settings, f"{settings.cookie.full_name}={text}"
        )
    else:
        yield _explain_bare(request, settings, text)


def _headers_of_tokens(settings: Settings) -> tuple[str, ...]:
    token = settings.token
    names = (token.header, token.renewal_header)
    return tuple(name.lower() for name in names if name is not None)


def _explain_authorization(
    request: Any, settings: Settings, text: str
) -> Answer:
    scheme, blank, credential = text.partition(" ")
    if not blank:
        # It may be the credential itself, which is not to be printed.
        return _refused("a scheme and a credential are needed")
    credential = credential.strip()
    is_ours = rules_of(request).header.form.is_ours(credential)
    token = settings.token
    if scheme.lower() == "basic":
        return _refused("it is a user name and a password, and not looked at")
    if token.header.lower() != AUTHORIZATION and is_ours:
        return _refused(f"header tokens come in {token.header!r} here")
    if scheme.lower() == token.scheme.lower() and (
        is_ours or scheme.lower() != "bearer"
    ):
        return _explain_token(request, settings, credential)
    if scheme.lower() == "bearer" and not is_ours:
        return _explain_bearer(request, settings, credential)
    if is_ours:
        return _refused(f"the scheme is {token.scheme!r} here, not {scheme!r}")
    return _refused(f"no credential here has the scheme {scheme!r}")


def _explain_bare(request: Any, settings: Settings, text: str) -> Answer:
    if not text:
        return _refused("nothing was given")
    rules = rules_of(request)
    tokens = None if rules.stored is None else rules.stored.access_tokens
    if tokens is not None and tokens.may_be(text):
        return _explain_bearer(request, settings, text)
    if not rules.header.form.is_ours(text) and told_by_jwt(text):
        return _explain_bearer(request, settings, text)
    return _explain_token(request, settings, text)


def _explain_token(request: Any, settings: Settings, text: str) -> Answer:
    """Explain a header token, self-contained or a reference."""
    rules = rules_of(request)
    if SESSION not in rules.names:
        return _refused("sessiontoken.authenticators does not name 'session'")
    carrier = rules.header
    what = {"Carrier": f"header {settings.token.header}"}
    try:
        identity, reference = carrier.sessions.read(text)
    except InvalidCredential as refusal:
        known = _known(request, carrier.sessions, refusal) or _maker(text)
        return _refused(refusal.reason, {**what, **known})
    what["Form"] = _form(reference)
    kid = carrier.form.kid_of(text)
    return _explain_ticket(request, carrier.sessions, identity, kid, what)


def _explain_cookies(
    request: Any, settings: Settings, line: str
) -> Iterator[Answer]:
    """Explain the cookies of a line that may be ours."""
    own = settings.cookie.full_name
    carrier = rules_of(request).cookie
    if carrier is None:
        yield _refused("sessiontoken.authenticators does not name 'cookie'")
        return
    shown = carrier.jar.read({"HTTP_COOKIE": line})
    values = shown.values if shown else ()
    for value in values:
        yield _explain_cookie(request, settings, own, value)
    if shown and not values:
        yield _refused(
            f"one of the chunks of the cookie {own!r} is missing: paste the"
            " whole line"
        )
    others = dict(_others(line, shown.names if shown else ()))
    ours = {
        name: text
        for name, text in others.items()
        if made_for(request.registry, settings, name, text)
    }
    for name, text in ours.items():
        yield _explain_cookie(request, settings, name, text)
    if not shown and not ours:
        names = ", ".join(map(repr, others)) or "no name and no value"
        yield _refused(
            f"the cookie is {own!r} here, and this line has {names}"
        )


def _others(line: str, own: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Give the names of other cookies, and the text of a first chunk."""
    for pair in line.split(";"):
        name, equals, value = pair.strip().partition("=")
        # Without a name, it is the value, which is not to be printed.
        if equals and name not in own:
            is_chunk = _CHUNK.fullmatch(value)
            yield name, value.partition(".")[2] if is_chunk else ""


def _explain_cookie(
    request: Any, settings: Settings, name: str, text: str
) -> Answer:
    sessions = rules_of(request).cookie.sessions  # type: ignore[union-attr]
    made = made_for(request.registry, settings, name, text)
    what = {"Carrier": f"cookie {name}"}
    if made is not None:
        what["Key"] = made.kid
    own = settings.cookie.full_name
    if name == own + ASIDE:
        what["Carrier"] += ", put aside while the user acts for another"
        return _refused("it comes back when the acting ends", what)
    reasons = [] if made is None else made.differences(settings)
    if not reasons and name != own:
        reasons = [f"it is the cookie {own!r} under another name"]
    if reasons:
        return _refused("; ".join(reasons), what)
    try:
        identity, reference = sessions.read(text)
    except InvalidCredential as refusal:
        known = _known(request, sessions, refusal)
        return _refused(refusal.reason, {**what, **known})
    what["Form"] = _form(reference)
    kid = None if made is None else made.kid
    return _explain_ticket(request, sessions, identity, kid, what)


def _explain_ticket(
    request: Any,
    sessions: Any,
    identity: Identity,
    kid: str | None,
    what: Mapping[str, str],
) -> Answer:
    ticket: Any = identity.ticket
    verdict, is_accepted = judge(request, sessions, ticket)
    key = kid or (
        "none: it is a reference to what the server keeps"
        if what["Form"] == REFERENCE
        else "that of a cookie transform of the application"
    )
    lines = {"Key": key, **facts_of_ticket(request, sessions, ticket)}
    return _answer(is_accepted, verdict, {**what, **lines})


def _explain_bearer(request: Any, settings: Settings, text: str) -> Answer:
    """Explain an access token, or a token of another issuer."""
    rules = rules_of(request)
    tokens = None if rules.stored is None else rules.stored.access_tokens
    if tokens is not None and tokens.may_be(text):
        what = {"Carrier": "header Authorization, an access token"}
        try:
            token = tokens.redeem(text)
        except InvalidCredential as refusal:
            return _refused(refusal.reason, what)
        facts = facts_of_access_token(clock.now(request.registry), token)
        return _answer(True, "accepted", {**what, **facts})
    what = {"Carrier": "header Authorization", **_maker(text)}
    names = [
        name
        for name, rows in settings.listed.items()
        if isinstance(rows, BearerSettings)
    ]
    reason = "no authenticator here takes a token of this kind"
    for name in names:
        asked = Request.blank(
            "/",
            base_url="https://localhost",
            headers={"Authorization": f"Bearer {text}"},
        )
        asked.registry = request.registry
        authenticator = request.registry.getUtility(IAuthenticator, name)
        try:
            identity = authenticator.authenticate(asked)
        except InvalidCredential as refusal:
            reason = refusal.reason
            continue
        if identity is not None:
            found = {"Authenticator": name, "User": repr(identity.userid)}
            return _answer(True, "accepted", {**what, **found})
    return _refused(reason, what)


def _known(
    request: Any, sessions: Any, refusal: InvalidCredential
) -> dict[str, str]:
    """Tell what a genuine token says that is refused nevertheless."""
    ticket = ticket_of(refusal.ticket or refusal.about)
    if ticket is None:
        return {}
    facts = facts_of_ticket(request, sessions, ticket)
    return {**facts, "Next renewal": "never"}


def _maker(text: str) -> dict[str, str]:
    """Tell what a JWT says of its maker, which was not verified."""
    words = {"kid": "Key", "iss": "Issuer", "aud": "Audience"}
    return {
        words[name]: f"{value!r}, as it says itself"
        for name, value in told_by_jwt(text).items()
    }


def _form(reference: str | None) -> str:
    return "self-contained" if reference is None else REFERENCE


def _refused(reason: str, what: Mapping[str, str] | None = None) -> Answer:
    return _answer(False, f"refused, {reason}", what or {})


def _answer(
    is_accepted: bool,
    verdict: str,
    facts: Mapping[str, str],
) -> Answer:
    lines = (f"{name}: {value}" for name, value in facts.items())
    return Answer(is_accepted, (f"Verdict: {verdict}", *lines))
