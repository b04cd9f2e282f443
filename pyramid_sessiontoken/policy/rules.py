"""What requests need of the settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from ..authenticators.chain import Chain
from ..authenticators.client_address import ClientAddress
from ..authenticators.passwords import Passwords
from ..sessions.stored import StoredSessions
from .carriers import Carrier, CookieCarrier, HeaderCarrier
from .cors import Cors

if TYPE_CHECKING:
    from ..issuers.logout_token import LogoutTokens
    from ..sessions.issuer_signouts import IssuerSignOuts

#: The attribute of a route's predicate that holds the authenticators that may
#: vouch there.
CHOICE = "sessiontoken_authenticators"


class Impersonation(NamedTuple):
    """Who may act for other users.

    :ivar principals: one of these may.
    :ivar check: ``(identity, userid, request)``: whether this user may act for
        that one; ``None``: for users who have no more principals.
    :ivar longest: the most seconds for which one may act.
    :ivar seconds: reads a duration, or raises ``ValueError``.
    :ivar digest: of a session id.
    """

    principals: frozenset[str]
    check: Callable[[Any, Any, Any], Any] | None
    longest: int
    seconds: Callable[[Any], int]
    digest: Callable[[str], str]


class Metadata(NamedTuple):
    """What programs are told of this API (RFC 9728).

    :ivar url: where the document stands.
    :ivar document: JSON.
    """

    url: str
    document: bytes


@dataclass(frozen=True, slots=True)
class Rules:
    """What the settings say. Parts that an application may replace are not
    here: they are looked up in the registry.

    :ivar names: the authenticators, in order of precedence.
    :ivar combine: whether all that vouch make one identity.
    :ivar carriers: the carriers of sessions, by the authenticator's name.
    :ivar header: the carrier of tokens that the token endpoint issues.
    :ivar cookie: the carrier of sessions that ``remember`` begins; ``None``
        where no cookie is accepted.
    :ivar persistent: whether the cookie outlives the browser.
    :ivar renewing: the methods of requests that renew a token; ``None`` for
        all.
    :ivar exchange: the authenticators whose credentials may be swapped.
    :ivar challenge: the schemes that a 401 advertises, in lower case;
        ``None`` for all.
    :ivar fallback_challenge: for a 401 that would advertise no scheme.
    :ivar login_url: a path or the name of a route.
    :ivar stepup_url: where users sign in again: like ``login_url``.
    :ivar stepup_max_age: how old a sign-in may be for a view that names no
        age, in seconds.
    :ivar is_strict: tells for which requests the repository itself is asked
        about sessions; ``None`` for none.
    :ivar stored: the sessions that the server keeps; ``None`` where it keeps
        no sessions.
    :ivar stamp: what ends the sessions of users; ``None`` where nothing is
        asked.
    :ivar device: whether user agent and address are kept with a session.
    :ivar address: finds the address of a client.
    :ivar token_type: of header tokens, as are ``issuer`` and ``audience``.
    :ivar introspectors: principals that may introspect the tokens of other
        users.
    :ivar passwords: what checks passwords, by the name of the authenticator.
    :ivar logouts: reads the logout tokens of issuers, by the name of the
        authenticator.
    :ivar signouts: what issuers ended; ``None`` where none tells of sign-outs.
    :ivar certificates: the authenticators of client certificates.
    :ivar impersonation: who may act for other users; ``None`` for nobody.
    :ivar public_keys: gives the JWK Set that others verify header tokens with;
        ``None`` where the keys are secrets.
    :ivar cors: what pages of other origins may do; ``None`` for nothing.
    :ivar metadata: what programs are told of this API; ``None`` for nothing.
    """

    chain: Chain
    names: tuple[str, ...]
    combine: bool
    carriers: Mapping[str, Carrier]
    header: HeaderCarrier
    cookie: CookieCarrier | None
    persistent: bool
    renewing: frozenset[str] | None
    exchange: tuple[str, ...]
    challenge: tuple[str, ...] | None
    fallback_challenge: str
    require_tls: bool
    login_url: str | None
    stepup_url: str | None
    stepup_max_age: int
    is_strict: Callable[[Any], bool] | None
    stored: StoredSessions | None
    stamp: Any
    device: bool
    address: ClientAddress
    token_type: str
    issuer: str
    audience: str
    introspectors: frozenset[str]
    passwords: Mapping[str, Passwords]
    logouts: Mapping[str, LogoutTokens]
    signouts: IssuerSignOuts | None
    certificates: tuple[str, ...]
    impersonation: Impersonation | None
    public_keys: Callable[[], dict[str, Any]] | None
    cors: Cors | None
    metadata: Metadata | None

    def names_for(self, request: Any) -> tuple[str, ...]:
        """Give the authenticators that may vouch on the request's route."""
        # Pyramid's DummyRequest has no matched_route.
        route = getattr(request, "matched_route", None)
        if route is None or not route.predicates:
            return self.names
        for predicate in route.predicates:
            chosen = getattr(predicate, CHOICE, None)
            if chosen is not None:
                return tuple(name for name in self.names if name in chosen)
        return self.names
