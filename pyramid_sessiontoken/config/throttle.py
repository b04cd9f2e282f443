"""From settings to a check that cannot be asked without end."""

from __future__ import annotations

import hmac
import logging
from typing import Any

from ..authenticators.basic import Check
from ..authenticators.throttle import Throttle
from ..keys.derivation import DerivedKeys
from .parts import Parts
from .sessions import has_several_workers
from .settings import PREFIX

log = logging.getLogger("pyramid_sessiontoken")

#: What ``throttle.storage`` says, and what ``limits`` calls it.
_MEMORY = ("memory", "memory://")


def throttled(parts: Parts, check: Check) -> Check:
    """Put a throttle before a check, where the settings want one."""
    settings = parts.settings
    if settings.throttle_attempts is None:
        return check
    try:
        from ..authenticators.failures import read_rate
    except ImportError:
        parts.fault(
            "throttle.attempts",
            "it needs more packages:"
            " pip install 'pyramid_sessiontoken[throttle]'",
        )
        return check
    rate = read_rate(settings.throttle_attempts)
    try:
        failures = _make_failures(parts, rate)
    except ValueError as error:
        parts.fault("throttle.storage", str(error))
        return check
    keys = DerivedKeys(
        parts.ring,
        "throttle",
        settings.token_issuer,
        settings.token_audience,
        make=bytes,
    )

    def digest(text: str) -> str:
        # Keyed: who reads the storage cannot try names.
        content = text.encode("utf-8", "surrogatepass")
        return hmac.digest(keys.first()[1], content, "sha256").hex()

    return Throttle(check, failures, rate.amount, settings.throttle_by, digest)


def _make_failures(parts: Parts, rate: Any) -> Any:
    from ..authenticators.failures import MemoryFailures, StoredFailures

    settings = parts.settings
    if settings.throttle_storage not in _MEMORY:
        return StoredFailures(
            rate, settings.throttle_storage, settings.repository_timeout
        )
    if has_several_workers():
        log.warning(
            "%sthrottle.storage = memory: each worker counts for itself",
            PREFIX,
        )
    return MemoryFailures(rate.get_expiry(), parts.clock)
