"""The settings of API keys."""

import pytest
from support.settings import only_fault, read

from pyramid_sessiontoken.config.registered import Registered
from pyramid_sessiontoken.config.row import PREFIX


def test_an_api_key_authenticator_of_its_own_needs_no_check():
    registered = Registered(frozenset({"api_key"}))

    assert read({"authenticators": "api_key"}, registered)[1] == []
    assert only_fault({"authenticators": "api_key"}) == (
        f"{PREFIX}authenticators: 'api_key' needs {PREFIX}api_key.check"
    )


@pytest.mark.parametrize(
    "header", ["Authorization", "authorization", "Cookie", "COOKIE"]
)
def test_an_api_key_needs_a_header_of_its_own(header):
    fault = only_fault({"api_key.header": header})

    assert fault.startswith(f"{PREFIX}api_key.header: {header} holds other")


@pytest.mark.parametrize("header", ["X-Token", "x_token"])
def test_an_api_key_needs_another_header_than_session_tokens(header):
    given = {
        "authenticators": "session api_key",
        "api_key.check": "json:loads",
        "api_key.header": header,
        "token.header": "X-Token",
    }

    assert only_fault(given) == (
        f"{PREFIX}api_key.header: {header} is {PREFIX}token.header, too"
    )
    assert read({**given, "authenticators": "api_key"})[1] == []
