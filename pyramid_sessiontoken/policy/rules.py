"""What requests need of the settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..authenticators.chain import Chain
from ..sessions.stored import StoredSessions
from .carriers import Carrier, CookieCarrier, HeaderCarrier

#: The attribute of a route's predicate that holds the authenticators that may
#: vouch there.
CHOICE = "sessiontoken_authenticators"


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
    :ivar exchange: the authenticators whose credentials may be swapped.
    :ivar challenge: the schemes that a 401 advertises, in lower case;
        ``None`` for all.
    :ivar fallback_challenge: for a 401 that would advertise no scheme.
    :ivar login_url: a path or the name of a route.
    :ivar stored: the sessions that the server keeps; ``None`` where it keeps
        no sessions.
    :ivar device: whether user agent and address are kept with a session.
    :ivar token_type: of header tokens, as are ``issuer`` and ``audience``.
    :ivar introspectors: principals that may introspect the tokens of other
        users.
    """

    chain: Chain
    names: tuple[str, ...]
    combine: bool
    carriers: Mapping[str, Carrier]
    header: HeaderCarrier
    cookie: CookieCarrier | None
    persistent: bool
    exchange: tuple[str, ...]
    challenge: tuple[str, ...] | None
    fallback_challenge: str
    require_tls: bool
    login_url: str | None
    stored: StoredSessions | None
    device: bool
    token_type: str
    issuer: str
    audience: str
    introspectors: frozenset[str]

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
