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

#: The key of the state in ``request.__dict__``. The environ is not the place:
#: a copy of the request shares it, and so does a second attempt at it.
STATE = "sessiontoken.state"


class Status(enum.IntEnum):
    """What the response must do about the session.

    The greater one wins: a cookie that cannot be decoded is not renewed, and
    sign-in and sign-out replace everything that was noted before them.
    """

    NONE = 0
    #: A token that was shown is due for renewal.
    RENEW = 1
    #: A cookie that was shown cannot be decoded: delete it, unless a cache
    #: may keep the response.
    DISCARD = 2
    #: ``remember`` began a session.
    SET = 3
    #: ``forget`` ended it.
    DELETE = 4


class Refusal(NamedTuple):
    """A credential was shown and is refused.

    It is a value, not an exception: a kept exception holds its frames, and
    the frames hold the request.

    :ivar retry_after: seconds to wait, if the client tried too often and the
        credential was not checked; else ``None``.
    :ivar ticket: of a token that was good and has expired.
    """

    authenticator: str
    reason: str
    retry_after: int | None = None
    ticket: Ticket | None = None

    def __str__(self) -> str:
        return f"{self.authenticator} refused: {self.reason}"


class ShownToken(NamedTuple):
    """A token that was shown, and that is genuine.

    :ivar reference: as in ``forms.Decoded``; ``None`` also where it expired.
    :ivar text: the token, or the value of the cookie.
    :ivar verdict: ``VALID``, ``RENEW`` or ``EXPIRED``.
    """

    authenticator: str
    ticket: Ticket
    reference: str | None
    text: str
    verdict: Verdict


#: What an authenticator answered; an ``Exception`` if it failed.
Answer = Identity | Refusal | Exception | None


class RequestState:
    """What one request showed. It is made at the first question.

    It does not hold the request: that would be a reference cycle.

    :ivar answers: what each authenticator answered, by its name.
    :ivar untold: refusals of which subscribers are not told yet.
    :ivar refused: the last refusal of each authenticator, by its name.
    :ivar vary: the request headers that were read; some more than once.
    :ivar tokens: the tokens that were accepted.
    :ivar beside: genuine tokens in cookies of one name, beside the one that
        counts.
    :ivar status: what the response must do.
    """

    # On the class, because most requests do not change them.
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
        """Give the token from which an identity comes, if there is one."""
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
        """Note that a credential is refused, and log it. Subscribers are told
        when the request is judged: they may ask who the user is.

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
        """Give the last refusal of an authenticator, if it refused."""
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
