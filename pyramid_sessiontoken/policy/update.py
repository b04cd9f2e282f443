"""Change the claims of the session of a request, at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ..authenticators.state import Status
from ..errors import CODES, ClaimsError, SessionTokenError
from ..events import STAMP, SessionRenewed
from ..identity.claims import Claims, freeze_claims
from ..identity.identity import Identity, identity_of
from ..identity.ticket import Ticket
from ..interfaces import VALID
from ..sessions.amr import AMR
from ..sessions.issued import IssuedToken
from ..sessions.references import NO_SESSION
from ..sessions.shown import ShownToken
from .answers import repository_or_503
from .begun import forget_cookie
from .carriers import Carrier
from .judge import notify_refusals
from .observers import is_heard, notify
from .private_headers import PrivateHeaders
from .response import NO_STORE
from .stamp import Stamp, restamped
from .state import PolicyState
from .transformer import transform

_AUTHENTICATORS = {method: name for name, method in AMR.items()}


class _Session(NamedTuple):
    """The session of a request.

    :ivar name: of the authenticator that accepts its token.
    :ivar reference: as in ``forms.Decoded``.
    """

    name: str
    carrier: Carrier
    ticket: Ticket
    reference: str | None


def update(
    request: Any,
    state: PolicyState,
    identity: Identity | None,
    claims: Mapping[str, Any],
) -> None:
    """Put claims over those of the session of a request.

    :param identity: the user of the request.
    :raises SessionTokenError: where the request has no session, or no way to
        hand the new token over.
    :raises ClaimsError: for claims that cannot be carried.
    :raises InvalidCredential: where the claims transformer refuses.
    :raises HTTPServiceUnavailable: where the repository cannot be asked.
    """
    if not isinstance(claims, Mapping):
        raise ClaimsError(
            f"claims must be a mapping, not {type(claims).__name__}"
        )
    session = _session_of(request, state, identity)
    name, carrier, ticket, reference = session
    if state.rules.stamp is not None and identity is not None:
        ticket = _restamped(request, state, identity, session)
    authenticator = authenticator_of(ticket)

    def change(current: Claims) -> Claims:
        merged = {**current, **claims}
        kept = {n: value for n, value in merged.items() if value is not None}
        user = Identity(ticket.userid, kept, authenticator)
        return freeze_claims(transform(request, user).claims)

    with repository_or_503(request):
        issued = carrier.sessions.update(ticket, reference, change)
    headers = _hand_over(request, state, session, issued)
    stored = state.rules.stored
    if stored is not None:
        with repository_or_503(request):
            stored.update_others(ticket, reference, change)
    changed = identity_of(issued.ticket, name)
    text = issued.access_token
    state.tokens += (
        ShownToken(changed, issued.ticket, reference, text, VALID),
    )
    state.update(changed, headers)
    if is_heard(request.registry):
        event = SessionRenewed(request, changed, issued.ticket)
        notify(request.registry, event)


def authenticator_of(ticket: Ticket) -> str:
    """Name the authenticator that vouched for the user of a session."""
    by: str | None = ticket.began.get("by")
    if by is None:
        by = " ".join(_AUTHENTICATORS.get(each, each) for each in ticket.amr)
    return by


def _session_of(
    request: Any, state: PolicyState, identity: Identity | None
) -> _Session:
    """Give the session of a request.

    :raises SessionTokenError: where it has none, or no response of it can
        carry a new token.
    """
    ticket = None if identity is None else identity.ticket
    is_over = state.status is Status.DELETE  # After forget().
    if identity is None or ticket is None or is_over:
        raise SessionTokenError(
            "the request has no session that can change: another credential"
            " vouches, or none, or forget() was called"
        )
    shown = state.token_of(identity)
    if shown is None:
        shown = _begun(request, state, identity, ticket)
    carrier = state.rules.carriers[shown.authenticator]
    reference = shown.reference
    if not carrier.renews(reference):
        raise SessionTokenError(
            "no response carries a new token, since"
            " sessiontoken.token.renewal_header is off: use"
            " sessiontoken.token.form = reference"
        )
    if state.is_settled and reference is None:
        raise SessionTokenError(
            "the response is made already, and can carry no new token"
        )
    return _Session(shown.authenticator, carrier, ticket, reference)


def _restamped(
    request: Any, state: PolicyState, identity: Identity, session: _Session
) -> Ticket:
    """Ask for the user's stamp; give the ticket with its digest.

    :raises SessionTokenError: where the session has another one, and so ended.
    """
    name, _, ticket, reference = session
    stamp: Stamp = state.rules.stamp
    holds = stamp.holds(request, state, identity, reference)
    if not holds:
        refusal = state.refuse(
            name,
            CODES[STAMP],
            code=STAMP,
            about=identity,
            environ=request.environ,
        )
        state.answers[name] = refusal
        state.judged.clear()
    if state.untold and not state.is_judging:
        notify_refusals(request, state)
    if not holds:
        raise SessionTokenError(NO_SESSION)
    return restamped(state, ticket)


def _begun(
    request: Any, state: PolicyState, identity: Identity, ticket: Ticket
) -> ShownToken:
    """Give the token of a session that ``remember`` began in this request.

    :raises SessionTokenError: where it ended meanwhile.
    """
    for begun in state.begun:
        if begun.issued.ticket is ticket:
            text = begun.issued.access_token
            with repository_or_503(request):
                reference = begun.sessions.read(text)[1]
            return ShownToken(identity, ticket, reference, text, VALID)
    raise SessionTokenError("the response is made already")


def _hand_over(
    request: Any, state: PolicyState, session: _Session, issued: IssuedToken
) -> PrivateHeaders:
    """Give the headers that carry the new token.

    :raises ClaimsError: where they take no such token.
    """
    headers = PrivateHeaders({"Cache-Control": NO_STORE})
    _, carrier, _, reference = session
    if state.decided and reference is not None:
        return headers  # Those of remember() carry the same reference.
    if not carrier.takes(request, issued, reference):
        raise ClaimsError(
            "a response header cannot carry a token with these claims: use"
            " sessiontoken.token.form = reference"
        )
    cookie = state.rules.cookie
    if state.decided and cookie is not None:
        # They replace the headers of remember().
        headers.added = cookie.sign_in_headers(request, issued)
        headers.dropped = cookie.jar.owns
        forget_cookie(state)
    else:
        carrier.put(request, headers, issued, reference)
    return headers
