"""``expiry.*``: how long tokens and sessions live."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..expiry import LONGEST, ExpiryPolicy
from ..interfaces import IExpiryPolicy
from .kinds import (
    DOTTED,
    Kind,
    Named,
    at_least,
    at_most,
    off_or,
    read_duration,
)
from .row import Group, setting
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


_LIFETIME = at_most(LONGEST, at_least(1, read_duration))

LIFETIME = Kind("a duration up to 400d: 90, 90s, 15m, 10h, 14d", _LIFETIME)
LIFETIME_OR_OFF = Kind(
    "a duration up to 400d (90, 90s, 15m, 1h) or off", off_or(_LIFETIME)
)
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
        "A token lives this long and is renewed while it is used. off:"
        " tokens live for expiry.absolute.",
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
    policy: Named | None = setting(
        DOTTED, None, "An IExpiryPolicy of your own.", factory=True
    )

    def faults(self) -> Iterator[str]:
        if self.sliding is not None and self.sliding > self.absolute:
            yield (
                f"{self.row('sliding')}: {self.sliding}s is longer than"
                f" {self.row('absolute')}, {self.absolute}s"
            )


def make_policy(expiry: ExpirySettings) -> ExpiryPolicy:
    return ExpiryPolicy(
        absolute=expiry.absolute,
        sliding=expiry.sliding,
        renew_after=expiry.renew_after,
        clock_skew=expiry.clock_skew,
    )


def register_policy(setup: Setup, expiry: ExpirySettings) -> None:
    """Register the policy that the settings name, or the library's own."""
    if expiry.policy is None:
        setup.register(IExpiryPolicy, make_policy(expiry), "expiry.")
    else:
        setup.register_named(IExpiryPolicy, "expiry.policy", expiry.policy)
