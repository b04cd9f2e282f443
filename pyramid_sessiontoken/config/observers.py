"""What is told of events before subscribers are: audit and metrics."""

from __future__ import annotations

from ..authenticators.client_address import ClientAddress
from ..policy.observers import OBSERVERS
from ..repositories.timed import Timer
from ..sessions.records import OUTAGES, TIMER
from .audit import AuditSettings
from .metrics import MetricsSettings
from .setup import Setup


def observe(
    setup: Setup,
    audit: AuditSettings,
    metrics: MetricsSettings,
    address: ClientAddress,
) -> None:
    """Let the audit log and the metrics see events, where they are on."""
    registry = setup.registry
    lines, numbers = audit.make(setup, address), metrics.make(setup)
    observers = tuple(each for each in (lines, numbers) if each is not None)
    if observers:
        registry[OBSERVERS] = observers
    if numbers is not None:
        registry[OUTAGES] = numbers.count_outage
        registry[TIMER] = Timer(numbers.record)
