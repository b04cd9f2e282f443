"""One user acts for another, on the record (RFC 8693, section 4.1)."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, NamedTuple

from pyramid.httpexceptions import HTTPForbidden

from .. import clock
from ..authenticators.names import COOKIE
from ..cookies.jar import Headers
from ..errors import InvalidCredential, SessionTokenError
from ..identity.claims import freeze_claims
from ..identity.identity import Identity
from ..identity.ticket import Ticket, new_id
from ..identity.userid import Userid, check_userid, to_subject
from ..sessions.issued import IssuedToken
from ..sessions.lifecycle import Acting
from ..sessions.shown import ShownToken
from .answers import require_tls
from .authentication import How, is_acted_for
from .judge import notify_refusals, user_of
from .rules import Impersonation
from .security_policy import SessionTokenPolicy
from .signin import APPLICATION, Act, act_in_cookie, identity_for, issue
from .state import Judged, PolicyState

log = logging.getLogger("pyramid_sessiontoken")

#: The most characters of a reason.
MAX_REASON = 300

# Of ``Ticket.began``: what is true of that session alone. What is left says
# what the session ends with.
_OF_ONE_SESSION = frozenset(("after", "at", "by", "order"))


class _Own(NamedTuple):
    """The session of who wants to act."""

    judged: Judged
    identity: Identity
    shown: ShownToken


def act_as(  # noqa: PLR0913, PLR0917
    request: Any,
    policy: SessionTokenPolicy,
    userid: Userid,
    reason: str,
    lifetime: int | str,
    claims: Mapping[str, Any] | None,
) -> IssuedToken | Headers:
    """Begin a session as another user.

    :raises HTTPForbidden: where the user of the request may not.
    :raises SessionTokenError: where nobody may, without a reason, without a
        session of the user's own, and while acting.
    :raises ValueError: for a lifetime that is none.
    :raises ClaimsError: for a userid or claims that no token can carry.
    """
    rules, state = policy.rules, policy.state(request)
    impersonation = rules.impersonation
    if impersonation is None:
        raise SessionTokenError(
            "no user may act for another:"
            " sessiontoken.impersonation.principals is not set"
        )
    _check_reason(reason)
    seconds = _seconds(impersonation, lifetime)
    check_userid(userid)
    require_tls(request, rules)
    own = _own_session(request, policy, state)
    _ask_stamp(request, state, own, userid)
    principals = policy.principals(request, own.judged)
    if impersonation.principals.isdisjoint(principals):
        raise _forbidden(own, userid, "none of the user's principals may act")
    identity = _identity(request, own, userid, claims)
    acting = _acting(request, state, own, seconds)
    how = _how(impersonation, own)
    ticket = _ticket(request, identity, acting, how)
    name = own.shown.authenticator
    user = Identity(identity.userid, identity.claims, name, ticket)
    _check_allowed(request, policy, own, user, principals)
    log.info(
        "%r acts for %r until %s: %r",
        acting.actor,
        identity.userid,
        clock.moment(acting.until).isoformat(" "),
        reason,
    )
    act = Act(own.shown, acting, reason)
    try:
        if name == COOKIE:
            return act_in_cookie(request, state, identity, how, act)
        event = issue(request, state, identity, how, act=act)
    except InvalidCredential as error:
        raise _forbidden(own, userid, str(error)) from None
    issued: IssuedToken = event.issued
    return issued


def _check_reason(reason: object) -> None:
    if (
        not isinstance(reason, str)
        or not 1 <= len(reason) <= MAX_REASON
        or not reason.isprintable()
        or not reason.strip()
    ):
        raise SessionTokenError(
            f"a reason is needed, of 1 to {MAX_REASON} printable characters"
        )


def _seconds(impersonation: Impersonation, lifetime: object) -> int:
    try:
        seconds = impersonation.seconds(lifetime)
    except ValueError as error:
        raise ValueError(f"lifetime: {error}") from None
    if seconds < 1:
        raise ValueError("lifetime: less than a second")
    return min(seconds, impersonation.longest)


def _own_session(
    request: Any, policy: SessionTokenPolicy, state: PolicyState
) -> _Own:
    """Find the session of who wants to act.

    :raises SessionTokenError: without one, and while acting.
    """
    judged = policy.authenticate(request)
    if judged.error is not None:
        raise judged.error
    identity = judged.identity
    shown = None if identity is None else state.token_of(identity)
    if identity is None or identity.ticket is None or shown is None:
        raise SessionTokenError(
            "only a user whose session came with this request acts for another"
        )
    if is_acted_for(state, identity):
        raise SessionTokenError(
            "the user of this request acts for another already"
        )
    return _Own(judged, identity, shown)


def _ask_stamp(
    request: Any, state: PolicyState, own: _Own, userid: Userid
) -> None:
    """Ask whether the own session has the stamp of its user: what it begins
    must not outlive a change that was not noticed yet.

    :raises HTTPForbidden: where it has another one.
    """
    stamp = state.rules.stamp
    if stamp is None:
        return
    holds = stamp.holds(request, state, own.identity, own.shown.reference)
    if not holds:
        notify_refusals(request, state)
        raise _forbidden(own, userid, "the stamp of who acts is another one")


def _identity(
    request: Any, own: _Own, userid: Userid, claims: Mapping[str, Any] | None
) -> Identity:
    """Make the identity of the user for whom somebody wants to act.

    :raises HTTPForbidden: for the own user, and for one whom the transformer
        refuses.
    """
    try:
        identity = identity_for(request, userid, claims)
    except InvalidCredential as error:
        raise _forbidden(own, userid, str(error)) from None
    # In no spelling, and of no type: an application may know "42" and 42 as
    # one user.
    users = (userid, identity.userid)
    texts = {to_subject(each)[0] for each in users if each is not None}
    if to_subject(own.shown.ticket.userid)[0] in texts:
        raise _forbidden(own, userid, "it is the same user")
    return identity


def _acting(
    request: Any, state: PolicyState, own: _Own, seconds: int
) -> Acting:
    """Tell who acts, and until when: not longer than the own session."""
    ticket = own.shown.ticket
    now = clock.now(request.registry)
    carrier = state.rules.carriers[own.shown.authenticator]
    left = carrier.sessions.remaining(ticket)["session_expires_in"] or 0
    return Acting(ticket.userid, now + max(1, min(seconds, left)))


def _how(impersonation: Impersonation, own: _Own) -> How:
    """Tell with what the session began, and that the user did not sign in."""
    ticket = own.shown.ticket
    ends_with = {
        name: value
        for name, value in ticket.began.items()
        if name not in _OF_ONE_SESSION
    }
    began = {
        **ends_with,
        "at": None,
        "actor": impersonation.digest(ticket.sid),
        "actor_at": ticket.place,
    }
    return How((APPLICATION,), began)


def _ticket(
    request: Any, identity: Identity, acting: Acting, how: How
) -> Ticket:
    """Make the ticket that the session would have, to judge by it."""
    now, end = clock.now(request.registry), acting.until
    userid: Userid = identity.userid  # type: ignore[assignment]
    return Ticket(
        userid,
        new_id(),
        iat=now,
        exp=end,
        auth_time=now,
        session_end=end,
        amr=(APPLICATION,),
        claims=freeze_claims(identity.claims),
        actor=acting.actor,
        began=freeze_claims(how.began),
    )


def _check_allowed(
    request: Any,
    policy: SessionTokenPolicy,
    own: _Own,
    identity: Identity,
    principals: list[Any],
) -> None:
    """Ask whether one user may act for another.

    :param identity: as the session would have it.
    :param principals: of who wants to act.
    :raises HTTPForbidden: where that is not so.
    """
    userid = identity.userid
    user = user_of(request, identity)
    if user is None:
        raise _forbidden(own, userid, "the user is gone or barred")
    check = policy.rules.impersonation and policy.rules.impersonation.check
    if check is not None:
        if not check(own.identity, userid, request):
            raise _forbidden(own, userid, "impersonation.check refused it")
        return
    theirs = policy.principals(request, Judged(identity, user))
    more = [p for p in theirs if p != userid and p not in principals]
    if more:
        raise _forbidden(own, userid, f"the user also is {more[0]!r}")


def _forbidden(own: _Own, userid: object, why: str) -> HTTPForbidden:
    log.info("%r may not act for %r: %s", own.identity.userid, userid, why)
    return HTTPForbidden("You may not act for this user.")
