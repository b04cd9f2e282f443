"""Metrics by OpenTelemetry: what happened to sessions and credentials, and how
long the repository takes. No label names a user.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from opentelemetry.metrics import Counter, Meter, get_meter

from ..errors import TooManyAttempts
from ..events import (
    CredentialRefused,
    CredentialThrottled,
    SessionEnded,
    SessionIssued,
    SessionRenewed,
)

#: The scope of the numbers.
SCOPE = "pyramid_sessiontoken"

#: Bounds of the histogram, seconds: those that OpenTelemetry's conventions
#: name for calls of a database, and two more for what answers at once.
BOUNDS = (0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10)


class Metrics:
    """Count events and outages, and measure the calls of the repository."""

    def __init__(self, meter: Meter) -> None:
        def counter(name: str, unit: str, description: str) -> Counter:
            return meter.create_counter(
                f"sessiontoken.{name}", f"{{{unit}}}", description
            )

        self._counters = {
            SessionIssued: counter("issued", "session", "Sessions that began"),
            SessionRenewed: counter("renewed", "session", "Sessions renewed"),
            SessionEnded: counter(
                "ended", "session", "Sessions ended before their time"
            ),
            CredentialRefused: counter(
                "refused", "credential", "Credentials refused"
            ),
            CredentialThrottled: counter(
                "throttled", "credential", "Attempts over the rate limit"
            ),
        }
        self._outages = counter(
            "outages", "outage", "Backends that could not be asked"
        )
        self._duration = meter.create_histogram(
            "sessiontoken.repository.duration",
            "s",
            "How long the repository took to answer",
            explicit_bucket_boundaries_advisory=BOUNDS,
        )

    def __call__(self, event: Any) -> None:
        """Count an event."""
        counter = self._counters[type(event)]
        counter.add(1, _labels(_authenticator_of(event), _reason_of(event)))

    def count_outage(self, code: str, authenticator: str | None) -> None:
        """Count a backend that could not be asked.

        :param code: of the error.
        :param authenticator: which asked; ``None`` where none did.
        """
        self._outages.add(1, _labels(authenticator, code))

    def record(self, verb: str, seconds: float) -> None:
        """Record a call of the repository."""
        self._duration.record(seconds, {"verb": verb})


def _labels(authenticator: str | None, reason: str | None) -> dict[str, str]:
    labels = {}
    if authenticator:
        labels["authenticator"] = authenticator
    if reason:
        labels["reason"] = reason
    return labels


def _authenticator_of(event: Any) -> str | None:
    if isinstance(event, SessionRenewed):
        event = event.identity
    name: str | None = event.authenticator
    return name


def _reason_of(event: Any) -> str | None:
    if isinstance(event, SessionEnded):
        return event.reason
    if isinstance(event, CredentialRefused):
        return event.code
    if isinstance(event, CredentialThrottled):
        return TooManyAttempts.code
    return None


def make_metrics() -> Metrics:
    """Count for the provider of the process, also for one that comes later."""
    return Metrics(get_meter(SCOPE, version(SCOPE)))
