"""The key rings, made of what ``keys`` and ``token.keys`` say."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ..expiry import LONGEST, ExpiryPolicy
from ..interfaces import IAuthenticator, IExpiryPolicy, IKeyRing
from ..keys.file_ring import FileRing
from ..keys.ring import Key, KeyRing
from ..keys.rotating_ring import SPARE, Periods, RotatingRing, ambiguous
from ..keys.strength import shared
from .keys import RINGS, KeySettings, files_of, located, read_keys
from .row import PREFIX
from .setup import Setup


def register_rings(
    setup: Setup,
    keys: KeySettings,
    algorithm: str,
    others: Iterable[int] = (),
) -> None:
    """Register a ring for each setting that has keys.

    :param others: how long something lives that no expiry policy ends,
        seconds: a key of a ring that rotates verifies for as long.
    """
    for field, (key, name) in RINGS.items():
        if getattr(keys, field):
            periods = None
            if field == "ring" and keys.rotate is not None:
                periods = _periods(setup, keys.rotate, tuple(others))
            ring: IKeyRing = _make_ring(setup, keys, field, algorithm, periods)
            setup.register(IKeyRing, ring, key, name)


def _periods(
    setup: Setup, length: int, others: tuple[int, ...]
) -> Callable[[], Periods]:
    """Give what tells the periods of this moment."""
    registry, clock = setup.registry, setup.clock

    def periods() -> Periods:
        policy = registry.queryUtility(IExpiryPolicy)
        kept = max(longest_life(policy), *others, 0) + SPARE
        return Periods(length, kept, clock.now())

    return periods


def longest_life(policy: Any) -> int:
    """Give the most seconds for which a session lives under a policy."""
    if type(policy) is not ExpiryPolicy:
        return LONGEST
    return max(limits.absolute for limits in policy.limits)


def _make_ring(
    setup: Setup,
    settings: KeySettings,
    field: str,
    algorithm: str,
    periods: Callable[[], Periods] | None,
) -> KeyRing | FileRing | RotatingRing:
    keys = getattr(settings, field)
    key = PREFIX + RINGS[field].key
    items = located(setup.registry.settings[key])
    paths = files_of(items)
    ring: KeyRing | FileRing = KeyRing(keys)
    # A pipe can be read once.
    if paths and all(map(os.path.isfile, paths)):
        read = _Reader(setup.registry, field, items, algorithm, periods)
        ring = FileRing(keys, paths, read, setup.clock, key)
    if periods is None:
        return ring
    setup.faults.extend(_ambiguous(keys, periods()))
    return RotatingRing(ring, periods, setup.clock, key)


def _ambiguous(keys: Iterable[Key], periods: Periods) -> Iterator[str]:
    for kid in ambiguous(keys, periods):
        yield (
            f"{PREFIX}keys: the key {kid!r} has the 'kid' of a key that is"
            f" derived ({PREFIX}keys.rotate); give it another 'kid'"
        )


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the keys of a ring again, as strictly as at the start."""

    registry: Any
    field: str
    items: list[str]
    algorithm: str
    periods: Callable[[], Periods] | None

    def __call__(self) -> tuple[Key, ...]:
        """Give the keys.

        :raises ValueError: saying all that is wrong.
        """
        try:
            keys = read_keys(self.items)
        except ValueError as error:
            key = RINGS[self.field].key
            raise ValueError(f"{PREFIX}{key}: {error}") from None
        settings = self._settings_with(keys)
        faults = [
            *settings.faults_of(self.field, self.algorithm),
            *settings.faults_between(),
            *self._faults_with_issuers(keys),
        ]
        if self.periods is not None:
            faults += _ambiguous(keys, self.periods())
        if faults:
            raise ValueError("; ".join(faults))
        return keys

    def _faults_with_issuers(self, keys: tuple[Key, ...]) -> Iterator[str]:
        """Tell where another issuer has one of the keys."""
        found = self.registry.getUtilitiesFor(IAuthenticator)
        for name, authenticator in found:
            # The shipped ones of other issuers have it.
            secrets_of = getattr(authenticator, "issuer_secrets", tuple)
            theirs = [Key("", raw) for raw in secrets_of()]
            if shared(keys, theirs):
                yield (
                    f"{PREFIX}{RINGS[self.field].key}: a key of the issuer"
                    f" of {name!r} is among them"
                )

    def _settings_with(self, keys: tuple[Key, ...]) -> KeySettings:
        """Put keys beside those of the other ring as it is by now."""
        rings = {
            field: tuple(self.registry.queryUtility(IKeyRing, ring.name) or ())
            for field, ring in RINGS.items()
        }
        rings[self.field] = keys
        return KeySettings("keys", rotate=None, **rings)
