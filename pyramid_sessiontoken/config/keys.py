"""``keys`` and ``token.keys``: the key rings."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from ..authenticators.bearer import BearerAuthenticator
from ..interfaces import IAuthenticator, IKeyRing
from ..keys.base64url import decode_base64url
from ..keys.file_ring import FileRing
from ..keys.jwk import KEY_BYTES, read_jwk_set
from ..keys.lookup import HEADER_RING
from ..keys.ring import Key, KeyRing
from ..keys.strength import PLACEHOLDER, refuse_duplicates, shared, weakness
from .kinds import Kind, read_list, read_secret
from .row import PREFIX, Group, setting
from .setup import Setup

EPHEMERAL = "ephemeral"

#: Before the path of a file that keys are read from.
FILE = "file:"


HOW_TO_MAKE_ONE = (
    "make one with 'psessiontoken keygen > sessiontoken.jwks' and write"
    " 'sessiontoken.keys = file:sessiontoken.jwks' (for development:"
    " 'sessiontoken.keys = ephemeral')"
)


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
    for number, item in enumerate(read_list(value), 1):
        text = read_secret(item)
        if _JSON_OBJECT.match(text):
            keys.extend(read_jwk_set(text))
        else:
            # A file or a variable may hold several plain keys, too.
            keys.extend(_plain(part, number) for part in text.split())
    refuse_duplicates(keys)
    return tuple(keys)


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


@dataclass(frozen=True, slots=True)
class KeySettings(Group):
    """The key rings.

    :ivar ring: the value of ``keys`` itself.
    :ivar token_ring: that of ``token.keys``.
    """

    ring: tuple[Key, ...] | None = setting(
        KEYS,
        None,
        "The key ring. The first key signs, all verify. A file is followed"
        " while it changes; a new key verifies at once and signs five minutes"
        " later. ephemeral: a random key for this process, for development.",
        key="keys",
    )
    token_ring: tuple[Key, ...] | None = setting(
        KEYS,
        None,
        "A ring of its own for header tokens, to share with other services;"
        " without it, the same ring.",
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
        if self.token_ring is not None:
            yield from self.faults_of("token_ring", algorithm)
        yield from self.faults_between()

    def faults_of(self, field: str, algorithm: str) -> Iterator[str]:
        """Tell what is wrong with the keys of one ring."""
        keys = getattr(self, field)
        told = PREFIX + _RINGS[field].key
        if not keys:
            yield f"{told}: there are none; {HOW_TO_MAKE_ONE}"
        for number, key in enumerate(keys or (), 1):
            why = weakness(key, algorithm)
            if why is not None:
                # Not its kid, which is a digest of a secret that may be
                # short enough to be found.
                yield (
                    f"{told}: key {number} is refused: {why};"
                    f" {HOW_TO_MAKE_ONE}"
                )

    def faults_between(self) -> Iterator[str]:
        """Tell where the rings have a key in common."""
        if shared(self.ring or (), self.token_ring or ()):
            yield (
                f"{PREFIX}token.keys: a key of {PREFIX}keys is among them:"
                " a service that has it could make cookies"
            )

    def warnings(self) -> Iterator[str]:
        """Warn of what is right for development only."""
        if any(key.kid.startswith(EPHEMERAL) for key in self.ring or ()):
            yield (
                f"{PREFIX}keys = ephemeral: every restart and every other"
                " process has another key, and ends all sessions"
            )


class _Ring(NamedTuple):
    """A ring's key in the settings, and its name in the registry."""

    key: str
    name: str


_RINGS = {
    "ring": _Ring("keys", ""),
    "token_ring": _Ring("token.keys", HEADER_RING),
}


def register_rings(setup: Setup, keys: KeySettings, algorithm: str) -> None:
    """Register a ring for each setting that has keys."""
    for field, (key, name) in _RINGS.items():
        if getattr(keys, field):
            ring = _make_ring(setup, keys, field, algorithm)
            setup.register(IKeyRing, ring, key, name)


def _make_ring(
    setup: Setup, settings: KeySettings, field: str, algorithm: str
) -> KeyRing | FileRing:
    keys = getattr(settings, field)
    key = PREFIX + _RINGS[field].key
    items = located(setup.registry.settings[key])
    paths = files_of(items)
    # A pipe can be read once.
    if not paths or not all(map(os.path.isfile, paths)):
        return KeyRing(keys)
    read = _Reader(setup.registry, field, items, algorithm)
    return FileRing(keys, paths, read, setup.clock, key)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the keys of a ring again, as strictly as at the start."""

    registry: Any
    field: str
    items: list[str]
    algorithm: str

    def __call__(self) -> tuple[Key, ...]:
        """Give the keys.

        :raises ValueError: saying all that is wrong.
        """
        try:
            keys = read_keys(self.items)
        except ValueError as error:
            key = _RINGS[self.field].key
            raise ValueError(f"{PREFIX}{key}: {error}") from None
        settings = self._settings_with(keys)
        faults = [
            *settings.faults_of(self.field, self.algorithm),
            *settings.faults_between(),
            *self._faults_with_issuers(keys),
        ]
        if faults:
            raise ValueError("; ".join(faults))
        return keys

    def _faults_with_issuers(self, keys: tuple[Key, ...]) -> Iterator[str]:
        """Tell where another issuer has one of the keys."""
        found = self.registry.getUtilitiesFor(IAuthenticator)
        for name, authenticator in found:
            if isinstance(authenticator, BearerAuthenticator):
                theirs = [Key("", raw) for raw in authenticator.secrets()]
                if shared(keys, theirs):
                    yield (
                        f"{PREFIX}{_RINGS[self.field].key}: a key of the"
                        f" issuer of {name!r} is among them"
                    )

    def _settings_with(self, keys: tuple[Key, ...]) -> KeySettings:
        """Put keys beside those of the other ring as it is by now."""
        rings = {
            field: tuple(self.registry.queryUtility(IKeyRing, ring.name) or ())
            for field, ring in _RINGS.items()
        }
        rings[self.field] = keys
        return KeySettings("keys", **rings)
