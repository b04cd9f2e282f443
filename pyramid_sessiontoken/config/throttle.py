"""``throttle.*``: how many passwords may fail, and how many keys."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..authenticators.client_address import ClientAddress
from ..authenticators.throttle import (
    ADDRESS,
    USER,
    KeyedDigest,
    KeyThrottle,
    Throttle,
)
from ..keys.derivation import DerivedKeys
from .kinds import SECRET_TEXT, Kind, off_or, read_text, some_of
from .row import PREFIX, Group, setting
from .setup import Setup
from .workers import has_several_workers

_RATE = re.compile(
    r"[1-9][0-9]{0,5} *(/|per) *([1-9][0-9]{0,3} *)?"
    "(second|minute|hour|day|month|year)s?"
)

#: The authenticators whose refusals count by address.
_KEYS = ("api_key", "access_token")

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
    """How many passwords may fail, and how many keys."""

    attempts: str | None = setting(
        RATE_OR_OFF,
        "off",
        "How many failed passwords, say 5/minute; then 429 with Retry-After."
        " As many refused API keys and access tokens. Needs the extra"
        " [throttle].",
    )
    by: tuple[str, ...] = setting(
        some_of(USER, ADDRESS),
        "user address",
        "What failures are counted by. Refused API keys and access tokens"
        " count by address alone.",
    )
    storage: str = setting(
        SECRET_TEXT,
        "memory",
        "Where they are counted: memory, or a storage URL of limits.",
    )

    def advice(self, names: Collection[str]) -> Iterator[str]:
        """Advise on what is allowed and yet seldom right.

        :param names: of the authenticators that are listed, and ``basic`` if
            a sign-in form may ask for its check.
        """
        counted = ("basic", *_KEYS) if ADDRESS in self.by else ("basic",)
        if self.attempts is not None and not {*counted} & {*names}:
            yield (
                f"{self.row('attempts')} counts nothing:"
                f" {PREFIX}authenticators does not list"
                f" {' or '.join(map(repr, counted))}"
            )
        elif self.attempts is not None and self.storage in _MEMORY:
            yield (
                f"{self.row('storage')} = memory: each process counts for"
                f" itself, so two processes allow twice {self.row('attempts')}"
            )

    def counts_only_addresses(self, names: Collection[str]) -> bool:
        """Tell whether a client without an address has no limit.

        :param names: as for :meth:`advice`.
        """
        if self.attempts is None or ADDRESS not in self.by:
            return False
        return not {*_KEYS}.isdisjoint(names) or (
            "basic" in names and USER not in self.by
        )


class Throttles(NamedTuple):
    """What counts failures.

    :ivar passwords: counts failed passwords; ``None`` where they are not
        counted.
    :ivar keys: counts refused keys; ``None`` where they are not counted.
    """

    passwords: Throttle | None
    keys: KeyThrottle | None


def make_throttles(
    setup: Setup,
    throttle: ThrottleSettings,
    application: tuple[str, str],
    timeout: float,
    address: ClientAddress,
) -> Throttles:
    """Make what counts failures, where the settings want it.

    :param application: issuer and audience; a key is derived for them.
    :param timeout: seconds to wait for a storage.
    """
    nothing = Throttles(None, None)
    if throttle.attempts is None:
        return nothing
    try:
        from ..authenticators.failures import read_rate
    except ImportError:
        setup.missing_extra("throttle.attempts", "throttle")
        return nothing
    rate = read_rate(throttle.attempts)
    try:
        failures = _make_failures(setup, throttle.storage, rate, timeout)
    except ValueError as error:
        setup.fault("throttle.storage", str(error))
        return nothing
    keys = DerivedKeys(setup.roots, "throttle", *application, make=bytes)
    digest, limit, by = KeyedDigest(keys), rate.amount, throttle.by
    counts_keys = ADDRESS in by
    return Throttles(
        Throttle(failures, limit, by, digest, address=address),
        KeyThrottle(failures, limit, digest, address) if counts_keys else None,
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
