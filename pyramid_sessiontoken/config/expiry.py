"""``expiry.*``: how long tokens and sessions live."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..expiry import LONGEST, ExpiryPolicy
from ..interfaces import IExpiryPolicy
from .durations import span
from .kinds import (
    DOTTED,
    Kind,
    Named,
    at_least,
    at_most,
    off_or,
    one_of,
    read_duration,
)
from .row import PREFIX, Group, setting
from .setup import Setup

# Not all that Python reads as a number: no digits of other alphabets, and no
# underscores between digits.
_DECIMAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


def read_fraction(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise ValueError("not a number")
    if isinstance(value, str) and not _DECIMAL.fullmatch(value.strip()):
        raise ValueError("not a number")
    number = float(value) if isinstance(value, str) else value
    if not 0 <= number < 1:
        raise ValueError("out of range")
    return float(number)


#: Of ``expiry.renew_on``: only requests that change something renew.
UNSAFE = "unsafe"

#: RFC 9110, section 9.2.1: the other methods are safe.
_UNSAFE_METHODS = frozenset(("POST", "PUT", "PATCH", "DELETE"))

_LIFETIME = at_most(LONGEST, at_least(1, read_duration))

LIFETIME = Kind("a duration up to 400d: 90, 90s, 15m, 10h, 14d", _LIFETIME)
LIFETIME_OR_OFF = Kind(
    "a duration up to 400d (90, 90s, 15m, 1h) or off", off_or(_LIFETIME)
)


def _read_persistent(value: Any) -> int:
    """Give 0 for ``off``: ``None`` is for a row that is not set."""
    return LIFETIME_OR_OFF.read(value) or 0


PERSISTENT = Kind(LIFETIME_OR_OFF.allowed, _read_persistent)
SKEW = Kind("a duration up to 5m", at_most(300, read_duration))
FRACTION = Kind("a number from 0 to below 1", read_fraction)


@dataclass(frozen=True, slots=True)
class ExpirySettings(Group):
    """How long tokens and sessions live."""

    absolute: int = setting(
        LIFETIME,
        "10h",
        "The session ends this long after the credential was shown, whatever"
        " happens.",
    )
    sliding: int | None = setting(
        LIFETIME_OR_OFF,
        "1h",
        "A token lives this long and is renewed while it is used; where this"
        " is not set, no longer than expiry.absolute. off: tokens live for"
        " expiry.absolute.",
    )
    persistent_absolute: int = setting(
        LIFETIME,
        None,
        "The same as expiry.absolute, for sessions that were begun as"
        " persistent (remember me); without it, expiry.absolute.",
        key="expiry.persistent.absolute",
    )
    persistent_sliding: int | None = setting(
        PERSISTENT,
        None,
        "The same as expiry.sliding, for sessions that were begun as"
        " persistent; without it, expiry.sliding.",
        key="expiry.persistent.sliding",
    )
    renew_after: float = setting(
        FRACTION,
        "0.5",
        "The fraction of a token's life after which a use renews it.",
    )
    clock_skew: int = setting(
        SKEW,
        "30s",
        "Leeway when a time is read: the lesser of this and a tenth of"
        " expiry.sliding. Never when one is written, never on the absolute"
        " end.",
    )
    renew_on: str = setting(
        one_of("any", UNSAFE),
        "any",
        "Which requests renew a token. unsafe: only POST, PUT, PATCH and"
        " DELETE, so that a GET writes nothing.",
    )
    policy: Named | None = setting(
        DOTTED, None, "An IExpiryPolicy of your own.", factory=True
    )

    @property
    def renewing(self) -> frozenset[str] | None:
        """The methods of requests that renew a token; ``None`` for all."""
        return _UNSAFE_METHODS if self.renew_on == UNSAFE else None

    def in_force(self, given: Collection[str]) -> ExpirySettings:
        """Give what is in force, where some rows depend on others.

        :param given: the keys to which the application gives a value.
        """
        sliding, persistent = self.sliding, self.persistent_sliding
        if "expiry.sliding" not in given and sliding is not None:
            sliding = min(sliding, self.absolute)
        return replace(
            self,
            sliding=sliding,
            persistent_absolute=self.persistent_absolute or self.absolute,
            persistent_sliding=(
                sliding if persistent is None else persistent or None
            ),
        )

    def faults(self, given: Mapping[str, Any]) -> Iterator[str]:
        """Tell where a life is longer than the one that contains it.

        :param given: the values as they were written.
        """

        def written(name: str, seconds: int) -> str:
            text = given.get(f"{self.group}.{name}", span(seconds))
            return str(text).strip()

        if self.sliding is not None and self.sliding > self.absolute:
            yield (
                f"{self.row('sliding')}: {written('sliding', self.sliding)} is"
                f" longer than {self.row('absolute')},"
                f" {written('absolute', self.absolute)}"
            )
        absolute, sliding = self.persistent_absolute, self.persistent_sliding
        if (absolute, sliding) == (self.absolute, self.sliding):
            return
        if sliding is not None and sliding > absolute:
            yield (
                f"{self.row('persistent.sliding')}:"
                f" {written('persistent.sliding', sliding)} is longer than"
                f" {self.row('persistent.absolute')},"
                f" {written('persistent.absolute', absolute)};"
                " the one that is not set has the value of"
                f" {PREFIX}{self.group}.sliding or .absolute"
            )

    def advice(self, given: Collection[str]) -> Iterator[str]:
        """Advise where only one of two rows is set.

        :param given: the keys to which the application gives a value.
        """
        if (
            "expiry.persistent.absolute" in given
            and "expiry.persistent.sliding" not in given
            and self.persistent_sliding is not None
        ):
            yield (
                f"{self.row('persistent.sliding')} is not set: a user who"
                f" makes no request for {self.persistent_sliding} s"
                f" ({self.row('sliding')}) is signed out before"
                f" {self.row('persistent.absolute')}"
            )


def make_policy(expiry: ExpirySettings) -> ExpiryPolicy:
    return ExpiryPolicy(
        absolute=expiry.absolute,
        sliding=expiry.sliding,
        renew_after=expiry.renew_after,
        clock_skew=expiry.clock_skew,
        persistent=(expiry.persistent_absolute, expiry.persistent_sliding),
    )


def register_policy(setup: Setup, expiry: ExpirySettings) -> None:
    """Register the policy that the settings name, or the library's own."""
    if expiry.policy is None:
        setup.register(IExpiryPolicy, make_policy(expiry), "expiry.")
    else:
        setup.register_named(IExpiryPolicy, "expiry.policy", expiry.policy)
