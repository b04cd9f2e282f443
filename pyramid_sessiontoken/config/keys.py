"""``keys`` and ``token.keys``: the key rings."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from ..keys.base64url import decode_base64url
from ..keys.curves import CURVE_OF
from ..keys.jwk import KEY_BYTES, read_jwk_set
from ..keys.lookup import HEADER_RING
from ..keys.ring import Key
from ..keys.strength import (
    PLACEHOLDER,
    refuse_duplicates,
    shared,
    weakness,
    weakness_for_hmac,
)
from .kinds import (
    Kind,
    at_least,
    off_or,
    read_duration,
    read_list,
    read_secret,
)
from .row import PREFIX, Group, setting

EPHEMERAL = "ephemeral"

#: Before the path of a file that keys are read from.
FILE = "file:"


HOW_TO_MAKE_ONE = (
    "make one with 'psessiontoken keygen --out sessiontoken.jwks' and write"
    " 'sessiontoken.keys = file:sessiontoken.jwks' (for development:"
    " 'sessiontoken.keys = ephemeral')"
)


# RFC 7468, section 2.
_PEM = "-----BEGIN"

# RFC 8259: a set of keys begins as a JSON object; base64url never does.
_JSON_OBJECT = re.compile(r"\s*\{")


def read_keys(value: Any) -> tuple[Key, ...]:
    """Read the keys of a ring, the signing one first.

    :raises ValueError: for what is no key; lengths are not judged.
    """
    if value == EPHEMERAL:
        name = f"{EPHEMERAL}-{secrets.token_hex(4)}"
        return (Key(name, secrets.token_bytes(KEY_BYTES)),)
    keys: list[Key] = []
    faults: list[str] = []
    for number, item in enumerate(read_list(value), 1):
        try:
            keys.extend(_read_item(read_secret(item), number))
        except ValueError as error:
            faults.append(str(error))
    if faults:
        raise ValueError("; ".join(faults))
    refuse_duplicates(keys)
    return tuple(keys)


def _read_item(text: str, number: int) -> list[Key]:
    if _JSON_OBJECT.match(text):
        return read_jwk_set(text)
    if _PEM in text:
        raise ValueError(f"key {number} is a PEM, and not in a JWK Set")
    # A file or a variable may hold several plain keys, too.
    return [_plain(part, number) for part in text.split()]


def located(value: Any) -> list[str]:
    """Give the items of a setting, files by their absolute paths: the
    working directory may become another.
    """
    return [
        f"{FILE}{os.path.abspath(item.removeprefix(FILE))}"
        if item.startswith(FILE)
        else item
        for item in read_list(value)
    ]


def files_of(items: Iterable[str]) -> tuple[str, ...]:
    """Give the paths of the files among the items of a setting."""
    return tuple(
        item.removeprefix(FILE) for item in items if item.startswith(FILE)
    )


def _plain(text: str, number: int) -> Key:
    if PLACEHOLDER.search(text.encode()):
        raise ValueError(f"key {number} is a placeholder; {HOW_TO_MAKE_ONE}")
    try:
        secret = decode_base64url(text.rstrip("="))
    except ValueError:
        raise ValueError(f"key {number} is not base64url") from None
    return replace(Key.of(secret), is_plain=True)


KEYS = Kind(
    "base64url keys, env:NAME or file:PATH of keys or a JWK Set, or ephemeral",
    read_keys,
    secret=True,
)


#: The shortest period of a ring that rotates, seconds.
SHORTEST = 86400

ROTATE = Kind(
    "a duration from 1d on (30d), or off",
    off_or(at_least(SHORTEST, read_duration)),
)


@dataclass(frozen=True, slots=True)
class KeySettings(Group):
    """The key rings.

    :ivar ring: the value of ``keys`` itself.
    :ivar token_ring: that of ``token.keys``.
    :ivar rotate: the length of a period, seconds; ``None`` where the keys of
        ``keys`` sign themselves.
    """

    ring: tuple[Key, ...] | None = setting(
        KEYS,
        None,
        "The key ring. The first key signs, all verify. A file is followed"
        " while it changes; a new key verifies at once and signs five minutes"
        " later. ephemeral: a random key for this process, for development.",
        key="keys",
    )
    rotate: int | None = setting(
        ROTATE,
        "off",
        "The keys of sessiontoken.keys are roots, and the ring is derived from"
        " them: one key for each period so long, alike in every process. This"
        " period's key signs; those of past periods verify as long as"
        " something that they signed may live.",
        key="keys.rotate",
    )
    token_ring: tuple[Key, ...] | None = setting(
        KEYS,
        None,
        "A ring of its own for header tokens, to share with other services;"
        " without it, the same ring. Of private keys, where"
        " sessiontoken.token.algorithm is ES256 or EdDSA.",
        key="token.keys",
    )

    def faults(
        self, algorithm: str, *, has_ring: bool = False
    ) -> Iterator[str]:
        """Tell which keys must not be used.

        :param algorithm: which tokens are signed with.
        :param has_ring: whether the application registered a ring.
        """
        if self.ring or not has_ring:
            yield from self.faults_of("ring", algorithm)
        if self.token_ring is not None or algorithm in CURVE_OF:
            yield from self.faults_of("token_ring", algorithm)
        yield from self.faults_between()
        if self.rotate is not None and has_ring:
            yield (
                f"{PREFIX}keys.rotate: a ring that the application registers"
                " is not rotated; take one of the two away"
            )
        if self.rotate is not None and self.is_ephemeral:
            yield (
                f"{PREFIX}keys.rotate: {PREFIX}keys = {EPHEMERAL} has no roots"
                " that last; make a key with 'psessiontoken keygen'"
            )

    @property
    def is_ephemeral(self) -> bool:
        return _is_ephemeral(self.ring)

    def faults_of(self, field: str, algorithm: str) -> Iterator[str]:
        """Tell what is wrong with the keys of one ring."""
        keys = getattr(self, field)
        told = PREFIX + RINGS[field].key
        is_private = field == "token_ring" and algorithm in CURVE_OF
        how = HOW_TO_MAKE_ONE
        if is_private:
            how = (
                f"make one with 'psessiontoken keygen --alg {algorithm} --out"
                f" tokens.jwks' and write '{told} = file:tokens.jwks'"
            )
        if not keys:
            yield f"{told}: there are none; {how}"
        for number, key in enumerate(keys or (), 1):
            if algorithm in CURVE_OF and not is_private:
                why = weakness_for_hmac(key)
            else:
                why = weakness(key, algorithm)
            if why is not None:
                yield f"{told}: {_name(key, number)} is refused: {why}; {how}"

    def faults_between(self) -> Iterator[str]:
        """Tell where the rings have a key in common."""
        if shared(self.ring or (), self.token_ring or ()):
            yield (
                f"{PREFIX}token.keys: a key of {PREFIX}keys is among them:"
                " a service that has it could make cookies"
            )

    def warnings(self) -> Iterator[str]:
        """Warn of what is right for development only."""
        for field, ring in RINGS.items():
            if _is_ephemeral(getattr(self, field)):
                yield (
                    f"{PREFIX}{ring.key} = {EPHEMERAL}: every restart and"
                    " every other process has another key, and ends all"
                    " sessions"
                )


def _is_ephemeral(ring: Iterable[Key] | None) -> bool:
    return any(key.kid.startswith(EPHEMERAL) for key in ring or ())


def _name(key: Key, number: int) -> str:
    # Not the kid of a symmetric key: it is a digest of a secret that may be
    # short enough to be found.
    return f"key {number}" if key.curve is None else f"key {key.kid!r}"


class Ring(NamedTuple):
    """A ring's key in the settings, and its name in the registry."""

    key: str
    name: str


RINGS = {
    "ring": Ring("keys", ""),
    "token_ring": Ring("token.keys", HEADER_RING),
}
