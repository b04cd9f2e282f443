"""How sessions travel, as the settings say."""

import pytest

from pyramid_sessiontoken.policy.security_policy import POLICY


def carriers_of(client):
    rules = client.registry[POLICY].rules
    return rules.header, rules.cookie


@pytest.mark.parametrize("form", ["self-contained", "reference"])
def test_header_tokens_have_the_form_of_the_settings(make, form):
    client = make({"repository": "memory", "token.form": form})

    token = client.swap()["access_token"]

    assert token.startswith("pst_") == (form == "reference")


def test_a_reference_is_no_token_where_no_sessions_are_stored(make):
    client = make()

    answer = client.ask("pst_" + "x" * 43).json

    assert answer["failure"].startswith(
        "session refused: it is not a session token"
    )


def test_each_carrier_has_sessions_of_its_own(make):
    header, cookie = carriers_of(make({"repository": "memory"}))

    assert header.sessions is not cookie.sessions


def test_without_a_renewal_header_only_references_are_renewed(make):
    header, cookie = carriers_of(make({"token.renewal_header": "off"}))

    assert not header.renews(None)
    assert header.renews("pst_reference")
    assert cookie.renews(None)
