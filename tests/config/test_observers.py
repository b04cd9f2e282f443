"""Audit and metrics see each event, where they are on."""

import pytest

from pyramid_sessiontoken.policy.audit import Audit
from pyramid_sessiontoken.policy.metrics import Metrics
from pyramid_sessiontoken.policy.observers import OBSERVERS
from pyramid_sessiontoken.sessions.records import OUTAGES, TIMER

BOTH = {"audit": "on", "metrics": "opentelemetry"}


@pytest.mark.parametrize(
    ("settings", "observers"),
    [
        ({"audit": "on"}, [Audit]),
        ({"metrics": "opentelemetry"}, [Metrics]),
        (BOTH, [Audit, Metrics]),
    ],
    ids=["audit", "metrics", "both"],
)
def test_what_is_on_observes(make, settings, observers):
    registry = make(settings).registry

    assert [type(each) for each in registry[OBSERVERS]] == observers


@pytest.mark.parametrize(("settings", "counts"), [(BOTH, True), ({}, False)])
def test_only_metrics_count_outages_and_measure(make, settings, counts):
    registry = make(settings).registry

    assert (OUTAGES in registry) is (TIMER in registry) is counts
