"""Which authenticators the settings list, and what a 401 asks for."""

import pytest
from support.settings import (
    assert_bad_value_is_told,
    assert_contradiction_is_told,
    only_fault,
    read,
    value_of,
)

from pyramid_sessiontoken.config.authenticators import split_item
from pyramid_sessiontoken.config.registered import Registered


@pytest.mark.parametrize(
    ("key", "value", "parsed"),
    [
        ("authenticators", "session", ("session",)),
        ("authenticators", ["session", "cookie"], ("session", "cookie")),
        ("authenticators", "\nsession,\ncookie\n", ("session", "cookie")),
        ("challenge", "Session Basic", ("Session", "Basic")),
    ],
)
def test_a_value_is_read(key, value, parsed):
    assert value_of(key, value) == parsed


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("authenticators", "session,,basic", "empty item"),
        ("authenticators", "", "empty item"),
        ("authenticators", "session session", "twice"),
        ("authenticators", 5, "not a list"),
        ("realm", "", "empty"),
        ("realm", "a\r\nb", "control characters"),
        ("challenge", "Session,", "empty item"),
    ],
)
def test_a_bad_value_is_reported_and_the_default_is_used(key, value, why):
    assert_bad_value_is_told(key, value, why)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            {"authenticators": "sesion"},
            ["no authenticator 'sesion'", "did you mean 'session'?"],
        ),
        ({"authenticators": "zzz"}, ["no authenticator 'zzz'"]),
        (
            {"authenticators": "a=no.such:module session"},
            ["authenticators: it cannot be imported", "'a=no.such:module'"],
        ),
        (
            {"authenticators": "a= session"},
            ["authenticators: empty", "found 'a='"],
        ),
        (
            {
                "authenticators": "basic=json:loads",
                "basic.check": "json:dumps",
            },
            ["authenticators: 'basic' cannot be the name"],
        ),
        (
            {"authenticators": "my-own=json:loads"},
            ["authenticators: 'my-own' cannot be the name"],
        ),
        (
            {"authenticators": "=json:loads"},
            ["authenticators: '' cannot be the name"],
        ),
        (
            {"authenticators": "a=json:loads a=json:dumps"},
            ["authenticators: a name comes twice"],
        ),
    ],
)
def test_a_contradiction_is_reported(given, words):
    assert_contradiction_is_told(given, words)


@pytest.mark.parametrize(
    ("item", "split"),
    [
        ("session", ("session", None, None)),
        ("mine=my.module:attribute", ("mine", "my.module:attribute", None)),
        ("my.module:attribute", ("attribute", "my.module:attribute", None)),
        ("my.module.attribute", ("attribute", "my.module.attribute", None)),
        ("my.module:a.b", ("b", "my.module:a.b", None)),
        ("mine=", ("mine", "", None)),
        ("mine=bearer", ("mine", None, "bearer")),
    ],
)
def test_an_own_authenticator_has_a_name(item, split):
    assert split_item(item) == split


def test_names_of_authenticators_keep_their_order():
    parsed, faults = read({"authenticators": "a=json:loads session uuid.UUID"})

    assert faults == []
    assert parsed.authenticators.names == ("a", "session", "UUID")


def test_an_authenticator_that_the_application_registered_is_known():
    registered = Registered(frozenset({"kerberos"}))

    assert read({"authenticators": "kerberos"}, registered)[1] == []
    assert "did you mean 'kerberos'?" in only_fault(
        {"authenticators": "kerbros"}, registered
    )


@pytest.mark.parametrize("name", ["cors", "realm", "audit"])
@pytest.mark.parametrize("listed", ["{}", "{}=json:loads"])
def test_no_authenticator_of_one_s_own_has_a_name_of_settings(name, listed):
    fault = only_fault(
        {"authenticators": listed.format(name)}, Registered(frozenset({name}))
    )
    assert f"{name!r} cannot be the name of an authenticator" in fault
    assert "settings begin with it" in fault


def test_settings_that_the_application_may_register_are_no_fault():
    registered = Registered(complete=False)

    assert read({"authenticators": "kerberos"}, registered)[1] == []


@pytest.mark.parametrize(
    ("settings", "is_given"),
    [
        ({"authenticators": "cookie", "token.exchange": "cookie"}, True),
        # Nothing can be swapped, so the endpoint issues nothing.
        ({"authenticators": "cookie"}, False),
    ],
    ids=["the cookie can be swapped", "nothing can be swapped"],
)
def test_advice_is_given_where_the_endpoint_s_tokens_are_not_honoured(
    settings, is_given
):
    parsed, _ = read(settings)
    advised = any("lacks 'session'" in said for said in parsed.advice())
    assert advised is is_given
