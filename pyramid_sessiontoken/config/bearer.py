"""``bearer.*``: tokens of another issuer."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..authenticators.bearer import BearerAuthenticator
from ..issuers.claims import ClaimsMapping, Template, read_names
from ..issuers.fetch import check_url
from ..issuers.key_sources import KeyFile, KeysAtURL
from ..issuers.tokens import ForeignTokens
from ..issuers.verifying_key import (
    FORMS,
    Keys,
    OneKey,
    VerifyingKey,
    is_hmac,
    read_public_key,
    secret_key,
)
from ..keys.base64url import decode_base64url
from ..keys.ring import Key
from ..keys.strength import ALGORITHMS as HMAC
from ..keys.strength import shared as have_common_key
from ..tokens.jwt import bare_type
from .built_in import BuiltIn, Shared
from .kinds import LIST, TEXT, Kind, read_list, read_secret, read_text, some_of
from .row import PREFIX, setting
from .setup import Setup

PEM = "-----BEGIN "

#: Claims that name something else than an audience (RFC 7519, section 4.1).
_NO_AUDIENCE = ("iss", "sub", "exp", "iat", "nbf", "jti")

#: OpenID Connect Back-Channel Logout 1.0, section 2.4.
_LOGOUT = "logout+jwt"


def read_key_text(value: Any) -> str:
    """Read a PEM, in several lines, or a text; follow ``env:NAME`` and
    ``file:PATH``.
    """
    if isinstance(value, str) and PEM in value:
        return "\n".join(line.strip() for line in value.strip().splitlines())
    return read_secret(value)


def read_place_of_keys(value: Any) -> str:
    """Read a URL, or a path with or without ``file:``."""
    text = read_text(value)
    if is_url(text):
        return check_url(text)
    path = text.removeprefix("file:")
    if not path:
        raise ValueError("empty")
    return path


def is_url(text: str) -> bool:
    return "://" in text


def read_template(value: Any) -> str:
    return Template(read_text(value)).text


def read_claim_names(value: Any) -> tuple[str, ...]:
    items = read_list(value)
    read_names(items)
    return items


def read_audience_claim(value: Any) -> str:
    name = read_text(value)
    if name in _NO_AUDIENCE:
        raise ValueError(f"{name} names no audience")
    return name


def read_type(value: Any) -> str:
    text = read_text(value)
    if bare_type(text) == _LOGOUT:
        raise ValueError("a logout token is no credential")
    return text


ALGORITHM_NAMES = some_of(*FORMS)
VERIFYING_KEY = Kind(
    "a PEM, base64url, env:NAME or file:PATH", read_key_text, secret=True
)
KEY_SET = Kind("a path, file:PATH or an https URL", read_place_of_keys)
TEMPLATE = Kind("a text with names of claims in braces", read_template)
CLAIM_NAMES = Kind(
    "names of claims, also as theirs=ours; path.to.theirs=ours",
    read_claim_names,
)
AUDIENCE_CLAIM = Kind("the name of a claim", read_audience_claim)
TYPE = Kind("the typ of a JWT, say at+jwt", read_type)


@dataclass(frozen=True, slots=True)
class BearerSettings(BuiltIn):
    """Tokens of another issuer."""

    issuer: str | None = setting(
        TEXT, None, "Who issues the tokens: their iss."
    )
    audience: tuple[str, ...] | None = setting(
        LIST, None, "For whom the tokens are: their aud names one of these."
    )
    audience_claim: str = setting(
        AUDIENCE_CLAIM,
        "aud",
        "Another claim that names the audience: client_id for Amazon Cognito."
        " An aud beside it must name the audience, too.",
    )
    type: str | None = setting(
        TYPE,
        None,
        "The typ that tokens must have, say at+jwt, so that an ID token is no"
        " access token. Without it: no typ, JWT or at+jwt.",
    )
    algorithms: tuple[str, ...] | None = setting(
        ALGORITHM_NAMES,
        None,
        "The algorithms that sign the tokens; no other is believed.",
    )
    key: str | None = setting(
        VERIFYING_KEY,
        None,
        "The key that verifies the tokens: the PEM of a public key or of a"
        " certificate, or base64url for HMAC.",
    )
    jwks: str | None = setting(
        KEY_SET,
        None,
        "The keys that verify the tokens: a JWK Set (RFC 7517) in a file or"
        " at an https URL.",
    )
    userid: str = setting(
        TEMPLATE,
        "{sub}",
        "A template of the userid from the token's claims, say {iss}#{sub}.",
    )
    claims: tuple[str, ...] | None = setting(
        CLAIM_NAMES,
        None,
        "Which claims are taken over, with their new names: email"
        " groups=roles, nested ones by dots: realm_access.roles=roles. roles,"
        " groups and scope never come in unnamed.",
    )

    def faults(self, names: Collection[str]) -> Iterator[str]:
        if self.key is not None and self.jwks is not None:
            yield (
                f"{self.row('key')} and {self.row('jwks')} exclude each other"
            )
        algorithms = self.algorithms or ()
        by_secret = HMAC.keys() & algorithms
        if by_secret and not is_hmac(algorithms):
            yield (
                f"{self.row('algorithms')}: {min(by_secret)} has a secret key"
                " and the others have public ones: a public key could be used"
                " as the secret, to make tokens"
            )
        if by_secret and is_url(self.jwks or ""):
            yield (
                f"{self.row('jwks')}: a secret key, as {min(by_secret)} has"
                " it, does not stand at a URL"
            )

    def lacks(self) -> Iterator[str]:
        for row in ("issuer", "audience", "algorithms"):
            if getattr(self, row) is None:
                yield self.needs(self.row(row))
        if self.key is None and self.jwks is None:
            yield self.needs(f"{self.row('key')} or {self.row('jwks')}")

    def make(self, setup: Setup, shared: Shared) -> BearerAuthenticator | None:
        keys = self._make_keys(setup)
        if (
            keys is None
            or self.issuer is None
            or self.audience is None
            or self.algorithms is None
        ):
            return None
        tokens = ForeignTokens(
            keys,
            self.issuer,
            self.audience,
            self.algorithms,
            shared.leeway,
            self.audience_claim,
            self.type,
        )
        mapping = ClaimsMapping(
            Template(self.userid),
            read_names(self.claims or ()),
            shared.claims_limit,
        )
        return BearerAuthenticator(
            tokens, mapping, setup.clock.now, shared.realm, shared.is_ours
        )

    def _make_keys(self, setup: Setup) -> Keys | None:
        if self.algorithms is None:
            return None
        if self.key is not None:
            try:
                key = OneKey(_one_key(self.key, self.algorithms))
                _refuse_own_keys(setup, key)
                return key
            except ValueError as error:
                setup.fault(f"{self.group}.key", str(error))
                return None
        if self.jwks is None:
            return None
        if is_url(self.jwks):
            return KeysAtURL(self.jwks, self.algorithms, setup.clock.now)
        try:
            return KeyFile(
                self.jwks, self.algorithms, partial(_refuse_own_keys, setup)
            )
        except (OSError, ValueError) as error:
            setup.fault(
                f"{self.group}.jwks", f"{self.jwks!r} cannot be read: {error}"
            )
            return None


def _one_key(text: str, algorithms: Sequence[str]) -> VerifyingKey:
    """Read a PEM, or base64url for HMAC."""
    if PEM in text:
        return read_public_key(text, algorithms)
    if not is_hmac(algorithms):
        raise ValueError("it is no PEM, which these algorithms need")
    try:
        secret = decode_base64url(text.rstrip("="))
    except ValueError:
        raise ValueError("it is neither a PEM nor base64url") from None
    return secret_key(None, secret, None, algorithms)


def _refuse_own_keys(setup: Setup, keys: Iterable[VerifyingKey]) -> None:
    """Refuse keys of our own rings: their issuer could make session tokens.

    :raises ValueError: if one of them is among the keys.
    """
    theirs = [Key("", key.octets) for key in keys]
    for ring, name in (
        (setup.ring, "keys"),
        (setup.header_ring, "token.keys"),
    ):
        if have_common_key(theirs, ring() or ()):
            raise ValueError(
                f"it is a key of {PREFIX}{name}: the issuer of the tokens"
                " could make session tokens with it"
            )
