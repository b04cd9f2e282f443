"""What the settings compose, and what stops the start."""

import gc
import weakref

import pytest
from pyramid.authentication import SessionAuthenticationPolicy
from pyramid.authorization import ACLAuthorizationPolicy
from pyramid.config import Configurator
from support import KEY, OTHER_KEY
from support.own_parts import OWN
from support.settings import faults_of_start

from pyramid_sessiontoken import demo
from pyramid_sessiontoken.config import compose
from pyramid_sessiontoken.demo import users
from pyramid_sessiontoken.expiry import ExpiryPolicy
from pyramid_sessiontoken.identity import Identity
from pyramid_sessiontoken.interfaces import (
    IClaimsTransformer,
    IExpiryPolicy,
    IKeyRing,
    IUserLoader,
)
from pyramid_sessiontoken.keys.base64url import decode_base64url
from pyramid_sessiontoken.keys.ring import Key, KeyRing


def test_without_keys_the_start_fails_and_says_how_to_make_one():
    [fault] = faults_of_start({})
    assert "psessiontoken keygen" in fault
    assert "sessiontoken.keys" in fault


def test_one_error_lists_all_faults(tmp_path):
    found = faults_of_start(
        {
            "keys": "c2hvcnQ",
            "expiry.sliding": "20h",
            "require_tls": "ture",
            "cookie.samesite": "None",
            "cookie.secure": "no",
            "cookie_name": "x",
            "authenticators": "session basic mine=no.such:thing",
            "claims_transformer": "no_such_module.Transformer",
            "login_url": "no_such_route",
        }
    )
    for key in (
        "keys",
        "expiry.sliding",
        "require_tls",
        "cookie.samesite",
        "cookie_name",
        "authenticators: 'basic' needs",
        "authenticators: it cannot be imported",
        "claims_transformer",
        "login_url",
    ):
        assert any(f"sessiontoken.{key}" in fault for fault in found), key
    assert "did you mean sessiontoken.cookie.name?" in str(found)
    assert "c2hvcnQ" not in str(found)


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        (
            {
                "token.scheme": "BASIC",
                "authenticators": "session basic",
                "basic.check": "json:loads",
            },
            "token.scheme: Basic",
        ),
        ({"token.header": "cookie"}, "token.header: Cookie"),
        ({"login_url": "//evil.example"}, "exactly one leading slash"),
        ({"login_url": "/\\evil.example"}, "exactly one leading slash"),
        ({"cookie.transform": "json:loads"}, "cookie.transform: json:loads"),
    ],
)
def test_contradicting_settings_are_a_fault(settings, text):
    [fault] = faults_of_start({"keys": KEY, **settings})
    assert text in fault


def test_settings_made_after_the_include_count():
    config = Configurator()
    config.include("pyramid_sessiontoken")
    config.add_settings({"sessiontoken.keys": KEY})
    config.make_wsgi_app()


def test_a_wrong_scheme_in_challenge_is_a_fault():
    [fault] = faults_of_start({"keys": KEY, "challenge": "Session Digest"})
    assert "'Digest'" in fault


def test_authorization_may_permit_every_signed_in_user(make):
    client = make({"authorization": "authenticated"})
    token = client.swap("bob")["access_token"]
    assert client.ask(token, "/admin").status_code == 200
    assert client.get("/admin", status=401)


def register(interface, value, name=""):
    return lambda config: config.registry.registerUtility(
        value, interface, name
    )


class Transformer:
    def transform(self, identity, request):
        return Identity(identity.userid, {"by": "registry"})


@pytest.mark.parametrize("when", ["before", "setup"])
def test_a_registered_utility_beats_the_ini_with_a_warning(
    make, module, when, caplog
):
    module(OWN)
    client = make(
        {
            "claims_transformer": "an_application:Transformer",
            "claims_transformer.role": "editor",
        },
        **{when: register(IClaimsTransformer, Transformer())},
    )
    token = client.swap()["access_token"]
    assert client.ask(token).json["claims"] == {"by": "registry"}
    assert "sessiontoken.claims_transformer is set, but" in caplog.text


def test_a_utility_may_be_swapped_while_requests_run(make):
    client = make()
    token = client.swap()["access_token"]
    registry = client.registry
    registry.registerUtility(Transformer(), IClaimsTransformer)
    registry.registerUtility(lambda identity, request: None, IUserLoader)
    assert client.ask(token).json["userid"] is None
    registry.registerUtility(lambda identity, request: "user", IUserLoader)
    assert client.ask(token).json["userid"] == "alice"
    new = client.swap()["access_token"]
    assert client.ask(new).json["claims"] == {"by": "registry"}
    registry.registerUtility(ExpiryPolicy(absolute=10), IExpiryPolicy)
    assert client.swap()["expires_in"] == 10


def test_a_replaced_key_ring_forgets_verified_tokens(make):
    client = make()
    client.post_json("/sign_in", {})
    token = client.swap()["access_token"]
    assert client.ask(token).json["userid"] == "alice"
    assert client.get("/identity").json["userid"] == "alice"
    other = KeyRing((Key.of(decode_base64url(OTHER_KEY)),))
    client.registry.registerUtility(other, IKeyRing)
    assert client.ask(token).json["userid"] is None
    assert client.fresh().ask(client.swap()["access_token"]).json["userid"]
    assert client.get("/identity").json["userid"] is None


def test_a_registered_key_ring_needs_no_keys_in_the_ini(make):
    ring = KeyRing((Key("mine", bytes(range(64))),))
    client = make({"keys": None}, before=register(IKeyRing, ring))
    token = client.swap()["access_token"]
    assert client.ask(token).json["userid"] == "alice"


def test_including_twice_changes_nothing(make):
    def setup(config):
        config.commit()
        config.include("pyramid_sessiontoken")

    client = make(setup=setup)
    token = client.swap()["access_token"]
    assert client.ask(token).json["userid"] == "alice"


def test_ephemeral_keys_cause_a_warning(make, caplog):
    client = make({"keys": "ephemeral", "require_tls": "no"})
    assert client.swap()["expires_in"] == 3600
    assert "every restart" in caplog.text
    assert "overheard" in caplog.text


def test_pyramid_includes_in_the_ini_work_too():
    config = Configurator(
        settings={
            "pyramid.includes": "pyramid_sessiontoken",
            "sessiontoken.keys": KEY,
        }
    )
    app = config.make_wsgi_app()
    policy = app.registry["pyramid_sessiontoken.policy"]
    assert policy.rules.names == ("session", "cookie")


def test_warnings_of_the_start_are_kept_as_they_were_logged(make, caplog):
    ring = KeyRing([Key.of(decode_base64url(OTHER_KEY))])
    client = make(
        {"require_tls": "false", "cookie.secure": "false"},
        before=lambda config: config.registry.registerUtility(ring, IKeyRing),
    )

    kept = client.registry["pyramid_sessiontoken.warnings"]
    assert kept == [
        record.getMessage()
        for record in caplog.records
        if record.levelname == "WARNING"
    ]
    assert len(kept) == 2


def test_the_setup_object_does_not_outlive_the_start(make, monkeypatch):
    alive = []

    class Watched(compose.Setup):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            alive.append(weakref.ref(self))

    monkeypatch.setattr(compose, "Setup", Watched)
    client = make(
        {
            "authenticators": "session cookie basic bearer remote_user",
            "repository": "memory",
            "throttle.attempts": "5/minute",
            "token.scheme": "Bearer",
            "bearer.issuer": "https://issuer.example",
            "bearer.audience": "us",
            "bearer.algorithms": "HS256",
            "bearer.key": OTHER_KEY,
        }
    )
    client.swap()
    gc.collect()

    assert [ref() for ref in alive] == [None]


def warnings_with(client, text):
    warnings = client.registry["pyramid_sessiontoken.warnings"]
    return [warning for warning in warnings if text in warning]


@pytest.mark.filterwarnings("ignore:Authentication and authorization")
def test_an_overridden_authentication_policy_causes_a_warning(make):
    """As of applications that were written for Pyramid 1."""
    client = make(
        authentication_policy=SessionAuthenticationPolicy(),
        authorization_policy=ACLAuthorizationPolicy(),
    )

    [warning] = warnings_with(client, "is not asked")
    assert warning.startswith("SessionAuthenticationPolicy")
    assert client.swap()["access_token"]
    assert warnings_with(make(), "is not asked") == []


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        (
            {"basic.check": f"{compose.DEMO}.users:check_password"},
            "basic.check",
        ),
        (
            {"basic.check": f"{compose.DEMO}.users.check_password"},
            "basic.check",
        ),
        ({"basic.check": users.check_password}, "basic.check"),
        (
            {"principals": f"{compose.DEMO}.users:check_password"},
            "principals",
        ),
    ],
)
def test_a_part_of_the_demo_in_the_settings_causes_a_warning(
    make, settings, key
):
    [warning] = warnings_with(make(settings), "pyramid_sessiontoken.demo")
    assert warning.startswith(f"sessiontoken.{key} names a part of")
    assert "public" in warning


def test_the_demo_uses_its_own_users_without_a_warning(make):
    settings = {
        "sessiontoken.keys": KEY,
        "sessiontoken.authenticators": "session basic",
        "sessiontoken.basic.check": f"{compose.DEMO}.users:check_password",
        "sessiontoken.login_url": "/signin",
        "sessiontoken.repository": "memory",
    }
    app = demo.main({}, **settings)

    warnings = app.registry["pyramid_sessiontoken.warnings"]
    assert [text for text in warnings if "demo" in text] == []
    # Nothing of it stands in another application.
    assert warnings_with(make(), "demo") == []
