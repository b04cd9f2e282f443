"""What became of the credentials and the session of a request, in words.

It only reads what the request noted: nothing is judged, and nobody is asked.
No credential, no claim and no device comes into it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ..authenticators.names import COOKIE
from ..authenticators.state import STATE, Status
from ..errors import RepositoryUnavailable
from ..identity.identity import Identity
from ..policy.security_policy import POLICY, is_in_use
from ..policy.state import Judged, PolicyState
from .times import Row, SessionShown, rows_of

#: What the tab of the panel says.
ANONYMOUS, REFUSED, FAILED = "nobody", "refused", "failed"


class Asked(NamedTuple):
    """What one authenticator found.

    :ivar found: in a few words.
    :ivar reason: of a refusal; and why it was not asked.
    :ivar code: of a refusal, from ``errors.CODES``; else empty.
    :ivar vouched: whether the user of the request comes from it.
    """

    name: str
    found: str
    reason: str = ""
    code: str = ""
    vouched: bool = False


class Findings(NamedTuple):
    """What the panel shows.

    :ivar verdict: the authenticators that vouched, or that nobody did: short,
        for the tab.
    :ivar user: who the user is, or why nobody is signed in.
    :ivar asked: one for each authenticator.
    :ivar session: names and values; empty without a session.
    :ivar response: what the response did about the session, and why.
    """

    verdict: str
    user: str
    asked: tuple[Asked, ...] = ()
    session: tuple[Row, ...] = ()
    response: str = ""


def not_known(why: str) -> Findings:
    return Findings("", why)


def find(request: Any) -> Findings:
    """Tell what became of a request that is finished."""
    registry = request.registry
    policy = registry.get(POLICY)
    if policy is None:
        return not_known(
            "The application does not include pyramid_sessiontoken."
        )
    state: PolicyState | None = request.__dict__.get(STATE)
    if state is None and not is_in_use(request, policy):
        return not_known("The application uses another security policy.")
    if state is None:
        return not_known(
            "No code asked who the user is, so no credential was read."
        )
    names = state.rules.names_for(request)
    judged = _judged(state, names)
    identity = judged.identity
    vouched = _names_of(identity)
    shown = _session(state, judged)
    now_due = shown is not None and shown.is_due(registry)
    return Findings(
        verdict=_verdict(judged),
        user=_user(state, judged),
        asked=tuple(
            _asked(state, name, is_here=name in names, vouched=name in vouched)
            for name in dict.fromkeys(
                (*state.rules.names, *state.answers, *state.refused)
            )
        ),
        session=() if shown is None else rows_of(registry, shown),
        response=_response(state, is_due=now_due),
    )


def _judged(state: PolicyState, names: tuple[str, ...]) -> Judged:
    """Give the result that counts; an empty one before any judgement."""
    judged = state.judged.get(names)
    if judged is not None:
        return judged
    if state.decided:  # And nobody asked after that.
        return Judged(state.signed_in)
    return next(reversed(state.judged.values()), Judged())


def _names_of(identity: Identity | None) -> list[str]:
    """Give the authenticators that vouched; several where they combine."""
    return [] if identity is None else identity.authenticator.split()


def _verdict(judged: Judged) -> str:
    if judged.identity is not None:
        return " ".join(_names_of(judged.identity)) or "signed in"
    if judged.error is not None:
        return FAILED
    return ANONYMOUS if judged.refusal is None else REFUSED


def _user(state: PolicyState, judged: Judged) -> str:
    identity, refusal = judged.identity, judged.refusal
    if identity is not None:
        how = " ".join(_names_of(identity))
        if state.status is Status.SET:
            how = "remember() in this request"
        return f"{identity.userid!r}, by {how}"
    if state.status is Status.DELETE:
        return "Nobody: forget() signed out in this request."
    if refusal is not None:
        return f"Nobody: {refusal.authenticator} decided, {refusal.code}."
    if not state.judged:
        return "No code asked who the user is."
    return "Nobody: no credential was shown."


def _asked(
    state: PolicyState, name: str, *, is_here: bool, vouched: bool
) -> Asked:
    refusal = state.refused.get(name)
    if refusal is not None and not vouched:
        return Asked(name, "refused", refusal.reason, refusal.code)
    if name not in state.answers:
        reason = "another credential decided" if state.answers else ""
        if not is_here:
            reason = "it is not accepted on this route"
        return Asked(name, "not asked", reason)
    answer = state.answers[name]
    if answer is None:
        return Asked(name, "nothing")
    if isinstance(answer, Exception):
        code = "application_error"
        if isinstance(answer, RepositoryUnavailable):
            code = answer.code
        reason = f"{type(answer).__name__}: see the log"
        return Asked(name, "failed", reason, code)
    names_none = isinstance(answer, Identity) and answer.userid is None
    found = "claims, but no user" if names_none else "a user"
    return Asked(name, found, vouched=vouched)


def _session(state: PolicyState, judged: Judged) -> SessionShown | None:
    """Find the session to tell of: the one that began, that of the user, or
    another one that was shown.
    """
    if state.begun and (state.status is Status.SET or state.carries_token):
        begun = state.begun[-1]
        carrier = "cookie" if begun.in_cookie else "header"
        return SessionShown(begun.issued.ticket, carrier, "began now")
    identity = judged.identity
    token = None if identity is None else state.token_of(identity)
    if token is None and state.tokens:
        token = state.tokens[0]
    if token is not None:
        note = "a reference" if token.reference else "self-contained"
        return SessionShown(token.ticket, _carrier(token.authenticator), note)
    for refusal in state.refused.values():
        if refusal.ticket is not None:
            return SessionShown(
                refusal.ticket,
                _carrier(refusal.authenticator),
                refusal.reason,
            )
    return None


def _carrier(authenticator: str) -> str:
    return "cookie" if authenticator == COOKIE else "header"


_DONE = {
    Status.RENEW: "The session was renewed. The times are those of the token"
    " that was shown.",
    Status.DISCARD: "The cookie cannot be decoded, and is deleted.",
    Status.SET: "remember() began a session: its headers set the cookie.",
    Status.DELETE: "forget() ended the session, and the cookie is deleted.",
}


def _response(state: PolicyState, *, is_due: bool) -> str:
    """Tell what the response did about the session, and why not more."""
    if not state.is_settled:
        return "No response left the application."
    if state.withheld is not None:
        what = "The session was not renewed"
        if state.status is Status.DISCARD:
            what = "The cookie cannot be decoded, and stays"
        return f"{what}: {state.withheld}."
    if state.updated is not None:
        return "update() changed the claims, and renewed the session."
    if state.status in _DONE:
        return _DONE[state.status]
    if state.carries_token:
        return "The response may carry a token that was made in this request."
    if not state.tokens:
        return "Nothing was renewed: no valid session was shown."
    if not state.slides:
        return "Nothing was renewed by use: the endpoint answers for itself."
    if is_due:
        return (
            "Nothing was renewed: the token became due after it was judged, or"
            " the repository is down, and no session is renewed in a time of"
            " grace."
        )
    return "Nothing was renewed: the token is not due yet."
