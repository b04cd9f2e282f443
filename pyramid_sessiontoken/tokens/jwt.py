"""A ticket to a signed JWT, and back."""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from hashlib import sha256
from typing import Any, NamedTuple

import jwt
from cryptography.hazmat.primitives.hashes import (
    SHA256,
    SHA384,
    SHA512,
    HashAlgorithm,
)
from cryptography.hazmat.primitives.hmac import HMAC
from jwt.algorithms import get_default_algorithms

from ..errors import (
    ClaimsError,
    InvalidCredential,
    Malformed,
    UnknownKey,
    WrongAudience,
    WrongIssuer,
    WrongSignature,
)
from ..identity.identity import Identity, identity_of
from ..identity.ticket import Ticket, is_id, new_id
from ..keys.base64url import decode_base64url, encode_base64url
from ..keys.curves import CURVE_OF, private_key
from ..keys.lookup import CurrentRing
from ..keys.ring import Key
from .payload import read_object, read_ticket, write_members
from .verified import REMEMBERED, VerifiedTokens

#: Explicit typing (RFC 8725, section 3.11).
TYPE = "session+jwt"

_HASHES: dict[str, Callable[[], HashAlgorithm]] = {
    "HS256": SHA256,
    "HS384": SHA384,
    "HS512": SHA512,
}

_PYJWT = get_default_algorithms()

# Bytes: two numbers (RFC 7518, section 3.4), or a point and a number (RFC
# 8032, section 5.1.6).
_SIGNATURE_BYTES = 64

#: The longest token that is issued, bytes. Common servers and proxies allow
#: a header line of 8 KiB, which also contains a name and a scheme.
MAX_ISSUED = 7600

#: The longest token that is read, bytes.
MAX_READ = 8192


class SessionJWT:
    """Write tickets as JWTs, and read the JWTs that it could have written.

    :param ring: its first key signs, all its keys verify.
    :param algorithm: one of :data:`.strength.SIGNING`.
    :param issuer: ``iss`` (RFC 7519, section 4.1.1).
    :param audience: ``aud`` (section 4.1.3).
    :param authenticator: the name in the identities that it gives.
    """

    def __init__(
        self,
        ring: CurrentRing,
        algorithm: str,
        issuer: str,
        audience: str,
        authenticator: str = "session",
    ) -> None:
        self._ring = ring
        self._algorithm = algorithm
        self._issuer = issuer
        self._audience = audience
        self._authenticator = authenticator
        self._made: _RingKeys | None = None
        self._verify = _verify
        if algorithm in CURVE_OF:
            self._verify = _Signatures(algorithm)

    def encode(self, ticket: Ticket) -> str:
        """Write a token.

        :raises ClaimsError: if the claims make it too long.
        """
        own = {
            "iss": self._issuer,
            "aud": self._audience,
            "jti": new_id(),
            **write_members(ticket),
        }
        # In the order of writing, and the token's own members win.
        payload = {**own, **ticket.claims, **own} if ticket.claims else own
        keys = self._keys
        token = self._encode(payload, keys.signer, keys.signing)
        if len(token) > MAX_ISSUED:
            raise ClaimsError(
                f"the claims make a token of {len(token)} bytes, and servers"
                f" and proxies accept no more than {MAX_ISSUED}: use fewer"
                " claims, or sessiontoken.token.form = reference"
            )
        return token

    def decode(self, token: str) -> Identity:
        """Verify a token; give its user, with its ticket. Its times are not
        checked.

        :raises InvalidCredential: for a text that it did not write.
        """
        if len(token) > MAX_READ:
            raise Malformed(f"it is longer than {MAX_READ} bytes")
        try:
            raw = token.encode("ascii")
        except UnicodeEncodeError:
            raise Malformed(
                "it contains characters that are not ASCII"
            ) from None
        ring = self._ring()
        keys = self._made
        if keys is None or keys.ring is not ring:
            keys = self._make_keys(ring)
        digest = sha256(raw).digest()
        identity = keys.verified.get(digest, len(token))
        if identity is None:
            header = token.partition(".")[0]
            if header not in keys.checks and self._ring.fresh(than=keys.ring):
                keys = self._keys
            ticket = self._read(self._verify(keys, token, raw))
            identity = identity_of(ticket, self._authenticator)
            keys.verified.add(digest, identity, len(token))
        return identity

    def kid_of(self, token: str) -> str | None:
        """Give the ``kid`` that a token names; ``None`` if the ring has no
        such key.
        """
        key = self._keys.by_header.get(token.partition(".")[0])
        return None if key is None else key.kid

    @property
    def _keys(self) -> _RingKeys:
        """The prepared keys of the ring of this moment."""
        ring, made = self._ring(), self._made
        if made is None or made.ring is not ring:
            made = self._make_keys(ring)
        return made

    def _make_keys(self, ring: Any) -> _RingKeys:
        known: dict[Key, _Prepared] = {}
        verified = VerifiedTokens[Identity](REMEMBERED)
        before = self._made
        if before is not None:
            known, verified = before.prepared, before.verified.successor()
        prepared = {key: known.get(key) or self._prepare(key) for key in ring}
        made = self._made = _RingKeys(ring, prepared, verified)
        return made

    def _prepare(self, key: Key) -> _Prepared:
        if key.curve is None:
            signing, check = (
                key.secret,
                HMAC(key.secret, _HASHES[self._algorithm]()),
            )
        else:
            signing = private_key(key)
            check = signing.public_key()
        header = self._encode({}, key, signing).partition(".")[0]
        return _Prepared(header, signing, check)

    def _encode(self, payload: dict[str, Any], key: Key, signing: Any) -> str:
        return jwt.encode(
            payload,
            signing,
            self._algorithm,
            headers={"typ": TYPE, "kid": key.kid},
        )

    def _read(self, segment: str) -> Ticket:
        try:
            raw = decode_base64url(segment)
        except ValueError:
            raise Malformed("its payload is not base64url") from None
        payload = read_object(raw)
        if payload.pop("iss", None) != self._issuer:
            raise WrongIssuer("its 'iss' is not sessiontoken.token.issuer")
        if payload.pop("aud", None) != self._audience:
            raise WrongAudience("its 'aud' is not sessiontoken.token.audience")
        if not is_id(payload.pop("jti", None)):
            raise Malformed("its 'jti' does not have the form of an id")
        # The members that are left are the claims of the user.
        return read_ticket(payload)


# rfc8725bis, section 3.14: only the allowed characters.
COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


def is_session_jwt(text: str) -> bool:
    """Tell whether the header of a token has the type of a session token. Its
    signature is not checked.
    """
    if len(text) > MAX_READ or COMPACT.fullmatch(text) is None:
        return False
    try:
        header = read_object(decode_segment(text.partition(".")[0]))
    except InvalidCredential:
        return False
    return bare_type(header.get("typ")) == TYPE


def bare_type(value: object) -> str:
    """Write a ``typ`` for a comparison: in lower case, and without the prefix
    that may be left out (RFC 7515, section 4.1.9).
    """
    if type(value) is not str:
        return ""
    return value.lower().removeprefix("application/")


def decode_segment(segment: str) -> bytes:
    try:
        return decode_base64url(segment)
    except ValueError:
        raise Malformed(
            "one of its parts is not base64url (RFC 7515)"
        ) from None


class _Prepared(NamedTuple):
    """What is made of a key, once.

    :ivar header: the header segment of the tokens that it signs.
    :ivar signing: what PyJWT signs with.
    :ivar check: what verifies: a MAC, which is copied for each token, or a
        public key.
    """

    header: str
    signing: Any
    check: Any


class _RingKeys:
    """The prepared keys of a ring, and the tokens that they verified.

    :ivar by_header: the keys by the header segment of the tokens that they
        sign. The header of a token must be exactly one of these texts. So no
        "alg", "kid", "typ", "crit" or "jku" of a token is ever interpreted.
    :ivar checks: what verifies, by the same segments.
    :ivar signing: what the first key signs with.
    """

    def __init__(
        self,
        ring: Any,
        prepared: dict[Key, _Prepared],
        verified: VerifiedTokens[Identity],
    ) -> None:
        self.ring = ring
        self.prepared = prepared
        self.signer, *_ = prepared
        self.signing = prepared[self.signer].signing
        self.by_header = {each.header: key for key, each in prepared.items()}
        self.checks = {each.header: each.check for each in prepared.values()}
        self.verified = verified


def _verify(keys: _RingKeys, token: str, raw: bytes) -> str:
    """Check the MAC of a token; give its payload segment.

    The order is that of RFC 7515, section 5.2, except that nothing is decoded
    before the MAC is checked.
    """
    header, _, rest = token.partition(".")
    prepared = keys.checks.get(header)
    if prepared is None:
        raise UnknownKey(_UNKNOWN_KEY)
    payload, _, signature = rest.rpartition(".")
    mac = prepared.copy()
    mac.update(raw[: len(header) + 1 + len(payload)])
    # The texts are compared: a MAC has only one valid text.
    expected = encode_base64url(mac.finalize())
    if not hmac.compare_digest(expected, signature):
        raise WrongSignature(_WRONG_SIGNATURE)
    return payload


class _Signatures:
    """Checks signatures, which are no MACs, in the order of :func:`_verify`.

    The form of a signature is the one that we write. ECDSA has a second
    signature for each one, which anybody can compute (s and n - s). So a text
    alone says nothing of a token; its ``jti`` and ``sid`` do.
    """

    def __init__(self, algorithm: str) -> None:
        self._algorithm = _PYJWT[algorithm]

    def __call__(self, keys: _RingKeys, token: str, raw: bytes) -> str:
        header, _, rest = token.partition(".")
        public = keys.checks.get(header)
        if public is None:
            raise UnknownKey(_UNKNOWN_KEY)
        payload, _, text = rest.rpartition(".")
        try:
            signature = decode_base64url(text)
        except ValueError:
            raise WrongSignature(_WRONG_SIGNATURE) from None
        signed = raw[: len(header) + 1 + len(payload)]
        if len(signature) != _SIGNATURE_BYTES or not self._algorithm.verify(
            signed, public, signature
        ):
            raise WrongSignature(_WRONG_SIGNATURE)
        return payload


_UNKNOWN_KEY = "it is not a session token, or its key is not in the key ring"
_WRONG_SIGNATURE = "its signature is wrong"
