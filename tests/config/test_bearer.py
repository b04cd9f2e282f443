"""What the settings say of another issuer is right, or the start fails."""

import pytest
from pyramid.config import Configurator
from pyramid.exceptions import ConfigurationError
from pyramid.interfaces import IRoutesMapper
from support import KEY
from support.issuer import (
    SECRET,
    b64,
)
from support.trust import PEM, TRUST, fault, faults, start

from pyramid_sessiontoken.config.reader import read_settings
from pyramid_sessiontoken.config.registered import Registered


@pytest.mark.parametrize(
    "key", ["bearer.issuer", "bearer.audience", "bearer.algorithms"]
)
def test_a_missing_setting_is_named(key):
    assert fault(**{key: None}) == (
        f"authenticators: 'bearer' needs sessiontoken.{key}"
    )


def test_all_missing_settings_are_named_at_once():
    nothing = {key: None for key in TRUST if key.startswith("bearer.")}

    assert faults(**nothing) == [
        "authenticators: 'bearer' needs sessiontoken.bearer.issuer",
        "authenticators: 'bearer' needs sessiontoken.bearer.audience",
        "authenticators: 'bearer' needs sessiontoken.bearer.algorithms",
        (
            "authenticators: 'bearer' needs sessiontoken.bearer.key or"
            " sessiontoken.bearer.jwks"
        ),
    ]


def test_exactly_one_source_of_keys_is_allowed():
    url = "https://issuer.example/keys"

    assert "exclude each other" in fault(bearer__jwks=url)
    start({"bearer.key": None, "bearer.jwks": url})


def test_without_the_authenticator_no_setting_is_required():
    start({"authenticators": "session"})
    nothing = {key: None for key in TRUST if key.startswith("bearer.")}
    start({**nothing, "authenticators": "session"})


@pytest.mark.parametrize(
    "algorithms", ["none", "NONE", "es256", "ES256 none", "ES521", "Ed25519"]
)
def test_only_known_algorithms_are_allowed(algorithms):
    assert "not some of them" in fault(bearer__algorithms=algorithms)


def test_secret_and_public_keys_are_never_mixed():
    for key in (PEM, b64(SECRET)):
        told = faults(bearer__algorithms="ES256 HS256", bearer__key=key)
        assert "HS256 has a secret key" in told[0]


def test_a_secret_key_does_not_stand_at_a_url():
    assert "does not stand at a URL" in fault(
        bearer__algorithms="HS256",
        bearer__key=None,
        bearer__jwks="https://issuer.example/keys",
    )


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("bearer.userid", "{sub", "braces do not match"),
        ("bearer.userid", "alice", "has no claim in braces"),
        ("bearer.claims", "email=sub", "own names"),
        ("bearer.claims", "exp", "own names"),
        ("bearer.claims", "a=act", "own names"),
        ("bearer.claims", "a=began", "own names"),
        ("bearer.claims", "realm_access.roles", "has a dot"),
        ("bearer.userid", "{a}{b}", "there is no text between"),
        *(
            ("bearer.audience_claim", name, "names no audience")
            for name in ("iss", "sub", "exp", "iat", "nbf", "jti")
        ),
        ("bearer.type", "logout+jwt", "no credential"),
        ("bearer.type", "application/logout+JWT", "no credential"),
        ("bearer.type", "", "empty"),
        ("bearer.claims", "a=x b=x", "named already"),
        ("bearer.claims", "a,,b", "empty item"),
        ("bearer.audience", "a,", "empty item"),
        ("bearer.issuer", "", "empty"),
    ],
)
def test_other_faults_quote_the_value(key, value, why):
    told = fault(**{key: value})

    assert told.startswith(f"{key}: ")
    assert why in told
    assert repr(value) in told


def test_no_fault_and_no_repr_contains_a_secret():
    given = {"sessiontoken.bearer.key": b64(SECRET), "sessiontoken.keys": KEY}
    parsed, _ = read_settings(given, Registered())

    assert b64(SECRET) not in repr(parsed)
    assert parsed.show("bearer.key") == "(secret)"


HEARS = {"repository": "memory", "bearer.logout_path": "/signed-out"}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (
            {"repository": None},
            "bearer.logout_path needs sessiontoken.repository",
        ),
        (
            {"revocation": "off"},
            "bearer.logout_path needs sessiontoken.revocation = on",
        ),
        (
            {"bearer.logout_path": "signed-out"},
            (
                "bearer.logout_path: not a plain path, found 'signed-out';"
                " allowed: a path such as /logout, without a slash at its end,"
                " or off"
            ),
        ),
        (
            {"bearer.logout_path": "/token"},
            (
                "bearer.logout_path: '/token' is a path of"
                " sessiontoken.token.path, too; each needs one of its own"
            ),
        ),
        (
            {"bearer.logout_path": None, "bearer.logout_audience": "web"},
            "bearer.logout_audience needs sessiontoken.bearer.logout_path",
        ),
        (
            {"bearer.logout_pth": "/x"},
            (
                "bearer.logout_pth: there is no such setting; did you mean"
                " sessiontoken.bearer.logout_path?"
            ),
        ),
    ],
)
def test_a_fault_of_sign_outs_is_told(given, told):
    with pytest.raises(ConfigurationError) as caught:
        start({**HEARS, **given})

    [fault] = [
        line
        for line in str(caught.value).splitlines()
        if line.startswith("- ")
    ]
    assert fault == f"- sessiontoken.{told}"


UNLISTED = {
    **HEARS,
    "authenticators": "session cookie",
    "bearer.audience": None,
    "bearer.logout_audience": "web",
}


def test_sign_outs_are_heard_where_no_token_is_accepted():
    start(UNLISTED)
    start({**UNLISTED, "bearer.audience": "a", "bearer.logout_audience": None})


@pytest.mark.parametrize(
    ("lacking", "told"),
    [
        ("issuer", "sessiontoken.bearer.issuer"),
        ("algorithms", "sessiontoken.bearer.algorithms"),
        ("key", "sessiontoken.bearer.key or sessiontoken.bearer.jwks"),
        ("logout_audience", "sessiontoken.bearer.logout_audience"),
    ],
)
def test_what_sign_outs_need_is_told(lacking, told):
    with pytest.raises(ConfigurationError) as caught:
        start({**UNLISTED, f"bearer.{lacking}": None})

    assert f"- sessiontoken.bearer.logout_path needs {told}\n" in (
        f"{caught.value}\n"
    )


def test_a_bad_key_is_told_once():
    with pytest.raises(ConfigurationError) as caught:
        start({**HEARS, "bearer.key": "-----BEGIN PUBLIC KEY-----"})

    assert str(caught.value).count("sessiontoken.bearer.key:") == 1
    with pytest.raises(ConfigurationError, match="is not a public key in PEM"):
        start({**UNLISTED, "bearer.key": "-----BEGIN PUBLIC KEY-----"})


@pytest.mark.parametrize(
    ("before", "after"),
    [("/signed-out", "/later"), ("/signed-out", "off"), ("off", "/later")],
)
def test_a_path_that_changed_after_the_include_is_a_fault(before, after):
    every = {
        f"sessiontoken.{key}": value
        for key, value in {**TRUST, **HEARS}.items()
    }
    every["sessiontoken.bearer.logout_path"] = before
    was, now = (None if path == "off" else path for path in (before, after))
    config = Configurator(settings=every)
    config.include("pyramid_sessiontoken")
    config.registry.settings["sessiontoken.bearer.logout_path"] = after

    with pytest.raises(
        ConfigurationError,
        match=f"read at the include, as {was!r}; it became {now!r} later",
    ):
        config.commit()


def test_another_name_has_a_path_of_its_own():
    named = {
        key.replace("bearer.", "google."): value
        for key, value in {**TRUST, **HEARS}.items()
    }
    named["authenticators"] = "session google=bearer"
    every = {f"sessiontoken.{key}": value for key, value in named.items()}
    config = Configurator(settings=every)
    config.include("pyramid_sessiontoken")
    config.commit()

    assert config.registry.getUtility(IRoutesMapper).get_route(
        "sessiontoken.logout.google"
    )
