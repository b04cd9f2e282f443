"""What is known of one request: what it showed, and its result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from ..authenticators.state import Refusal, RequestState, Status
from ..cookies.jar import Headers
from ..identity.identity import Identity
from ..sessions.lifecycle import IssuedToken, Sessions
from .rules import Rules


class Judged(NamedTuple):
    """The result for the credentials of a request.

    :ivar identity: ``None`` for an unknown user.
    :ivar user: the value of ``request.identity``.
    :ivar refusal: the reason why no user is signed in; ``None`` if a user is
        signed in, or if no credential was shown.
    :ivar error: is raised instead of an answer.
    """

    identity: Identity | None = None
    user: Any = None
    refusal: Refusal | None = None
    error: Exception | None = None

    def raise_where_answerable(self, request: Any) -> None:
        """Raise the error, unless no exception view can answer it: before
        routing, when pyramid_tm asks, and inside an exception view.
        """
        if self.error is None or request.exception is not None:
            return
        if request.matched_route is None and "context" not in vars(request):
            return
        raise self.error


@dataclass(slots=True)
class Begun:
    """A session that a request began.

    :ivar sessions: the sessions that travel as this one does.
    :ivar in_cookie: whether it travels in the cookie.
    :ivar headers: set the cookie.
    """

    sessions: Sessions
    issued: IssuedToken
    in_cookie: bool
    headers: Headers | None = None


class PolicyState(RequestState):
    """The state of a request under the security policy.

    :ivar judged: the results, by the names of the authenticators that were
        asked.
    :ivar is_judging: whether a result is being made now.
    :ivar slides: whether a token that is due may be renewed.
    :ivar carries_token: whether the body of the response may contain a token.
    :ivar signed_in: the user whom ``remember`` signed in; ``None`` after
        ``forget``.
    :ivar begun: the sessions that this request began.
    :ivar is_watched: whether what no client got is removed at the end.
    :ivar is_settled: whether the response has all that it needs.
    :ivar response: as it leaves the application, where a session began.
    """

    is_judging = False
    slides = True
    carries_token = False
    signed_in: Identity | None = None
    begun: tuple[Begun, ...] = ()
    is_watched = False
    is_settled = False
    response: Any = None

    def __init__(self, rules: Rules) -> None:
        # Each request makes one: no call of the base class.
        self.answers = {}
        self.rules = rules
        self.judged: dict[tuple[str, ...], Judged] = {}

    @property
    def decided(self) -> bool:
        """Whether ``remember`` or ``forget`` was called."""
        return self.status >= Status.SET

    def sign_in(self, identity: Identity | None) -> None:
        """Set the user of the rest of the request; ``None`` for sign-out."""
        self.status = Status.DELETE if identity is None else Status.SET
        self.signed_in = identity
        self.judged.clear()
