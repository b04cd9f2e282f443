"""A ticket to a signed JWT, and back."""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import jwt
from cryptography.hazmat.primitives.hashes import (
    SHA256,
    SHA384,
    SHA512,
    HashAlgorithm,
)
from cryptography.hazmat.primitives.hmac import HMAC

from ..errors import ClaimsError, InvalidCredential
from ..identity.ticket import Ticket, is_id, new_id
from ..keys.base64url import decode_base64url, encode_base64url
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

#: The longest token that is issued, bytes. Common servers and proxies allow
#: a header line of 8 KiB, which also contains a name and a scheme.
MAX_ISSUED = 7600

#: The longest token that is read, bytes.
MAX_READ = 8192


class SessionJWT:
    """Write tickets as JWTs, and read the JWTs that it could have written.

    :param ring: its first key signs, all its keys verify.
    :param algorithm: one of :data:`.strength.ALGORITHMS`.
    :param issuer: ``iss`` (RFC 7519, section 4.1.1).
    :param audience: ``aud`` (section 4.1.3).
    """

    def __init__(
        self, ring: CurrentRing, algorithm: str, issuer: str, audience: str
    ) -> None:
        self._ring = ring
        self._algorithm = algorithm
        self._issuer = issuer
        self._audience = audience
        self._made: _RingKeys | None = None

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
        token = self._encode(payload, self._keys.signer)
        if len(token) > MAX_ISSUED:
            raise ClaimsError(
                f"the claims make a token of {len(token)} bytes, and servers"
                f" and proxies accept no more than {MAX_ISSUED}: use fewer"
                " claims, or sessiontoken.token.form = reference"
            )
        return token

    def decode(self, token: str) -> Ticket:
        """Verify a token and read it. Its times are not checked.

        :raises InvalidCredential: for a text that it did not write.
        """
        if len(token) > MAX_READ:
            raise InvalidCredential(f"it is longer than {MAX_READ} bytes")
        try:
            raw = token.encode("ascii")
        except UnicodeEncodeError:
            raise InvalidCredential(
                "it contains characters that are not ASCII"
            ) from None
        keys = self._keys
        digest = sha256(raw).digest()
        ticket = keys.verified.get(digest)
        if ticket is None:
            header = token.partition(".")[0]
            if header not in keys.macs and self._ring.fresh(than=keys.ring):
                keys = self._keys
            ticket = self._read(_verify(keys, token, raw))
            keys.verified.add(digest, ticket, len(token))
        return ticket

    def kid_of(self, token: str) -> str | None:
        """Give the ``kid`` that a token names; ``None`` if the ring has no
        such key.
        """
        key = self._keys.by_header.get(token.partition(".")[0])
        return None if key is None else key.kid

    @property
    def _keys(self) -> _RingKeys:
        """The prepared keys of the ring of this moment."""
        ring = self._ring()
        made = self._made
        if made is None or made.ring is not ring:
            headers = {
                self._encode({}, key).partition(".")[0]: key for key in ring
            }
            made = self._made = _RingKeys(ring, headers, self._algorithm)
        return made

    def _encode(self, payload: dict[str, Any], key: Key) -> str:
        return jwt.encode(
            payload,
            key.secret,
            self._algorithm,
            headers={"typ": TYPE, "kid": key.kid},
        )

    def _read(self, segment: str) -> Ticket:
        try:
            raw = decode_base64url(segment)
        except ValueError:
            raise InvalidCredential("its payload is not base64url") from None
        payload = read_object(raw)
        if payload.pop("iss", None) != self._issuer:
            raise InvalidCredential(
                "its 'iss' is not sessiontoken.token.issuer"
            )
        if payload.pop("aud", None) != self._audience:
            raise InvalidCredential(
                "its 'aud' is not sessiontoken.token.audience"
            )
        if not is_id(payload.pop("jti", None)):
            raise InvalidCredential(
                "its 'jti' does not have the form of an id"
            )
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
        raise InvalidCredential(
            "one of its parts is not base64url (RFC 7515)"
        ) from None


class _RingKeys:
    """The prepared keys of a ring, and the tokens that they verified.

    :ivar by_header: the keys by the header segment of the tokens that they
        sign. The header of a token must be exactly one of these texts. So no
        "alg", "kid", "typ", "crit" or "jku" of a token is ever interpreted.
    :ivar macs: prepared MACs, which are copied for each token.
    """

    def __init__(
        self, ring: Any, by_header: dict[str, Key], algorithm: str
    ) -> None:
        hashed = _HASHES[algorithm]()
        self.ring = ring
        self.signer, *_ = ring
        self.by_header = by_header
        self.macs = {
            header: HMAC(key.secret, hashed)
            for header, key in by_header.items()
        }
        self.verified = VerifiedTokens[Ticket](REMEMBERED)


def _verify(keys: _RingKeys, token: str, raw: bytes) -> str:
    """Check the MAC of a token; give its payload segment.

    The order is that of RFC 7515, section 5.2, except that nothing is decoded
    before the MAC is checked.
    """
    header, _, rest = token.partition(".")
    prepared = keys.macs.get(header)
    if prepared is None:
        raise InvalidCredential(
            "it is not a session token, or its key is not in the key ring"
        )
    payload, _, signature = rest.rpartition(".")
    mac = prepared.copy()
    mac.update(raw[: len(header) + 1 + len(payload)])
    # The texts are compared: a MAC has only one valid text.
    expected = encode_base64url(mac.finalize())
    if not hmac.compare_digest(expected, signature):
        raise InvalidCredential("its signature is wrong")
    return payload
