"""What each group of an authenticator of the library's own can tell."""

import pytest
from support.settings import read

from pyramid_sessiontoken.config.built_in import BuiltIn
from pyramid_sessiontoken.config.settings import BUILT_IN


@pytest.mark.parametrize("name", BUILT_IN)
def test_an_authenticator_has_a_group(name):
    parsed, _ = read()

    assert isinstance(parsed.built_in[name], BuiltIn)
    assert list(parsed.built_in[name].faults({})) == []


@pytest.mark.parametrize(
    ("name", "needs"),
    [
        ("session", 0),
        ("cookie", 0),
        ("remote_user", 0),
        ("basic", 1),
        ("api_key", 1),
        ("client_certificate", 1),
        ("bearer", 4),
    ],
)
def test_missing_settings_of_an_authenticator_are_named(name, needs):
    parsed, _ = read()

    lacks = list(parsed.built_in[name].lacks())

    assert len(lacks) == needs
    for sentence in lacks:
        assert sentence.startswith(
            f"sessiontoken.authenticators: {name!r} needs"
        )
