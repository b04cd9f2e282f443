"""Authenticators have names in RFC 8176, or go by their own."""

import pytest

from pyramid_sessiontoken.sessions.amr import amr_of, authenticators_of


@pytest.mark.parametrize(
    ("authenticators", "methods"),
    [
        ("basic", ("pwd",)),
        ("client_certificate basic", ("hwk", "pwd")),
        ("api_key", ("api_key",)),
        ("", ()),
    ],
)
def test_names_are_written_and_read_back(authenticators, methods):
    assert amr_of(authenticators) == methods
    assert authenticators_of(methods) == authenticators
