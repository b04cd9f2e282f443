"""What is known of one request: what it showed, and its result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from ..authenticators.client_address import Address
from ..authenticators.names import ACCESS_TOKEN, COOKIE
from ..authenticators.state import Refusal, RequestState, Status
from ..cookies.jar import Headers
from ..identity.identity import Identity
from ..sessions.issued import IssuedToken
from ..sessions.lifecycle import Sessions
from .private_headers import PrivateHeaders
from .rules import Rules


@dataclass(slots=True)
class Judged:
    """The result for the credentials of a request; nothing changes it.

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
    :ivar brought_back: the headers that set the cookie again that was put
        aside.
    :ivar begun: the sessions that this request began.
    :ivar is_watched: whether what no client got is removed at the end.
    :ivar is_settled: whether the response has all that it needs.
    :ivar stamps: digests of stamps that were asked, by the ``sid`` of the
        session.
    :ivar response: as it leaves the application, where a session began.
    :ivar updated: the authenticator that accepts the token of a session whose
        claims changed, and the headers that hand the new token over.
    :ivar withheld: why the response does not do what the status asks for.
    """

    is_judging = False
    slides = True
    carries_token = False
    signed_in: Identity | None = None
    brought_back: Headers | None = None
    begun: tuple[Begun, ...] = ()
    is_watched = False
    is_settled = False
    stamps: Mapping[str, str] = MappingProxyType({})
    response: Any = None
    updated: tuple[str, PrivateHeaders] | None = None
    withheld: str | None = None

    def __init__(self, rules: Rules) -> None:
        # Each request makes one: no call of the base class.
        self.answers = {}
        self.rules = rules
        self.judged: dict[tuple[str, ...], Judged] = {}

    @property
    def decided(self) -> bool:
        """Whether ``remember`` or ``forget`` was called."""
        return self.status >= Status.SET

    def address_of(self, environ: Mapping[str, Any]) -> Address | None:
        return self.rules.address.find(environ)

    @property
    def header_sessions(self) -> Sessions:
        """What redeems header tokens, as strictly as the request wants it."""
        sessions = self.rules.header.sessions
        return sessions.strict if self.is_strict else sessions

    def forget_sessions(self) -> None:
        """Forget what was found out about the sessions and the access token
        that were shown, so that they are judged anew. A session that this
        request changed stays: the repository was asked about it then, and the
        token that was shown has the claims from before.
        """
        kept = None if self.updated is None else self.updated[0]
        for name in {token.authenticator for token in self.tokens} - {kept}:
            self.answers.pop(name, None)
        self.tokens = tuple(t for t in self.tokens if t.authenticator == kept)
        if kept != COOKIE:
            self.beside = ()
        if self.access_token is not None:
            self.answers.pop(ACCESS_TOKEN, None)
            self.access_token = None
        if self.status is Status.RENEW:
            self.status = Status.NONE
        self.judged.clear()

    def sign_in(self, identity: Identity | None) -> None:
        """Set the user of the rest of the request; ``None`` for sign-out."""
        self.status = Status.DELETE if identity is None else Status.SET
        self.signed_in = identity
        self.brought_back = None
        self.judged.clear()
        if self.updated is not None and self.updated[0] == COOKIE:
            self.updated = None

    def update(self, identity: Identity, headers: PrivateHeaders) -> None:
        """Set what the session of the request says from now on.

        :param identity: its user; ``authenticator`` accepts its token.
        :param headers: hand the new token over.
        """
        if self.decided:
            self.signed_in = identity
        else:
            self.answers[identity.authenticator] = identity
        self.judged.clear()
        self.updated = identity.authenticator, headers

    def bring_back(self, identity: Identity, headers: Headers) -> None:
        """Set the user of the rest of the request to the one who acted for
        another.
        """
        self.sign_in(None)
        self.signed_in, self.brought_back = identity, headers
