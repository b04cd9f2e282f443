"""What is known of one request, and what its response must carry."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from ..identity.identity import Identity
from ..identity.ticket import Ticket
from ..interfaces import RENEW, Verdict

_KEY = "sessiontoken.state"


class Status(enum.Enum):
    """What the response must do about the session."""

    NONE = "none"
    SET = "set"
    DELETE = "delete"


class Refusal(NamedTuple):
    """A credential was shown, and is refused.

    A value and no exception: a kept exception holds its frames, and they
    the request.

    :ivar retry_after: seconds, where it was not even looked at: the client
        tried too often.
    :ivar ticket: the session of a token that is genuine and has expired.
    """

    authenticator: str
    reason: str
    retry_after: int | None = None
    ticket: Ticket | None = None

    def __str__(self) -> str:
        return f"{self.authenticator} refused: {self.reason}"


class Judged(NamedTuple):
    """What a request's credentials came to.

    :ivar identity: who the request is, ``None`` for an unknown user.
    :ivar user: what ``request.identity`` gives.
    :ivar refusal: why nobody is signed in; ``None`` where somebody is, or
        nothing was shown.
    :ivar error: what is raised instead of an answer.
    """

    identity: Identity | None = None
    user: Any = None
    refusal: Refusal | None = None
    error: Exception | None = None


class ShownToken(NamedTuple):
    """A token that was shown to ``authenticator`` and accepted."""

    authenticator: str
    ticket: Ticket
    text: str
    verdict: Verdict


#: What an authenticator said; an ``Exception`` where it could not tell.
Answer = Identity | Refusal | Exception | None


class RequestState:
    """One per request, made when somebody asks who the user is.

    It stands in ``request.__dict__``, not in the environ, which a copy of
    the request or a second attempt at it would share; and it holds no
    request, lest each leave a reference cycle behind.

    :ivar answers: what each authenticator said, by its name.
    :ivar judged: what they came to, by who was asked.
    :ivar untold: refusals that no event has told of yet.
    :ivar refused: the last refusal, by whose credential it was.
    :ivar vary: request headers that were looked at; some more than once.
    :ivar status: what the response must do.
    :ivar carries_token: whether the response's body may show a token.
    :ivar tokens: the tokens that were shown and accepted.
    :ivar is_due: whether one of them is due for renewal.
    :ivar slides: whether what is due may be renewed.
    :ivar decided: whether ``remember`` or ``forget`` ran.
    :ivar signed_in: whom ``remember`` signed in.
    """

    # Most requests leave these as they are.
    untold: tuple[Refusal, ...] = ()
    refused: Mapping[str, Refusal] = MappingProxyType({})
    vary: tuple[str, ...] = ()
    status = Status.NONE
    carries_token = False
    tokens: tuple[ShownToken, ...] = ()
    is_due = False
    slides = True
    decided = False
    signed_in: Identity | None = None

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.judged: dict[tuple[str, ...], Judged] = {}

    def sign_in(self, identity: Identity | None) -> None:
        """From now on this is who the request is; ``None`` for nobody."""
        self.status = Status.DELETE if identity is None else Status.SET
        self.decided = True
        self.signed_in = identity
        self.judged.clear()

    def token_of(self, identity: Identity) -> ShownToken | None:
        """Give the token that spoke of who the request is."""
        for token in self.tokens:
            if token.ticket is identity.ticket:
                return token
        return None

    def refusal(self, authenticator: str) -> Refusal | None:
        """Tell how an authenticator's credential was refused, if it was."""
        return self.refused.get(authenticator)


def find_state(request: Any) -> RequestState | None:
    """Give what is known, ``None`` where nobody asked yet."""
    state: RequestState | None = request.__dict__.get(_KEY)
    return state


def begin_state(request: Any) -> RequestState:
    """Begin to know; :func:`find_state` finds it from now on."""
    state = request.__dict__[_KEY] = RequestState()
    return state


def note_token(
    request: Any, name: str, ticket: Ticket, text: str, verdict: Verdict
) -> None:
    """Note what a token said to the authenticator of that name. That it is
    due for renewal is only noted; the response does it.
    """
    state: RequestState | None = request.__dict__.get(_KEY)
    if state is not None:
        state.tokens += (ShownToken(name, ticket, text, verdict),)
        if verdict is RENEW:
            state.is_due = True
