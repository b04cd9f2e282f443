"""One table parses all settings, and finds all faults at once."""

import dataclasses
import json
import uuid

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pyramid.exceptions import ConfigurationError
from support.tokens import BASE64URL, FIRST, SECOND, make_jwt, make_ticket

from pyramid_sessiontoken.config.authenticators import split_item
from pyramid_sessiontoken.config.kinds import Named
from pyramid_sessiontoken.config.reader import raise_faults, read_settings
from pyramid_sessiontoken.config.registered import Registered
from pyramid_sessiontoken.config.row import PREFIX
from pyramid_sessiontoken.config.settings import (
    BUILT_IN,
    PLANNED,
    TABLE,
    settings_of,
)
from pyramid_sessiontoken.expiry import ExpiryPolicy
from pyramid_sessiontoken.keys.base64url import encode_base64url
from pyramid_sessiontoken.keys.ring import Key

KEY = encode_base64url(FIRST.secret)
OTHER_KEY = encode_base64url(SECOND.secret)
SHORT_KEY = encode_base64url(SECOND.secret[:32])
NOBODY = Registered()
BELIEVED = {"client_certificate.issuer": "CN=CA"}

#: All keys of the contract.
CONTRACT = """
authenticators combine realm challenge require_tls keys token.keys
expiry.absolute expiry.sliding expiry.renew_after expiry.clock_skew
expiry.policy token.path token.scheme token.header token.issuer
token.audience token.algorithm token.form token.exchange
token.renewal_header token.introspectors cookie.name cookie.secure
cookie.httponly cookie.samesite cookie.path cookie.domain cookie.persistent
cookie.transform cookie.form cookie.chunk_size cookie.max_chunks cross_site
repository repository.url repository.table repository.prefix
repository.timeout repository.pool_size repository.cache_size
repository.cache_ttl repository.invalidation session_store revocation
sessions.device basic.check basic.htpasswd bearer.issuer bearer.audience
bearer.algorithms bearer.key bearer.jwks bearer.userid bearer.claims
api_key.header api_key.check client_certificate.source
client_certificate.verify client_certificate.trusted_proxies
client_certificate.subject client_certificate.issuer
client_certificate.thumbprint client_certificate.check
client_certificate.userid client_certificate.bind remote_user.environ
remote_user.header remote_user.trusted_proxies throttle.attempts throttle.by
throttle.storage claims_transformer user_loader principals authorization
forbidden_view login_url javascript.path
""".split()

#: What the contract's table says of those that are there.
DEFAULTS = {
    "authenticators": ("session", "cookie"),
    "realm": "session",
    "challenge": None,
    "require_tls": True,
    "token.keys": None,
    "expiry.absolute": 36000,
    "expiry.sliding": 3600,
    "expiry.renew_after": 0.5,
    "expiry.clock_skew": 30,
    "expiry.policy": None,
    "token.path": "/token",
    "token.scheme": "Session",
    "token.header": "Authorization",
    "token.issuer": "pyramid_sessiontoken",
    "token.audience": "pyramid_sessiontoken",
    "token.algorithm": "HS256",
    "token.exchange": None,
    "token.renewal_header": "Session-Token",
    "cookie.secure": True,
    "cookie.httponly": True,
    "cookie.samesite": "Lax",
    "cookie.path": "/",
    "cookie.domain": None,
    "cookie.persistent": False,
    "cookie.transform": "signed",
    "cookie.form": "self-contained",
    "cookie.chunk_size": 3800,
    "cookie.max_chunks": 2,
    "cross_site": "refuse",
    "basic.check": None,
    "basic.htpasswd": None,
    "claims_transformer": None,
    "user_loader": None,
    "principals": None,
    "authorization": "acl",
    "forbidden_view": True,
    "login_url": None,
}


def prefixed(given):
    return {PREFIX + key: value for key, value in given.items()}


def read(given=(), registered=NOBODY, **others):
    """Read some settings beside a good key; give the values and the faults."""
    every = {"keys": KEY, **dict(given)}
    return read_settings({**prefixed(every), **others}, registered)


def value_of(key, value):
    """Give what a value is read as, where nothing is at fault."""
    parsed, faults = read({key: value})
    assert faults == []
    return parsed.value(key)


def only_fault(given, registered=NOBODY):
    _, faults = read(given, registered)
    (fault,) = faults
    return fault


# The table.


def test_every_key_of_the_contract_is_in_the_table_or_planned():
    assert set(TABLE) | PLANNED == set(CONTRACT)
    assert set(TABLE) & PLANNED == set()


@pytest.mark.parametrize("key", TABLE)
def test_every_row_says_what_it_means_and_parses_its_own_default(key):
    row = TABLE[key]

    assert row.key == key
    assert row.meaning
    assert row.kind.allowed
    if row.default is not None:
        off = row.default == "off"
        assert (value_of(key, row.default) is None) == off


def test_the_defaults_are_those_of_the_contract():
    parsed, faults = read()

    assert faults == []
    assert {key: parsed.value(key) for key in DEFAULTS} == DEFAULTS


def test_every_row_has_a_field_of_its_own():
    values = {key: f"the value of {key}" for key in TABLE}

    parsed = settings_of(values, {}, frozenset())

    assert {key: parsed.value(key) for key in TABLE} == values


def test_settings_of_others_are_not_ours():
    _, faults = read(
        pyramid_includes="x", **{"sessiontokens.keys": "x", "keys": "y"}
    )

    assert faults == []


def test_it_is_remembered_what_was_given():
    parsed, _ = read({"realm": "mine", "login_url": None})

    assert parsed.given == {"keys", "realm"}


def test_nobody_changes_the_settings():
    parsed, _ = read()

    with pytest.raises(dataclasses.FrozenInstanceError):
        parsed.require_tls = False


# What is read.


@pytest.mark.parametrize(
    ("key", "value", "parsed"),
    [
        ("authenticators", "session", ("session",)),
        ("authenticators", ["session", "cookie"], ("session", "cookie")),
        ("authenticators", "\nsession,\ncookie\n", ("session", "cookie")),
        ("require_tls", "off", False),
        ("require_tls", False, False),
        ("expiry.absolute", "14d", 14 * 86400),
        ("expiry.absolute", 7200, 7200),
        ("expiry.sliding", "off", None),
        ("expiry.sliding", False, None),
        ("expiry.sliding", "10h", 36000),
        ("expiry.clock_skew", "5m", 300),
        ("expiry.clock_skew", "0", 0),
        ("token.renewal_header", "off", None),
        ("token.scheme", "Bearer", "Bearer"),
        ("token.path", "/auth/token", "/auth/token"),
        ("cross_site", "allow", "allow"),
        ("authorization", "authenticated", "authenticated"),
        ("authorization", "json:loads", Named("json:loads", json.loads)),
        ("user_loader", "json:loads", Named("json:loads", json.loads)),
        ("challenge", "Session Basic", ("Session", "Basic")),
        ("token.exchange", "session", ("session",)),
        ("login_url", "/login", "/login"),
        ("cookie.transform", "encrypted", "encrypted"),
        ("cookie.samesite", "Strict", "Strict"),
        ("cookie.chunk_size", "100", 100),
        ("cookie.chunk_size", "3900", 3900),
        ("cookie.max_chunks", "1", 1),
        ("cookie.max_chunks", "20", 20),
    ],
)
def test_a_value_is_read(key, value, parsed):
    assert value_of(key, value) == parsed


def test_keys_are_read_in_their_order():
    assert value_of("keys", f"{OTHER_KEY} {KEY}") == (SECOND, FIRST)
    assert value_of("token.keys", OTHER_KEY) == (SECOND,)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({}, "__Host-sessiontoken"),
        ({"cookie.path": "/app"}, "__Secure-sessiontoken"),
        ({"cookie.domain": "example.org"}, "__Secure-sessiontoken"),
        ({"cookie.secure": "false"}, "sessiontoken"),
        ({"cookie.secure": "false", "cookie.path": "/app"}, "sessiontoken"),
        ({"cookie.name": "mine"}, "mine"),
        ({"cookie.name": "__Secure-mine"}, "__Secure-mine"),
    ],
)
def test_a_cookie_has_the_strictest_name_that_is_allowed(given, name):
    parsed, faults = read(given)

    assert faults == []
    assert parsed.cookie.full_name == name


@pytest.mark.parametrize(
    ("item", "split"),
    [
        ("session", ("session", None)),
        ("mine=my.module:attribute", ("mine", "my.module:attribute")),
        ("my.module:attribute", ("attribute", "my.module:attribute")),
        ("my.module.attribute", ("attribute", "my.module.attribute")),
        ("my.module:a.b", ("b", "my.module:a.b")),
        ("mine=", ("mine", "")),
    ],
)
def test_an_authenticator_of_ones_own_has_a_name(item, split):
    assert split_item(item) == split


def test_names_of_authenticators_in_their_order():
    parsed, faults = read({"authenticators": "a=json:loads session uuid.UUID"})

    assert faults == []
    assert parsed.authenticators.names == ("a", "session", "UUID")


def test_options_of_what_dotted_names_make_are_theirs():
    parsed, faults = read(
        {
            "authenticators": "session mine=json:loads uuid.UUID",
            "mine.colour": "red",
            "mine.deep.down": 5,
            "UUID.bytes": "x",
            "claims_transformer": "json:loads",
            "claims_transformer.roles": "a b",
            "expiry.policy": "json:loads",
            "expiry.policy.weekend": "off",
            "cookie.transform": "json:loads",
            "cookie.transform.rounds": "5",
            "user_loader": "json:loads",
            "user_loader.table": "users",
            "principals": "json:loads",
            "principals.prefix": "ldap:",
        }
    )

    assert faults == []
    assert parsed.options == {
        "mine": {"colour": "red", "deep.down": 5},
        "UUID": {"bytes": "x"},
        "claims_transformer": {"roles": "a b"},
        "expiry.policy": {"weekend": "off"},
        "cookie.transform": {"rounds": "5"},
        "user_loader": {"table": "users"},
        "principals": {"prefix": "ldap:"},
    }


@pytest.mark.parametrize(
    "key",
    [
        "mine.colour",
        "claims_transformer.roles",
        "expiry.policy.weekend",
        "cookie.transform.rounds",
        "basic.check.colour",
    ],
)
def test_options_of_nothing_are_unknown(key):
    assert f"{PREFIX}{key}: there is no such setting" in only_fault(
        {key: "red"}
    )


# What is at fault.


@pytest.mark.parametrize(
    ("key", "near"),
    [
        ("autenticators", "authenticators"),
        ("expiry.slidin", "expiry.sliding"),
        ("expiry_sliding", "expiry.sliding"),
        ("require_ssl", "require_tls"),
        ("repository.urls", "repository.url"),
        ("token.Path", "token.path"),
    ],
)
def test_a_misspelt_key_is_told_with_its_near_miss(key, near):
    fault = only_fault({key: "red"})

    assert fault.startswith(f"{PREFIX}{key}: there is no such setting")
    assert fault.endswith(f"did you mean {PREFIX}{near}?")


@pytest.mark.parametrize("key", ["zzz", "", ".", "unheard.of", "\ud800"])
def test_a_key_that_is_near_nothing_is_told_alone(key):
    assert only_fault({key: "red"}) == (
        f"{PREFIX}{key}: there is no such setting"
    )


@pytest.mark.parametrize("key", sorted(PLANNED))
def test_a_feature_that_is_not_there_yet_is_told_to_be_so(key):
    assert only_fault({key: "x"}) == (
        f"{PREFIX}{key}: this feature is not there yet"
    )


BAD_VALUES = [
    ("authenticators", "session,,basic", "empty item"),
    ("authenticators", "", "empty item"),
    ("authenticators", "session session", "twice"),
    ("authenticators", 5, "not a list"),
    ("realm", "", "empty"),
    ("realm", "a\r\nb", "control characters"),
    ("challenge", "Session,", "empty item"),
    ("require_tls", "ture", "neither true nor false"),
    ("require_tls", "", "neither true nor false"),
    ("expiry.absolute", "10 hours", "not a duration"),
    ("expiry.absolute", "0", "too little"),
    ("expiry.absolute", "off", "not a duration"),
    ("expiry.sliding", "of", "not a duration"),
    ("expiry.renew_after", "1", "out of range"),
    ("expiry.renew_after", "half", "not a number"),
    ("expiry.clock_skew", "6m", "too much"),
    ("expiry.policy", "no.such.module", "cannot be imported"),
    ("token.path", "token", "not a plain path"),
    ("token.scheme", "Two Words", "characters"),
    ("token.header", "X Token", "characters"),
    ("token.issuer", " ", "empty"),
    ("token.algorithm", "none", "not one of them"),
    ("token.algorithm", "RS256", "not one of them"),
    ("token.exchange", "session,", "empty item"),
    ("token.renewal_header", "a b", "characters"),
    ("cookie.name", "a b", "characters"),
    ("cookie.secure", "2", "neither true nor false"),
    ("cookie.samesite", "lax", "not one of them"),
    ("cookie.path", "app", "characters"),
    ("cookie.domain", "a b", "characters"),
    ("cookie.transform", "no.such:transform", "cannot be imported"),
    ("cookie.chunk_size", "99", "out of range"),
    ("cookie.chunk_size", "3901", "out of range"),
    ("cookie.max_chunks", "0", "out of range"),
    ("cookie.max_chunks", "21", "out of range"),
    ("cross_site", "refused", "not one of them"),
    ("basic.check", "json:nothing", "cannot be imported"),
    ("basic.check", "string:digits", "cannot be called"),
    ("client_certificate.source", "SSL_CLIENT_CERT", "neither environ:NAME"),
    ("client_certificate.source", "environ:HTTP_CERT", "anybody can send"),
    ("client_certificate.subject", "alice", "'alice' is no name"),
    ("client_certificate.issuer", "CN=a\nC=Germany", "is no name ("),
    ("client_certificate.thumbprint", "ab:cd", "no SHA-256 digest"),
    ("client_certificate.userid", "CN", "not one of them"),
    ("client_certificate.trusted_proxies", "0.0.0.0/0", "is everything"),
    ("remote_user.environ", "HTTP_REMOTE_USER", "anybody can send"),
    ("remote_user.trusted_proxies", "proxy", "is no network"),
    ("claims_transformer", "", "empty"),
    ("user_loader", "no_such_module:load", "cannot be imported"),
    ("principals", "string:digits", "cannot be called"),
    ("authorization", "authentic", "cannot be imported"),
    ("forbidden_view", "maybe", "neither true nor false"),
    ("login_url", "", "empty"),
]


@pytest.mark.parametrize(("key", "value", "why"), BAD_VALUES)
def test_a_bad_value_is_told_with_what_is_allowed_and_what_was_found(
    key, value, why
):
    fault = only_fault({key: value})

    assert fault.startswith(f"{PREFIX}{key}: ")
    assert why in fault
    assert f"found {value!r}" in fault
    assert fault.endswith(f"allowed: {TABLE[key].kind.allowed}")


@pytest.mark.parametrize(("key", "value", "why"), BAD_VALUES)
def test_with_a_bad_value_the_default_stands(key, value, why):
    """So that the other settings can be read, and their faults be told."""
    parsed, _ = read({key: value})
    defaults, _ = read()

    assert parsed == defaults


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            {"expiry.sliding": "11h"},
            ["expiry.sliding: 39600s is longer", "expiry.absolute, 36000s"],
        ),
        ({"expiry.absolute": "30m"}, ["expiry.sliding", "expiry.absolute"]),
        (
            {"authenticators": "session basic"},
            ["authenticators: 'basic' needs", "basic.check", "basic.htpasswd"],
        ),
        (
            {"basic.check": "json:loads", "basic.htpasswd": "users"},
            ["basic.check", "basic.htpasswd", "exclude each other"],
        ),
        (
            {"authenticators": "session client_certificate"},
            [
                "authenticators: 'client_certificate' needs at least one of",
                "client_certificate.subject, .issuer, .thumbprint and .check",
            ],
        ),
        (
            {"client_certificate.source": "header:Client-Cert"},
            [
                "client_certificate.source: anybody can send a header",
                "needs sessiontoken.client_certificate.trusted_proxies",
            ],
        ),
        (
            {"client_certificate.verify": "header:X-Verify"},
            ["client_certificate.verify: anybody can send", "trusted_proxies"],
        ),
        (
            {"client_certificate.bind": "true"},
            ["client_certificate.bind needs 'client_certificate' among"],
        ),
        (
            {"remote_user.header": "X-User"},
            [
                "remote_user.header: anybody can send a header",
                "needs sessiontoken.remote_user.trusted_proxies",
            ],
        ),
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
        (
            {"token.exchange": "session basic"},
            ["token.exchange: 'basic' is none of", "authenticators"],
        ),
        (
            {
                "authenticators": "session basic",
                "basic.check": "json:loads",
                "token.scheme": "bASIC",
            },
            ["token.scheme: Basic", "'basic'"],
        ),
        ({"token.header": "cookie"}, ["token.header: Cookie"]),
        (
            {"login_url": "//attacker.example/"},
            ["login_url", "one leading slash", "'//attacker.example/'"],
        ),
        (
            {"login_url": "/\\attacker.example/"},
            ["login_url", "one leading slash"],
        ),
        (
            {"cookie.samesite": "None", "cookie.secure": "false"},
            ["cookie.samesite: None needs", "cookie.secure"],
        ),
        (
            {"cookie.name": "__Secure-a", "cookie.secure": "false"},
            ["cookie.name: '__Secure-a' needs", "cookie.secure"],
        ),
        (
            {"cookie.name": "__hOST-a", "cookie.secure": "false"},
            ["cookie.name: '__hOST-a' needs", "cookie.secure"],
        ),
        (
            {"cookie.name": "__Host-a", "cookie.path": "/app"},
            ["cookie.name: '__Host-a' needs", "cookie.path = /"],
        ),
        (
            {"cookie.name": "__Host-a", "cookie.domain": "example.org"},
            ["cookie.name: '__Host-a' allows no", "cookie.domain"],
        ),
        (
            {"cookie.chunk_size": "3900", "cookie.name": "a" * 194},
            ["cookie.chunk_size", "4096"],
        ),
        (
            {"token.algorithm": "HS512", "token.keys": SHORT_KEY},
            ["token.keys", "32 bytes", "HS512 needs 64"],
        ),
        ({"token.keys": SHORT_KEY[:40]}, ["token.keys", "30 bytes"]),
        (
            {"token.keys": f"{OTHER_KEY} {KEY}"},
            ["token.keys: a key of", f"{PREFIX}keys is among them"],
        ),
        (
            {"token.form": "reference"},
            ["token.form: reference needs", "repository"],
        ),
        (
            {"cookie.form": "reference"},
            ["cookie.form: reference needs", "repository"],
        ),
        ({"revocation": "on"}, ["revocation: on needs", "repository"]),
        (
            {"repository": "sqlalchemy"},
            ["repository.url: sqlalchemy needs one"],
        ),
        ({"repository": "redis"}, ["repository.url: redis needs one"]),
        ({"keys": encode_base64url(b"a" * 64)}, ["keys", "repeated byte"]),
        (
            {"keys": encode_base64url(b"my secret " * 4)},
            ["keys", "placeholder", "psessiontoken keygen"],
        ),
    ],
)
def test_a_contradiction_is_told(given, words):
    fault = only_fault(given)

    assert fault.startswith(PREFIX)
    assert [word for word in words if word not in fault] == []


@pytest.mark.parametrize(
    "given",
    [
        {"expiry.sliding": "10h"},
        {"expiry.absolute": "1h"},
        {"expiry.sliding": "off", "expiry.absolute": "5m"},
        {"authenticators": "basic", "basic.check": "json:loads"},
        {"authenticators": "basic", "basic.htpasswd": "users"},
        {"authenticators": "remote_user"},
        {"remote_user.header": "X", "remote_user.trusted_proxies": "::1"},
        {"authenticators": "client_certificate", **BELIEVED},
        {
            "authenticators": "client_certificate",
            **BELIEVED,
            "client_certificate.bind": "true",
            "client_certificate.source": "header:Client-Cert",
            "client_certificate.verify": "header:X-Verify",
            "client_certificate.trusted_proxies": "10.1.0.0/16",
        },
        {"cookie.samesite": "None"},
        {"cookie.chunk_size": "3900", "cookie.name": "a" * 193},
        {"token.keys": OTHER_KEY},
        {"token.algorithm": "HS512"},
        {"token.exchange": "cookie"},
        {"token.scheme": "Basic"},
        {"login_url": "/login//here"},
        {"token.form": "reference", "repository": "memory"},
        {"cookie.form": "reference", "session_store": "json:loads"},
        {"revocation": "on", "repository": "registered"},
        {"revocation": "off"},
        {"repository": "redis", "repository.url": "redis://localhost"},
    ],
)
def test_what_is_just_allowed(given):
    _, faults = read(given)

    assert faults == []


# Keys.


def test_without_keys_the_start_fails_and_says_how_to_make_one():
    _, faults = read_settings({}, NOBODY)

    (fault,) = faults
    assert fault.startswith(f"{PREFIX}keys: there are none")
    assert "psessiontoken keygen" in fault
    assert f"{PREFIX}keys = ephemeral" in fault


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("keys", "changeme"),
        ("keys", f"{KEY} {KEY}=="),
        ("keys", f"{KEY} {KEY}"),
        ("keys", f"{KEY},"),
        ("keys", ""),
        ("keys", f"{KEY}!"),
        ("keys", f"env:SESSIONTOKEN_THAT_IS_NOT_SET {KEY}"),
        ("keys", f"file:/there/is/no/such/file {KEY}"),
        ("keys", {"k": KEY}),
        ("keys", [KEY.encode()]),
        ("keys", Key.of(KEY.encode())),
        ("token.keys", f"{KEY} x"),
    ],
)
def test_a_bad_key_is_told_and_never_shown(key, value):
    fault = only_fault({key: value})

    assert fault.startswith(f"{PREFIX}{key}: ")
    assert "found" not in fault
    assert KEY[:12] not in fault
    assert fault.endswith(f"allowed: {TABLE[key].kind.allowed}")


def test_a_kid_that_comes_twice_is_a_fault(tmp_path):
    path = tmp_path / "keys.jwks"
    members = [
        {"kty": "oct", "kid": "a", "k": text} for text in (KEY, OTHER_KEY)
    ]
    path.write_text(json.dumps({"keys": members}))

    fault = only_fault({"keys": f"file:{path}"})

    assert fault.startswith(f"{PREFIX}keys: a 'kid' comes twice")
    assert KEY[:12] not in fault


# A text that stands nowhere else.
SECRETS = st.text(BASE64URL, max_size=60).map("qZ9_Xw7-{}".format)


@given(
    SECRETS,
    st.sampled_from(
        [
            "{}",
            "{} {}",
            "{},",
            "{}!",
            " {}\n",
            "ephemeral {}",
            '{{"keys":[{{"k":"{}"}}]}}',
            "env:NOTHING {}",
            "{}\0",
        ]
    ),
    st.sampled_from(["keys", "token.keys", "kyes", "token.secret", "key"]),
)
def test_no_fault_ever_contains_a_secret(secret, form, key):
    """Not the value of a key that is no good, nor that of a misspelt one."""
    _, faults = read({key: form.format(*[secret] * 2)})

    assert not [fault for fault in faults if secret in fault]


@given(
    SECRETS,
    st.sampled_from(
        [
            "{}",
            "{} {}",
            '{{"keys":[{{"kty":"oct","kid":"a","k":"{}"}}]}}',
            '{{"keys":[{{"kty":"oct","k":"{}"}}]}}',
            '{{"keys":[{{"kty":"oct","kid":"a","k":"{}!"}}]}}',
            '{{"keys":["{}"]}}',
            '{{"keys":"{}"}}',
            '{{"k":"{}"',
        ]
    ),
)
def test_nor_does_one_about_a_file_of_keys(tmp_path_factory, secret, form):
    path = tmp_path_factory.getbasetemp() / "keys"
    path.write_text(form.format(*[secret] * 2))

    _, faults = read({"keys": f"file:{path}"})

    assert not [fault for fault in faults if secret in fault]


# What the application registered itself.


def test_a_ring_that_the_application_registered_needs_no_setting():
    _, faults = read_settings({}, Registered(keys=True))

    assert faults == []


def test_an_authenticator_that_the_application_registered_is_known():
    registered = Registered(frozenset({"kerberos"}))

    assert read({"authenticators": "kerberos"}, registered)[1] == []
    assert "did you mean 'kerberos'?" in only_fault(
        {"authenticators": "kerbros"}, registered
    )


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
def test_an_api_key_and_a_session_token_are_told_apart(header):
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


def test_a_basic_authenticator_of_the_applications_own_needs_no_check():
    registered = Registered(frozenset({"basic"}))

    assert read({"authenticators": "basic"}, registered)[1] == []


def test_what_may_still_be_registered_is_no_fault():
    registered = Registered(complete=False)

    assert read({"authenticators": "kerberos"}, registered)[1] == []


# All at once.


def test_all_faults_are_told_at_once():
    bad = {
        "keys": "changeme",
        "realm": "",
        "require_tls": "ture",
        "expiry.absolute": "1h",
        "expiry.sliding": "2h",
        "token.algorithm": "HS1",
        "authenticators": "sesion",
        "token.exchange": "basic",
        "user_loader": "no.such:loader",
        "cookie.samesite": "None",
        "cookie.secure": "no",
        "autorization": "acl",
    }

    _, faults = read_settings(prefixed(bad), NOBODY)

    told = [fault.partition(": ")[0].removeprefix(PREFIX) for fault in faults]
    # Of two that contradict each other, one is named first.
    assert sorted(told) == sorted(
        bad.keys() - {"expiry.absolute", "cookie.secure"}
    )


@pytest.mark.parametrize(
    ("broken", "contradicting", "words"),
    [
        (
            {"basic.check": "no.such:check"},
            {"authenticators": "sesion"},
            "no authenticator 'sesion'",
        ),
        (
            {"cookie.path": "app"},
            {"cookie.samesite": "None", "cookie.secure": "no"},
            "cookie.samesite: None needs",
        ),
        (
            {"token.keys": "x"},
            {"keys": SHORT_KEY[:40]},
            "it has 30 bytes",
        ),
    ],
)
def test_one_fault_hides_no_other(broken, contradicting, words):
    """Who mends the one that was told must not find another behind it."""
    alone = only_fault(contradicting)
    assert words in alone

    _, faults = read({**broken, **contradicting})

    assert alone in faults


def test_one_error_lists_all_faults():
    with pytest.raises(ConfigurationError) as caught:
        raise_faults(["first: a", "second: b"])

    assert str(caught.value) == (
        "pyramid_sessiontoken cannot start; faults: 2\n- first: a\n- second: b"
    )


def test_without_faults_there_is_no_error():
    assert raise_faults([]) is None


INI_VALUES = (
    st.text()
    | st.text("abz059 ,.:/=-_\n\0{}[]\"'")
    | st.sampled_from(
        [
            "",
            "..",
            ".",
            ":",
            "off",
            "on",
            "0",
            "1h",
            "nan",
            "=",
            "a=",
            "\ud800",
        ]
    )
)
VALUES = (
    INI_VALUES
    | st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.binary()
    | st.lists(INI_VALUES, max_size=3)
    | st.tuples(INI_VALUES)
    | st.dictionaries(INI_VALUES, INI_VALUES, max_size=2)
    | st.just(uuid)
)


def check_faults(given, faults):
    for fault in faults:
        assert fault.startswith(PREFIX)
        keys = [*TABLE, *given]
        assert [key for key in keys if fault.startswith(f"{PREFIX}{key}")]


@settings(max_examples=300)
@given(st.sampled_from([*TABLE]), INI_VALUES)
@example("user_loader", "..")
def test_whatever_an_ini_says_it_is_read_or_told(key, value):
    given = {key: value}

    _, faults = read(given)

    check_faults(given, faults)


@settings(max_examples=300)
@given(
    st.dictionaries(st.sampled_from([*TABLE]) | st.text(), VALUES, max_size=4)
)
@example({"require_tls": None})
@example({"expiry.renew_after": [0.5]})
def test_whatever_the_settings_are_they_are_read_or_told(given):
    _, faults = read(given)

    check_faults(given, faults)


def test_a_number_that_cannot_be_written_is_told_as_a_fault():
    """Python writes no integer of more than 4,300 digits."""
    _, faults = read({"expiry.absolute": 10**5000})

    assert [fault for fault in faults if "expiry.absolute" in fault]


@pytest.mark.parametrize("key", ["require_tls", "cookie.httponly"])
def test_none_never_switches_a_protection_off(key):
    """Say, of a variable of the environment that is not set."""
    parsed, faults = read({key: None})

    assert parsed.value(key) is True or faults


def test_a_session_that_may_last_for_ages_can_still_be_read():
    """What the settings allow must give tokens that are not refused."""
    parsed, faults = read({"expiry.absolute": "999999999999d"})
    if faults:
        return
    policy = ExpiryPolicy(parsed.expiry.absolute, parsed.expiry.sliding)
    times = policy.begin(1_800_000_000)
    ticket = make_ticket(
        iat=times.iat,
        exp=times.exp,
        auth_time=times.iat,
        session_end=times.session_end,
    )

    reader = make_jwt()
    assert reader.decode(reader.encode(ticket)) == ticket


# What is shown.


def spellings(text):
    return [text, text[:16], repr(FIRST.secret)[2:20]]


def test_printed_settings_show_no_key():
    parsed, _ = read({"token.keys": OTHER_KEY})

    for printed in (repr(parsed), str(parsed), f"{parsed}"):
        assert not [text for text in spellings(OTHER_KEY) if text in printed]


def test_printed_settings_show_no_option_of_an_applications_own_part():
    """Nobody knows which of them is a password."""
    parsed, faults = read(
        {
            "claims_transformer": "json:loads",
            "claims_transformer.url": "ldap://admin:hunter2@directory",
        }
    )

    assert faults == []
    assert "hunter2" not in repr(parsed)


def test_the_url_of_a_repository_holds_a_password_and_is_not_shown():
    url = "postgresql://me:hunter2@host/sessions"
    parsed, faults = read({"repository": "sqlalchemy", "repository.url": url})

    assert faults == []
    assert parsed.repository.url == url
    assert parsed.show("repository.url") == "(secret)"
    assert "hunter2" not in repr(parsed)


def test_a_faulty_url_of_a_repository_is_not_shown():
    fault = only_fault({"repository.url": "redis://:hunter2@host/\n0"})

    assert fault.startswith(f"{PREFIX}repository.url: ")
    assert "hunter2" not in fault


@pytest.mark.parametrize(
    ("key", "value", "shown"),
    [
        ("realm", "my realm", "my realm"),
        ("require_tls", "off", "false"),
        ("require_tls", "on", "true"),
        ("expiry.absolute", "10h", "36000"),
        ("expiry.sliding", "off", "-"),
        ("authenticators", "session,cookie", "session cookie"),
        ("user_loader", "json:loads", "json:loads"),
        ("login_url", "/login", "/login"),
        ("keys", f"{KEY} {OTHER_KEY}", None),
    ],
)
def test_a_setting_is_shown_as_people_read_it(key, value, shown):
    parsed, _ = read({key: value})

    if shown is None:
        shown = f"key {FIRST.kid!r}, key {SECOND.kid!r}"
    assert parsed.show(key) == shown


@pytest.mark.parametrize("key", TABLE)
def test_whatever_is_shown_is_no_secret(key):
    parsed, _ = read({"token.keys": OTHER_KEY})

    assert not [text for text in spellings(KEY) if text in parsed.show(key)]
    assert OTHER_KEY[:16] not in parsed.show(key)


def test_a_name_of_ones_own_is_advised():
    parsed, _ = read()

    advice = list(parsed.advice())

    assert len(advice) == 2
    assert advice[0].startswith(f"{PREFIX}token.issuer is the default")
    assert advice[1].startswith(f"{PREFIX}token.audience is the default")
    assert list(parsed.warnings()) == []


def test_where_all_is_well_there_is_nothing_to_advise():
    parsed, _ = read({"token.issuer": "me", "token.audience": "you"})

    assert list(parsed.advice()) == []


def test_what_is_for_development_only_is_warned_of():
    parsed, _ = read({"keys": "ephemeral", "require_tls": "false"})

    warnings = list(parsed.warnings())

    assert len(warnings) == 2
    assert warnings[0].startswith(f"{PREFIX}require_tls = false")
    assert warnings[1].startswith(f"{PREFIX}keys = ephemeral")
    assert list(parsed.advice())[2:] == warnings


def test_the_library_brings_its_own_authenticators():
    assert set(DEFAULTS["authenticators"]) < set(BUILT_IN)


# All faults at once.


@pytest.mark.parametrize(
    ("given", "named"),
    [
        (
            {
                "authenticators": "session bearer",
                "bearer.algorithms": "RS265",
            },
            ["bearer.algorithms", "authenticators: 'bearer' needs"],
        ),
        (
            {
                "authenticators": "session client_certificate",
                "client_certificate.issuer": "garbage",
                "client_certificate.source": "header:Client-Cert",
            },
            ["client_certificate.issuer", "client_certificate.source"],
        ),
        (
            {"keys": "AAAA", "token.algorithm": "HS257"},
            ["token.algorithm", "keys: key 1 is refused"],
        ),
        (
            {
                "cookie.name": "__Host-x",
                "cookie.path": "nope",
                "cookie.domain": "example.com",
            },
            ["cookie.path", "cookie.name"],
        ),
        (
            {"token.form": "reference", "cookie.form": "refrence"},
            ["cookie.form", "token.form: reference needs"],
        ),
    ],
)
def test_a_row_at_fault_hides_no_other_fault(given, named):
    _, faults = read(given)
    for name in named:
        assert [f for f in faults if f.startswith(PREFIX + name)], faults


def test_what_stands_in_for_a_row_at_fault_contradicts_nothing():
    only_fault({"expiry.sliding": "x", "expiry.absolute": "30m"})
    only_fault({"authenticators": "session,,", "token.exchange": "basic"})


def test_options_of_what_is_at_fault_are_no_faults():
    only_fault({"authenticators": "session,,mine=a:b", "mine.opt": "1"})
    only_fault({"repository": "nowhere.at:all", "repository.colour": "red"})
    _, faults = read({"authenticators": "session,,", "cookie.nme": "x"})
    assert len(faults) == 2


def test_no_fault_shows_the_password_of_a_url():
    fault = only_fault({"bearer.jwks": "https://user:hunter2@host/x"})
    assert "hunter2" not in fault


def test_networks_that_are_everything_in_another_spelling_are_refused():
    for value in (
        "0.0.0.0/1 128.0.0.0/1",
        "::/1 8000::/1",
        "::ffff:0:0/96",
        "::ffff:0:0/97 ::ffff:128.0.0.0/97",
    ):
        fault = only_fault({"remote_user.trusted_proxies": value})
        assert "is everything" in fault


def test_advice_is_given_where_the_endpoint_s_tokens_are_not_honoured():
    parsed, _ = read({"authenticators": "cookie"})
    assert any("lacks 'session'" in advice for advice in parsed.advice())


def test_a_default_is_no_secret():
    parsed, _ = read()
    assert parsed.show("throttle.storage") == "memory"


@pytest.mark.parametrize("key", sorted(PLANNED))
def test_a_feature_that_is_not_there_yet_may_be_off(key):
    assert read({key: " off "})[1] == []
