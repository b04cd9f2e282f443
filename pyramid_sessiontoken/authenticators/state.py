"""What a request showed, and what its response must do about it."""

from __future__ import annotations

import enum
import logging
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import InvalidCredential
from ..identity.identity import Identity, ticket_of
from ..identity.ticket import Ticket
from ..interfaces import RENEW
from ..sessions.shown import ShownToken
from .client_address import Address, read_address
from .log_line import log_line

if TYPE_CHECKING:
    from ..sessions.sealed_access_tokens import AccessToken

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
    :ivar code: of the reason, from ``errors.CODES``.
    :ivar genuine: the ticket of a token that is genuine; ``None`` if it is
        not, or is no token.
    """

    authenticator: str
    reason: str
    retry_after: int | None = None
    ticket: Ticket | None = None
    code: str = InvalidCredential.code
    genuine: Ticket | None = None

    def __str__(self) -> str:
        return f"{self.authenticator} refused: {self.reason}"


#: What an authenticator answered; an ``Exception`` if it failed.
Answer = Identity | Refusal | Exception | None


class RequestState:
    """What one request showed. It is made at the first question.

    It does not hold the request: that would be a reference cycle.

    :ivar answers: what each authenticator answered, by its name.
    :ivar untold: refusals, and other events, of which subscribers are not
        told yet.
    :ivar refused: the last refusal of each authenticator, by its name.
    :ivar vary: the request headers that were read; some more than once.
    :ivar tokens: the tokens that were accepted.
    :ivar beside: genuine tokens in cookies of one name, beside the one that
        counts.
    :ivar times: when the user signed in, as credentials themselves say, in
        seconds since the epoch; by the authenticator's name.
    :ivar began: how a session would begin with credentials that were accepted,
        as in ``Ticket.began``; by the authenticator's name.
    :ivar access_token: the access token that was accepted, if one was.
    :ivar status: what the response must do.
    :ivar asked: the authenticators that are asked, in order of precedence;
        noted only where several share the scheme ``Bearer``.
    :ivar is_strict: whether the repository itself is asked about sessions,
        and not the first-level cache.
    """

    # On the class, because most requests do not change them.
    untold: tuple[Any, ...] = ()
    refused: Mapping[str, Refusal] = MappingProxyType({})
    vary: tuple[str, ...] = ()
    tokens: tuple[ShownToken, ...] = ()
    beside: tuple[ShownToken, ...] = ()
    times: Mapping[str, int] = MappingProxyType({})
    began: Mapping[str, Mapping[str, Any]] = MappingProxyType({})
    access_token: AccessToken | None = None
    status = Status.NONE
    asked: tuple[str, ...] = ()
    is_strict = False

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}

    def token_of(self, identity: Identity) -> ShownToken | None:
        """Give the token from which an identity comes, if there is one."""
        for token in self.tokens:
            if token.ticket is identity.ticket:
                return token
        return None

    def refuse(  # noqa: PLR0913
        self,
        name: str,
        reason: str,
        retry_after: int | None = None,
        ticket: Ticket | None = None,
        code: str = InvalidCredential.code,
        *,
        about: Identity | Ticket | None = None,
        environ: Mapping[str, Any] = MappingProxyType({}),
        is_told: bool = False,
    ) -> Refusal:
        """Note that a credential is refused, and log it. Subscribers are told
        when the request is judged: they may ask who the user is.

        :param name: of the authenticator, or of several, separated by
            blanks.
        :param about: the user or the session, if the credential was genuine.
        :param environ: of the request.
        :param is_told: whether the log has told the same already.
        """
        about = about or ticket
        refusal = Refusal(
            *(name, reason, retry_after, ticket, code), ticket_of(about)
        )
        level = logging.DEBUG if is_told else logging.INFO
        if log.isEnabledFor(level):
            address = self.address_of(environ)
            line = log_line(refusal, code, about, address)
            log.log(level, "%s", line)
        self.untold += (refusal,)
        self.refused = {
            **self.refused,
            **dict.fromkeys(name.split(), refusal),
        }
        return refusal

    def address_of(self, environ: Mapping[str, Any]) -> Address | None:
        """Give the address of the client; ``None`` if it is not known."""
        return read_address(environ.get("REMOTE_ADDR") or "")

    def refusal(self, authenticator: str) -> Refusal | None:
        """Give the last refusal of an authenticator, if it refused."""
        return self.refused.get(authenticator)


def find_state(request: Any) -> RequestState | None:
    """Give the state of a request; ``None`` before the first question."""
    state: RequestState | None = request.__dict__.get(STATE)
    return state


def note_token(request: Any, token: ShownToken) -> None:
    """Note a token that was accepted, and whether it is due, in the state of
    a request, if there is one.
    """
    state: RequestState | None = request.__dict__.get(STATE)
    if state is not None:
        state.tokens += (token,)
        if token.verdict is RENEW:
            state.status = max(state.status, Status.RENEW)


def note_beside(request: Any, tokens: Iterable[ShownToken]) -> None:
    """Note tokens that another one outweighs in the state of a request, if
    there is one. Sign-in and sign-out end their sessions, too.
    """
    state: RequestState | None = request.__dict__.get(STATE)
    if state is not None:
        state.beside += tuple(tokens)


def note_access_token(request: Any, token: AccessToken) -> None:
    """Note an access token that was accepted in the state of a request, if
    there is one.
    """
    state: RequestState | None = request.__dict__.get(STATE)
    if state is not None:
        state.access_token = token


def note_began(request: Any, name: str, began: Mapping[str, Any]) -> None:
    """Note in the state of a request, if there is one, how a session begins
    with a credential.

    :param name: of the authenticator.
    :param began: as in ``Ticket.began``.
    """
    state: RequestState | None = request.__dict__.get(STATE)
    if state is not None:
        state.began = {**state.began, name: began}


def note_time(request: Any, name: str, time: int | None) -> None:
    """Note in the state of a request, if there is one, when the user signed
    in, as a credential says.

    :param name: of the authenticator.
    :param time: ``None`` if the credential does not say it.
    """
    state: RequestState | None = request.__dict__.get(STATE)
    if state is not None and time is not None:
        state.times = {**state.times, name: time}
