"""Settings that are read as an application's are, without an application."""

import pytest
from pyramid.config import Configurator
from pyramid.exceptions import ConfigurationError

from pyramid_sessiontoken.config.reader import read_settings
from pyramid_sessiontoken.config.registered import Registered
from pyramid_sessiontoken.config.row import PREFIX
from pyramid_sessiontoken.config.settings import TABLE
from pyramid_sessiontoken.keys.base64url import encode_base64url
from support import KEY
from support.tokens import SECOND

#: As long as HS256 needs, and no longer.
SHORT_KEY = encode_base64url(SECOND.secret[:32])

#: Of an application that registers nothing itself.
NOTHING = Registered()


def prefixed(given):
    return {PREFIX + key: value for key, value in given.items()}


def read(given=(), registered=NOTHING, **others):
    """Read some settings beside a good key; give the values and the faults."""
    every = {"keys": KEY, **dict(given)}
    return read_settings({**prefixed(every), **others}, registered)


def value_of(key, value):
    """Give what a value is read as, where nothing is at fault."""
    parsed, faults = read({key: value})
    assert faults == []
    return parsed.value(key)


def only_fault(given, registered=NOTHING):
    _, faults = read(given, registered)
    (fault,) = faults
    return fault


def assert_bad_value_is_told(key, value, why):
    """Assert that a value is told with what is allowed and what was found,
    and that the default stands: the other settings can still be read.
    """
    parsed, (fault,) = read({key: value})
    assert fault.startswith(f"{PREFIX}{key}: ")
    assert why in fault
    assert f"found {value!r}" in fault
    assert fault.endswith(f"allowed: {TABLE[key].kind.allowed}")
    assert parsed == read()[0]


def assert_contradiction_is_told(given, words):
    fault = only_fault(given)
    assert fault.startswith(PREFIX)
    assert [word for word in words if word not in fault] == []


def faults_of_start(settings, setup=None):
    """Start with settings; give the lines that say what is wrong."""
    config = Configurator(
        settings={f"sessiontoken.{k}": v for k, v in settings.items()}
    )
    config.include("pyramid_sessiontoken")
    if setup is not None:
        setup(config)
    with pytest.raises(ConfigurationError) as caught:
        config.make_wsgi_app()
    message = str(caught.value)
    return [line for line in message.splitlines() if line.startswith("- ")]
