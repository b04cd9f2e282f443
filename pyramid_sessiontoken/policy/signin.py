"""Sign-in."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from ..authenticators.names import COOKIE
from ..authenticators.state import find_state
from ..cookies.jar import Headers
from ..errors import ClaimsError, SessionLimitReached, SessionTokenError
from ..events import REPLACED, SessionIssued, SessionRenewed
from ..identity.claims import NO_CLAIMS
from ..identity.identity import Identity
from ..interfaces import RENEW, IAuthenticator
from ..sessions.issued import IssuedToken
from ..sessions.lifecycle import Acting, Sessions
from ..sessions.shown import ShownToken
from .answers import repository_or_503, require_tls
from .authentication import (
    BY_AUTHENTICATOR,
    How,
    methods_by,
    told_by,
    vouching,
)
from .begun import watch
from .carriers import CookieCarrier
from .ending import (
    end,
    events_of,
    who_acts,
)
from .judge import notify_refusals
from .limit import evicted, keep_to_limit, tell_limit
from .observers import is_heard, notify, request_told
from .own_session import (
    behind,
    end_unseen,
    endings_aside,
    tickets_acting,
)
from .rules import Rules
from .signout import acting_in_header, endings_of_cookie
from .sizes import warn_of_large_claims
from .stamp import restamped
from .state import Begun, PolicyState
from .transformer import transform

#: Stands for an authenticator if the application itself signs a user in.
APPLICATION = "application"

#: So many characters of a user agent are kept.
MAX_DEVICE = 300


class Act(NamedTuple):
    """One user acts for another in a session that begins.

    :ivar own: the session of who acts.
    """

    own: ShownToken
    acting: Acting
    reason: str


def identity_for(
    request: Any, user: Any, claims: Mapping[str, Any] | None
) -> Identity:
    """Make the identity of a user for whom the application vouches.

    :param user: a userid, or an identity. The claims are put over those of
        the identity.
    :raises ClaimsError: for a userid or claims that no token can carry.
    :raises InvalidCredential: where the claims transformer refuses.
    :raises SessionTokenError: for the identity of a session in which another
        user acts.
    """
    if isinstance(user, Identity):
        if user.userid is None:
            raise ClaimsError("the identity names no user")
        if _is_acted_for(request, user):
            raise SessionTokenError(
                "another user acts for the user of this identity: it begins no"
                " session of the user"
            )
        identity = Identity(
            user.userid,
            {**user.claims, **(claims or {})} if claims else user.claims,
            user.authenticator or APPLICATION,
        )
    else:
        identity = Identity(user, claims or NO_CLAIMS, APPLICATION)
    return transform(request, identity)


def _is_acted_for(request: Any, user: Identity) -> bool:
    """Tell whether another user acts in a session from which an identity
    comes, also in one of several that were combined.
    """
    state = find_state(request)
    seen = () if state is None else vouching(state, user)
    return any(
        each.ticket is not None and each.ticket.actor is not None
        for each in (user, *seen)
    )


def issue(  # noqa: PLR0913
    request: Any,
    state: PolicyState,
    identity: Identity,
    how: How = BY_AUTHENTICATOR,
    *,
    persistent: bool = False,
    act: Act | None = None,
) -> SessionIssued:
    """Begin a session that travels in a header; give the event that
    subscribers got.

    :param how: the user was authenticated.
    :param persistent: whether ``expiry.persistent.*`` are its limits.
    :param act: ``None`` where the user acts.
    :raises HTTPForbidden: over plain HTTP.
    :raises HTTPServiceUnavailable: where the repository cannot be asked.
    """
    require_tls(request, state.rules)
    state.carries_token = True
    sessions = state.rules.header.sessions
    issued = _begin(
        request, state, sessions, identity, persistent, how=how, act=act
    )
    begun = Begun(sessions, issued, in_cookie=False)
    watch(request, state, begun)
    gone = evicted(request, keep_to_limit(request, state, begun))
    return _notify(request, state, identity, issued, *gone, act=act)


def remember(
    request: Any,
    state: PolicyState,
    identity: Identity,
    persistent: bool | None,
    how: How = BY_AUTHENTICATOR,
) -> Headers:
    """Begin a session that travels in the cookie, and end the sessions of all
    genuine cookies that were shown. Give the headers that set the new cookie;
    none where no cookie is accepted.

    :param persistent: ``None`` for ``sessiontoken.cookie.persistent``.
    :param how: the user was authenticated.
    :raises HTTPForbidden: over plain HTTP.
    :raises HTTPServiceUnavailable: where the repository cannot be asked.
    """
    rules = state.rules
    cookie = rules.cookie
    if cookie is None:
        return []
    require_tls(request, rules)
    if persistent is None:
        persistent = rules.persistent
    endings = [
        *endings_of_cookie(request, state),
        acting_in_header(request, state),
    ]
    acting = tickets_acting(request, state, endings, COOKIE)
    own = behind(request, state, acting)
    endings += own.endings if acting else endings_aside(request, state)
    gone = {ending.ticket.sid for ending in endings if ending is not None}
    issued = _begin(
        request,
        state,
        cookie.sessions,
        identity,
        persistent,
        how=how,
        replaced=gone,
    )
    begun = Begun(cookie.sessions, issued, in_cookie=True)
    watch(request, state, begun)
    headers = cookie.sign_in_headers(request, issued)
    replaced = end(request, state, *endings)
    evictions = keep_to_limit(request, state, begun, gone)
    begun.headers = headers
    state.sign_in(
        Identity(identity.userid, identity.claims, COOKIE, issued.ticket)
    )
    if is_heard(request.registry):
        ended = events_of(request, replaced, REPLACED, who_acts(identity))
        ended += evicted(request, evictions)
        _notify(request, state, identity, issued, *ended)
    end_unseen(request, state, own, REPLACED, who_acts(identity))
    return [*headers, *cookie.delete_aside(request)]


def act_in_cookie(
    request: Any, state: PolicyState, identity: Identity, how: How, act: Act
) -> Headers:
    """Begin a session in which one user acts for another, and that travels in
    the cookie. Give the headers that set it, and put the own cookie aside.

    :raises ClaimsError: where a request cannot carry both cookies.
    """
    cookie: CookieCarrier = state.rules.cookie  # type: ignore[assignment]
    sessions = cookie.sessions
    issued = _begin(
        request, state, sessions, identity, persistent=False, how=how, act=act
    )
    begun = Begun(sessions, issued, in_cookie=True)
    watch(request, state, begun)
    headers = begun.headers = cookie.sign_in_headers(request, issued)
    text = _renewed_text(request, state, cookie, act.own)
    aside = cookie.put_aside(request, text, issued.access_token)
    state.sign_in(
        Identity(identity.userid, identity.claims, COOKIE, issued.ticket)
    )
    _notify(request, state, identity, issued, act=act)
    return [*headers, *aside]


def _renewed_text(
    request: Any, state: PolicyState, cookie: CookieCarrier, own: ShownToken
) -> str:
    """Give the text of a cookie that is to come back; a new one if it is due
    for renewal.
    """
    if own.verdict is not RENEW:
        return own.text
    with repository_or_503(request):
        ticket = restamped(state, own.ticket)
        renewed = cookie.sessions.renew(ticket, own.reference)
    if renewed is None:
        return own.text
    event = SessionRenewed(request, own.identity, renewed.ticket)
    notify(request.registry, event)
    return renewed.access_token


def _begin(  # noqa: PLR0913
    request: Any,
    state: PolicyState,
    sessions: Sessions,
    identity: Identity,
    persistent: bool = False,
    *,
    how: How,
    act: Act | None = None,
    replaced: Collection[str] = (),
) -> IssuedToken:
    """Begin a session.

    :param replaced: the ``sid`` of each session that ends with this sign-in.
    :raises SessionLimitReached: where the user has too many sessions.
    """
    stamp, digest = state.rules.stamp, None
    acting = None if act is None else act.acting
    if stamp is not None and identity.userid is not None:
        digest = (
            stamp.begin(request, identity.userid)
            if act is None
            else stamp.begin_acting(
                request, identity.userid, act.own.ticket.stamp
            )
        )
    methods = how.amr
    if methods is None:
        methods = methods_by(request.registry, identity.authenticator)
    with repository_or_503(request):
        try:
            issued = sessions.issue(
                identity,
                # An application may give what a form says.
                persistent=bool(persistent),
                device=_device(request, state.rules),
                thumbprint=_thumbprint(request, state),
                replaced=replaced,
                stamp=digest,
                amr=methods,
                began=told_by(how, methods, identity.authenticator),
                acting=acting,
                until=how.until,
                at=how.at,
            )
        except SessionLimitReached as error:
            tell_limit(request, state, identity, error)
            raise
    if stamp is not None:
        stamp.note(request, issued.ticket)
    warn_of_large_claims(request.registry, issued.access_token, issued.ticket)
    return issued


def _notify(
    request: Any,
    state: PolicyState,
    identity: Identity,
    issued: IssuedToken,
    *before: Any,
    act: Act | None = None,
) -> SessionIssued:
    """Notify subscribers of a session, of what came before it, and of the
    credentials that were refused meanwhile.
    """
    event = SessionIssued(
        request_told(request),
        identity,
        issued.ticket,
        identity.authenticator,
        issued,
        reason=None if act is None else act.reason,
    )
    notify(request.registry, *before, event)
    if state.untold and not state.is_judging:
        notify_refusals(request, state)
    return event


def _thumbprint(request: Any, state: PolicyState) -> str | None:
    """Give the thumbprint of the certificate to which a new session is bound:
    the certificate that is accepted in this request, if one is.
    """
    for name in state.rules.certificates:
        authenticator = request.registry.utilities.lookup(
            (), IAuthenticator, name
        )
        if not getattr(authenticator, "binds", False):
            continue
        answer = state.rules.chain.ask(request, state, name)
        if isinstance(answer, Identity):
            thumbprint: str | None = authenticator.thumbprint_of(request)
            return thumbprint
    return None


def _device(request: Any, rules: Rules) -> dict[str, str] | None:
    """Give user agent and address; ``None`` where they are not kept."""
    if rules.stored is None or not rules.device:
        return None
    environ = request.environ
    address = rules.address.find(environ) or environ.get("REMOTE_ADDR", "")
    return {
        "user_agent": _printable(environ.get("HTTP_USER_AGENT", "")),
        "address": _printable(str(address)),
    }


def _printable(text: str) -> str:
    return "".join(filter(str.isprintable, text))[:MAX_DEVICE]
