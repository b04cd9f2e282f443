"""``metrics``: numbers for OpenTelemetry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .kinds import Kind, off_or, one_of
from .row import Group, setting
from .setup import Setup

if TYPE_CHECKING:
    from ..policy.metrics import Metrics

OPENTELEMETRY_OR_OFF = Kind(
    "opentelemetry | off", off_or(one_of("opentelemetry").read)
)


@dataclass(frozen=True, slots=True)
class MetricsSettings(Group):
    """Numbers for OpenTelemetry."""

    by: str | None = setting(
        OPENTELEMETRY_OR_OFF,
        "off",
        "Count sessions issued, renewed and ended, credentials refused and"
        " throttled, and outages, and measure the calls of the repository."
        " Needs the extra [otel].",
        key="metrics",
    )

    def make(self, setup: Setup) -> Metrics | None:
        """Make what counts; ``None`` where it is off, and at a fault."""
        if self.by is None:
            return None
        try:
            from ..policy.metrics import make_metrics
        except ImportError:
            setup.missing_extra("metrics", "otel")
            return None
        return make_metrics()
