"""What a request showed, and what its response must do about it."""

from __future__ import annotations

import enum
import logging
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from ..identity.identity import Identity
from ..identity.ticket import Ticket
from ..interfaces import RENEW, Verdict

log = logging.getLogger("pyramid_sessiontoken")

#: Where the state stands in ``request.__dict__``. In the environ a copy of
#: the request, and a second attempt at it, would share it.
STATE = "sessiontoken.state"


class Status(enum.IntEnum):
    """What the response must do about the session.

    The greater one wins: a cookie that cannot be decoded is not renewed, and
    sign-in and sign-out beat everything that was noted before them.
    """

    NONE = 0
    #: A token that was shown is due for renewal.
    RENEW = 1
    #: A cookie that was shown cannot be decoded: delete it where the
    #: response may say so.
    DISCARD = 2
    #: ``remember`` began a session.
    SET = 3
    #: ``forget`` ended it.
    DELETE = 4


class Refusal(NamedTuple):
    """A credential was shown and is refused.

    A value and no exception: a kept exception holds its frames, and these
    hold the request.

    :ivar retry_after: seconds to wait, where the client tried too often and
        the credential was not checked; else ``None``.
    :ivar ticket: the session of a token that is genuine and has expired.
    """

    authenticator: str
    reason: str
    retry_after: int | None = None
    ticket: Ticket | None = None

    def __str__(self) -> str:
        return f"{self.authenticator} refused: {self.reason}"


class ShownToken(NamedTuple):
    """A token that was shown to ``authenticator``, and is genuine.

    :ivar reference: the reference that it is or holds; ``None`` where it is
        self-contained, or expired.
    :ivar text: as it was shown.
    :ivar verdict: ``VALID``, ``RENEW`` or ``EXPIRED``.
    """

    authenticator: str
    ticket: Ticket
    reference: str | None
    text: str
    verdict: Verdict


#: What an authenticator answered; an ``Exception`` where it could not tell.
Answer = Identity | Refusal | Exception | None


class RequestState:
    """What one request showed; made when the first question is asked.

    It holds no request: each would leave a reference cycle behind.

    :ivar answers: what each authenticator answered, by its name.
    :ivar untold: refusals that no event has told of yet.
    :ivar refused: the last refusal, by the name of the authenticator.
    :ivar vary: request headers that were looked at; some more than once.
    :ivar tokens: the tokens that were shown and accepted.
    :ivar beside: genuine tokens that came under one name with another, which
        was signed in later and counts in their place.
    :ivar status: what the response must do.
    """

    # Most requests leave these as they are.
    untold: tuple[Refusal, ...] = ()
    refused: Mapping[str, Refusal] = MappingProxyType({})
    vary: tuple[str, ...] = ()
    tokens: tuple[ShownToken, ...] = ()
    beside: tuple[ShownToken, ...] = ()
    status = Status.NONE

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}

    def note_token(self, token: ShownToken) -> None:
        """Note a token that was accepted, and whether it is due."""
        self.tokens += (token,)
        if token.verdict is RENEW:
            self.status = max(self.status, Status.RENEW)

    def token_of(self, identity: Identity) -> ShownToken | None:
        """Give the token that an identity comes from, if it was one."""
        for token in self.tokens:
            if token.ticket is identity.ticket:
                return token
        return None

    def refuse(
        self,
        name: str,
        reason: str,
        retry_after: int | None = None,
        ticket: Ticket | None = None,
    ) -> Refusal:
        """Note that a credential is refused: one log sentence, and an event
        once the request is judged, so that its subscribers may ask who the
        user is.

        :param name: of the authenticator, or of several, separated by
            blanks.
        """
        refusal = Refusal(name, reason, retry_after, ticket)
        log.info("%s", refusal)
        self.untold += (refusal,)
        self.refused = {
            **self.refused,
            **dict.fromkeys(name.split(), refusal),
        }
        return refusal

    def refusal(self, authenticator: str) -> Refusal | None:
        """Give the refusal of an authenticator's credential, if it was."""
        return self.refused.get(authenticator)


def find_state(request: Any) -> RequestState | None:
    """Give the state of a request; ``None`` before the first question."""
    state: RequestState | None = request.__dict__.get(STATE)
    return state


def note_token(request: Any, token: ShownToken) -> None:
    """Note a token in the state of a request, if there is one."""
    state: RequestState | None = request.__dict__.get(STATE)
    if state is not None:
        state.note_token(token)


def note_beside(request: Any, tokens: Iterable[ShownToken]) -> None:
    """Note tokens that another one outweighs in the state of a request, if
    there is one. Sign-in and sign-out end their sessions, too.
    """
    state: RequestState | None = request.__dict__.get(STATE)
    if state is not None:
        state.beside += tuple(tokens)
