"""``throttle.*``: how many passwords may fail."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from ..authenticators.basic import Check
from ..authenticators.throttle import KeyedDigest, Throttle
from ..keys.derivation import DerivedKeys
from .kinds import SECRET_TEXT, Kind, off_or, read_text, some_of
from .row import PREFIX, Group, setting
from .setup import Setup
from .workers import has_several_workers

_RATE = re.compile(
    r"[1-9][0-9]{0,5} *(/|per) *([1-9][0-9]{0,3} *)?"
    "(second|minute|hour|day|month|year)s?"
)

#: What ``throttle.storage`` says, and what ``limits`` calls it.
_MEMORY = ("memory", "memory://")


def read_rate(value: Any) -> str:
    """Read a limit as the library ``limits`` writes it."""
    text = read_text(value)
    if _RATE.fullmatch(text) is None:
        raise ValueError("not a number of attempts in a time")
    return text


RATE_OR_OFF = Kind(
    "a rate, say 5/minute or 10/5 minutes, or off", off_or(read_rate)
)


@dataclass(frozen=True, slots=True)
class ThrottleSettings(Group):
    """How many passwords may fail."""

    attempts: str | None = setting(
        RATE_OR_OFF,
        "off",
        "How many failed passwords, say 5/minute; then 429 with Retry-After."
        " Needs the extra [throttle].",
    )
    by: tuple[str, ...] = setting(
        some_of("user", "address"),
        "user address",
        "What failures are counted by.",
    )
    storage: str = setting(
        SECRET_TEXT,
        "memory",
        "Where they are counted: memory, or a storage URL of limits.",
    )

    def advice(self, names: Collection[str]) -> Iterator[str]:
        """Advise on what is allowed and yet seldom right.

        :param names: of the authenticators that are listed.
        """
        if self.attempts is not None and "basic" not in names:
            yield (
                f"{self.row('attempts')} counts nothing:"
                f" {PREFIX}authenticators does not list 'basic'"
            )
        elif self.attempts is not None and self.storage in _MEMORY:
            yield (
                f"{self.row('storage')} = memory: each process counts for"
                f" itself, so two processes allow twice {self.row('attempts')}"
            )


def throttled(
    setup: Setup,
    throttle: ThrottleSettings,
    application: tuple[str, str],
    timeout: float,
    check: Check,
) -> Check:
    """Put a throttle before a check, where the settings want one.

    :param application: issuer and audience; a key is derived for them.
    :param timeout: seconds to wait for a storage.
    """
    if throttle.attempts is None:
        return check
    try:
        from ..authenticators.failures import read_rate
    except ImportError:
        setup.missing_extra("throttle.attempts", "throttle")
        return check
    rate = read_rate(throttle.attempts)
    try:
        failures = _make_failures(setup, throttle.storage, rate, timeout)
    except ValueError as error:
        setup.fault("throttle.storage", str(error))
        return check
    keys = DerivedKeys(setup.ring, "throttle", *application, make=bytes)
    return Throttle(
        check, failures, rate.amount, throttle.by, KeyedDigest(keys)
    )


def _make_failures(
    setup: Setup, storage: str, rate: Any, timeout: float
) -> Any:
    from ..authenticators.failures import MemoryFailures, StoredFailures

    if storage not in _MEMORY:
        return StoredFailures(rate, storage, timeout)
    if has_several_workers():
        setup.warn(
            f"{PREFIX}throttle.storage = memory: each worker counts for"
            " itself, so two workers allow twice the wrong passwords; name a"
            " storage that all share"
        )
    return MemoryFailures(rate.get_expiry(), setup.clock)
