"""Names for annotations: a request with ``sessiontoken``, and a Protocol for
each part that an application may replace.

A Protocol says the same as the Interface of that name with an ``I`` in front.
A type checker understands it without a plugin. Pyramid's registry knows the
Interface alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Protocol

from pyramid.request import Request

from .identity.identity import Identity
from .identity.ticket import Ticket
from .identity.userid import Userid
from .interfaces import Times, TokenItem, Verdict
from .keys.ring import Key
from .policy.request import RequestSession
from .sessions.access_tokens import AccessTokenInfo
from .sessions.issued import IssuedToken
from .sessions.stored import SessionInfo

__all__ = [
    "AccessTokenInfo",
    "AddingRepository",
    "Authenticator",
    "Authorization",
    "ClaimsTransformer",
    "Clock",
    "CookieTransform",
    "ExpiryPolicy",
    "ForgetfulRepository",
    "Identity",
    "IssuedToken",
    "KeyRing",
    "ListingRepository",
    "Principals",
    "PurgingRepository",
    "RenewingRepository",
    "RequestSession",
    "SessionInfo",
    "SessionStore",
    "SessionTokenRequest",
    "SubjectRepository",
    "Ticket",
    "Times",
    "TokenItem",
    "TokenRepository",
    "TrimmingOnceRepository",
    "TrimmingRepository",
    "UserLoader",
    "Userid",
    "Verdict",
    "session_of",
]


class SessionTokenRequest(Request):  # type: ignore[misc]
    """Pyramid's request, as the library adds to it. For annotations; it does
    nothing by itself. Inherit from it to add attributes of your own. ::

        class Request(SessionTokenRequest):
            dbsession: Session
    """

    sessiontoken: RequestSession
    #: An :class:`~pyramid_sessiontoken.identity.Identity`, or what your user
    #: loader gives; ``None`` for an unknown user.
    identity: Any
    authenticated_userid: Userid | None
    is_authenticated: bool


def session_of(request: Any) -> RequestSession:
    """Give ``request.sessiontoken`` of any request, with its type."""
    session: RequestSession = request.sessiontoken
    return session


class Authenticator(Protocol):
    """As :class:`~pyramid_sessiontoken.interfaces.IAuthenticator`."""

    @property
    def scheme(self) -> str | None: ...

    @property
    def vary(self) -> Sequence[str]: ...

    @property
    def ambient(self) -> bool: ...

    def authenticate(self, request: Any, /) -> Identity | None: ...

    def challenge(self, request: Any, /) -> str | None: ...


class ClaimsTransformer(Protocol):
    """As :class:`~pyramid_sessiontoken.interfaces.IClaimsTransformer`."""

    def transform(self, identity: Identity, request: Any, /) -> Identity: ...


class CookieTransform(Protocol):
    """As :class:`~pyramid_sessiontoken.interfaces.ICookieTransform`."""

    def encode(self, content: bytes, /) -> bytes: ...

    def decode(self, protected: bytes, /) -> bytes: ...


class ExpiryPolicy(Protocol):
    """As :class:`~pyramid_sessiontoken.interfaces.IExpiryPolicy`."""

    def begin(
        self,
        now: int,
        identity: Identity | None = None,
        persistent: bool = False,
        /,
    ) -> Times: ...

    def judge(self, ticket: Ticket, now: int, /) -> Verdict: ...

    def renew(self, ticket: Ticket, now: int, /) -> Times: ...


class TokenRepository(Protocol):
    """As :class:`~pyramid_sessiontoken.interfaces.ITokenRepository`."""

    def add_or_update(self, item: TokenItem, /) -> None: ...

    def get(self, key: str, /) -> TokenItem | None: ...

    def remove(self, key: str, /) -> None: ...

    def remove_all_before(self, date: datetime, /) -> object: ...


class RenewingRepository(TokenRepository, Protocol):
    """As :class:`~pyramid_sessiontoken.interfaces.IRenewingRepository`."""

    def renew(self, item: TokenItem, was: datetime, /) -> bool: ...


class AddingRepository(TokenRepository, Protocol):
    """As :class:`~pyramid_sessiontoken.interfaces.IAddingRepository`."""

    def add(self, item: TokenItem, /) -> bool: ...


class ForgetfulRepository(TokenRepository, Protocol):
    """As :class:`~pyramid_sessiontoken.interfaces.IForgetfulRepository`."""

    @property
    def began(self) -> int: ...


class SubjectRepository(TokenRepository, Protocol):
    """As :class:`~pyramid_sessiontoken.interfaces.ISubjectRepository`."""

    def items_of(self, subject: str, /) -> Iterable[TokenItem]: ...

    def remove_all_of(
        self, subject: str, keep: Collection[str] = (), /
    ) -> int: ...


class ListingRepository(TokenRepository, Protocol):
    """As :class:`~pyramid_sessiontoken.interfaces.IListingRepository`."""

    def items(self) -> Iterable[TokenItem]: ...


class PurgingRepository(TokenRepository, Protocol):
    """As :class:`~pyramid_sessiontoken.interfaces.IPurgingRepository`."""

    def purge(self, date: datetime, /) -> Iterable[int]: ...


class TrimmingRepository(TokenRepository, Protocol):
    """As :class:`~pyramid_sessiontoken.interfaces.ITrimmingRepository`."""

    def trim(self, date: datetime, /) -> None: ...


class TrimmingOnceRepository(TrimmingRepository, Protocol):
    """As :class:`~pyramid_sessiontoken.interfaces.ITrimmingOnceRepository`."""

    def keep_and_trim(self, item: TokenItem, date: datetime, /) -> None: ...


class SessionStore(Protocol):
    """As :class:`~pyramid_sessiontoken.interfaces.ISessionStore`."""

    def store(self, ticket: Ticket, /) -> str: ...

    def retrieve(self, reference: str, /) -> Ticket | None: ...

    def renew(self, reference: str, ticket: Ticket, /) -> bool: ...

    def remove(self, reference: str, /) -> None: ...


class KeyRing(Protocol):
    """As :class:`~pyramid_sessiontoken.interfaces.IKeyRing`."""

    @property
    def signer(self) -> Key: ...

    def __iter__(self) -> Iterator[Key]: ...


class Clock(Protocol):
    """As :class:`~pyramid_sessiontoken.interfaces.IClock`."""

    def now(self) -> int: ...


class UserLoader(Protocol):
    """As :class:`~pyramid_sessiontoken.interfaces.IUserLoader`."""

    def __call__(self, identity: Identity, request: Any, /) -> Any: ...


class Principals(Protocol):
    """As :class:`~pyramid_sessiontoken.interfaces.IPrincipals`."""

    def __call__(self, identity: Any, request: Any, /) -> list[Any]: ...


class Authorization(Protocol):
    """As :class:`~pyramid_sessiontoken.interfaces.IAuthorization`."""

    def __call__(
        self,
        request: Any,
        context: Any,
        permission: str,
        principals: list[Any],
        /,
    ) -> Any: ...
