"""One table has all settings, and shows them."""

import dataclasses

import pytest
from support import KEY, OTHER_KEY
from support.settings import assert_bad_value_is_told, read, value_of
from support.tokens import FIRST, SECOND

from pyramid_sessiontoken.config.row import PREFIX
from pyramid_sessiontoken.config.settings import (
    BUILT_IN,
    TABLE,
    settings_of,
)

#: All keys of the contract.
CONTRACT = """
authenticators combine realm challenge require_tls keys keys.rotate token.keys
expiry.absolute expiry.sliding expiry.persistent.absolute
expiry.persistent.sliding expiry.renew_after expiry.clock_skew
expiry.renew_on expiry.policy token.path token.scheme token.header token.issuer
token.audience token.algorithm token.form token.exchange
token.renewal_header token.introspectors cookie.name cookie.secure
cookie.httponly cookie.samesite cookie.path cookie.domain cookie.persistent
cookie.transform cookie.form cookie.chunk_size cookie.max_chunks cross_site
repository repository.url repository.table repository.schema
repository.prefix repository.timeout repository.pool_size
repository.cache_size repository.cache_ttl repository.invalidation
repository.purge repository.grace
session_store revocation revocation.strict sessions.device
sessions.limit sessions.over_limit stamp stamp.every
basic.check basic.htpasswd
bearer.issuer bearer.audience
bearer.audience_claim bearer.type bearer.logout_path bearer.logout_audience
bearer.algorithms bearer.key bearer.jwks bearer.userid bearer.claims
api_key.header api_key.check access_token.prefix access_token.lifetime
client_certificate.source
client_certificate.verify client_certificate.success
client_certificate.trusted_proxies
client_certificate.subject client_certificate.issuer
client_certificate.thumbprint client_certificate.check
client_certificate.userid client_certificate.bind remote_user.environ
remote_user.header remote_user.trusted_proxies address.header
address.trusted_proxies throttle.attempts throttle.by
throttle.storage claims_transformer user_loader principals authorization
forbidden_view login_url impersonation.principals impersonation.check
stepup.max_age stepup.url javascript.path audit metrics
cors.origins cookie.partitioned metadata.resource metadata.scopes
""".split()


#: What the contract's table says of those that are there.
DEFAULTS = {
    "authenticators": ("session", "cookie"),
    "realm": "session",
    "challenge": None,
    "require_tls": True,
    "keys.rotate": None,
    "token.keys": None,
    "expiry.absolute": 36000,
    "expiry.sliding": 3600,
    "expiry.persistent.absolute": 36000,
    "expiry.persistent.sliding": 3600,
    "expiry.renew_after": 0.5,
    "expiry.clock_skew": 30,
    "expiry.renew_on": "any",
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
    "sessions.limit": None,
    "sessions.over_limit": "end_oldest",
    "stamp": None,
    "stamp.every": 300,
    "basic.check": None,
    "basic.htpasswd": None,
    "claims_transformer": None,
    "user_loader": None,
    "principals": None,
    "authorization": "acl",
    "forbidden_view": True,
    "login_url": None,
    "impersonation.principals": None,
    "impersonation.check": None,
    "stepup.max_age": 300,
    "stepup.url": None,
    "javascript.path": None,
    "revocation.strict": "never",
    "audit": None,
    "metrics": None,
}


#: What a key may not be without.
BESIDE = {
    "sessions.over_limit": {
        "sessions.limit": "1",
        "repository": "memory",
        "token.form": "reference",
        "cookie.form": "reference",
    }
}


def test_every_key_of_the_contract_is_in_the_table():
    assert set(TABLE) == set(CONTRACT)


@pytest.mark.parametrize("key", TABLE)
def test_every_row_has_a_meaning_and_reads_its_own_default(key):
    row = TABLE[key]

    assert row.key == key
    assert row.meaning
    assert row.kind.allowed
    if row.default is not None:
        off = row.default == "off"
        given = {key: row.default, **BESIDE.get(key, {})}
        parsed, faults = read(given)
        assert faults == []
        assert (parsed.value(key) is None) == off


def test_the_defaults_are_those_of_the_contract():
    parsed, faults = read()

    assert faults == []
    assert {key: parsed.value(key) for key in DEFAULTS} == DEFAULTS


def test_every_row_has_a_field_of_its_own():
    values = {key: f"the value of {key}" for key in TABLE}

    parsed = settings_of(values, {}, frozenset(TABLE), {})

    assert {key: parsed.value(key) for key in TABLE} == values


def test_the_settings_are_immutable():
    parsed, _ = read()

    with pytest.raises(dataclasses.FrozenInstanceError):
        parsed.require_tls = False


def spellings(text):
    return [text, text[:16], repr(FIRST.secret)[2:20]]


def test_printed_settings_show_no_key():
    parsed, _ = read({"token.keys": OTHER_KEY})

    for printed in (repr(parsed), str(parsed), f"{parsed}"):
        assert not [text for text in spellings(OTHER_KEY) if text in printed]


def test_printed_settings_show_no_option_of_an_own_object():
    """Nobody knows which of them is a password."""
    parsed, faults = read(
        {
            "claims_transformer": "json:loads",
            "claims_transformer.url": "ldap://admin:hunter2@directory",
        }
    )

    assert faults == []
    assert "hunter2" not in repr(parsed)


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
def test_a_setting_is_printed_readably(key, value, shown):
    parsed, _ = read({key: value})

    if shown is None:
        shown = f"key {FIRST.kid!r}, key {SECOND.kid!r}"
    assert parsed.show(key) == shown


@pytest.mark.parametrize("key", TABLE)
def test_printed_settings_contain_no_secret(key):
    parsed, _ = read({"token.keys": OTHER_KEY})

    assert not [text for text in spellings(KEY) if text in parsed.show(key)]
    assert OTHER_KEY[:16] not in parsed.show(key)


def test_advice_is_given_to_choose_issuer_and_audience():
    parsed, _ = read()

    advice = list(parsed.advice())

    assert len(advice) == 2
    assert advice[0].startswith(f"{PREFIX}token.issuer is the default")
    assert advice[1].startswith(f"{PREFIX}token.audience is the default")
    assert list(parsed.warnings()) == []


def test_good_settings_cause_no_advice():
    parsed, _ = read({"token.issuer": "me", "token.audience": "you"})

    assert list(parsed.advice()) == []


def test_settings_for_development_cause_warnings():
    parsed, _ = read(
        {
            "keys": "ephemeral",
            "token.keys": "ephemeral",
            "require_tls": "false",
        }
    )

    warnings = list(parsed.warnings())

    assert len(warnings) == 4
    assert warnings[0].startswith(f"{PREFIX}require_tls = false")
    assert warnings[1].startswith("cookies are not Secure over http")
    assert f"set {PREFIX}cookie.secure = true" in warnings[1]
    assert warnings[2].startswith(f"{PREFIX}keys = ephemeral")
    assert warnings[3].startswith(f"{PREFIX}token.keys = ephemeral")
    assert list(parsed.advice())[2:] == warnings


def test_the_default_authenticators_are_built_in():
    assert set(DEFAULTS["authenticators"]) < set(BUILT_IN)


def test_a_default_value_is_printed():
    parsed, _ = read()
    assert parsed.show("throttle.storage") == "memory"


@pytest.mark.parametrize(
    ("key", "value", "parsed"),
    [
        ("require_tls", "off", False),
        ("require_tls", False, False),
        ("cross_site", "allow", "allow"),
    ],
)
def test_a_value_is_read(key, value, parsed):
    assert value_of(key, value) == parsed


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("require_tls", "ture", "neither true nor false"),
        ("require_tls", "", "neither true nor false"),
        ("cross_site", "refused", "not one of them"),
    ],
)
def test_a_bad_value_is_reported_and_the_default_is_used(key, value, why):
    assert_bad_value_is_told(key, value, why)
