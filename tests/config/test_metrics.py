"""``metrics`` names what counts."""

import subprocess
import sys

import pytest
from pyramid.exceptions import ConfigurationError
from support.settings import assert_bad_value_is_told, value_of

from pyramid_sessiontoken.policy.observers import OBSERVERS
from pyramid_sessiontoken.sessions.records import OUTAGES, TIMER


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("opentelemetry", "opentelemetry"),
        ("off", None),
        (False, None),
    ],
)
def test_a_value_is_read(value, read):
    assert value_of("metrics", value) == read


def test_another_value_is_a_fault():
    assert_bad_value_is_told("metrics", "prometheus", "not one of them")


def test_a_missing_package_is_a_fault_with_the_pip_command(make, monkeypatch):
    monkeypatch.setitem(sys.modules, "opentelemetry.metrics", None)
    monkeypatch.delitem(
        sys.modules, "pyramid_sessiontoken.policy.metrics", raising=False
    )

    with pytest.raises(ConfigurationError) as caught:
        make({"metrics": "opentelemetry"})

    faults = str(caught.value)
    assert "faults: 1" in faults
    assert "sessiontoken.metrics" in faults
    assert "pip install 'pyramid_sessiontoken[otel]'" in faults


START = """
import sys
from pyramid.config import Configurator
config = Configurator(settings={
    "sessiontoken.keys": "ephemeral",
    "sessiontoken.repository": "memory",
})
config.include("pyramid_sessiontoken")
config.make_wsgi_app()
off = ("opentelemetry", "pyramid_sessiontoken.policy.metrics",
       "pyramid_sessiontoken.policy.audit")
sys.exit(", ".join(name for name in off if name in sys.modules) or 0)
"""


@pytest.mark.server
def test_what_is_off_is_not_imported():
    subprocess.run([sys.executable, "-c", START], check=True)  # noqa: S603


def test_what_is_off_is_not_asked(make):
    registry = make({"repository": "memory"}).registry

    assert {OBSERVERS, OUTAGES, TIMER}.isdisjoint(registry)
