"""What an application registered itself is noticed."""

import pytest
from pyramid.registry import Registry

from pyramid_sessiontoken.config.registered import Registered, registered_in
from pyramid_sessiontoken.interfaces import (
    IAuthenticator,
    IKeyRing,
    ISessionStore,
    ITokenRepository,
)


@pytest.mark.parametrize("complete", [True, False])
def test_nothing_is_found_in_an_empty_registry(complete):
    found = registered_in(Registry(), complete=complete)
    assert found == Registered(complete=complete)


@pytest.mark.parametrize(
    ("interface", "name", "expected"),
    [
        (IAuthenticator, "own", Registered(frozenset({"own"}))),
        (IKeyRing, "", Registered(keys=True)),
        (IKeyRing, "token", Registered()),
        (ITokenRepository, "", Registered(repository=True, tokens=True)),
        (ISessionStore, "", Registered(repository=True)),
    ],
)
def test_registered_utilities_are_found(interface, name, expected):
    registry = Registry()
    registry.registerUtility(object(), interface, name)
    assert registered_in(registry, complete=True) == expected
