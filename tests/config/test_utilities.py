"""Parts of an application that its settings name."""

import pytest
from support import KEY, START
from support.own_parts import OWN
from support.settings import faults_of_start

from pyramid_sessiontoken.interfaces import (
    IAuthenticator,
    IClaimsTransformer,
    IClock,
    ICookieTransform,
    IExpiryPolicy,
    IKeyRing,
    IUserLoader,
)


@pytest.mark.parametrize(
    ("item", "header"),
    [
        ("own=an_application:Header", "X-User"),
        ("own=an_application:make_header", "X-User"),
        ("an_application.header", "X-User"),
        ("an_application:header", "X-User"),
    ],
)
def test_an_own_authenticator_is_named_by_its_dotted_name(
    make, module, item, header
):
    module(OWN)
    client = make({"authenticators": f"{item} session"})
    response = client.get("/identity", headers={header: "carol"})
    assert response.json["userid"] == "carol"
    name = "own" if "=" in item else "header"
    assert response.json["authenticator"] == name


def test_options_of_an_own_authenticator_are_the_keys_under_its_name(
    make, module
):
    module(OWN)
    client = make(
        {"authenticators": "own=an_application:Header", "own.header": "X-Me"}
    )
    response = client.get("/identity", headers={"X-Me": "carol"})
    assert response.json["userid"] == "carol"
    assert response.headers["Vary"] == "X-Me"


@pytest.mark.parametrize(
    ("item", "text"),
    [
        ("own=an_application:Broken", "cannot be made"),
        ("own=an_application:Nothing", "lacks"),
        ("own=an_application:NUMBER", "lacks"),
        ("own=an_application:absent", "cannot be imported"),
        ("session=an_application:header", "cannot be the name"),
        ("a-b=an_application:header", "cannot be the name"),
        ("own", "there is no authenticator 'own'"),
        ("sesion", "did you mean 'session'"),
        ("own=an_application:header own=an_application:Header", "twice"),
    ],
)
def test_an_object_that_is_no_authenticator_is_a_fault(module, item, text):
    module(OWN)
    found = faults_of_start({"keys": KEY, "authenticators": item})
    assert any(text in fault for fault in found)


def test_options_without_an_authenticator_are_unknown_settings(module):
    module(OWN)
    [fault] = faults_of_start({"keys": KEY, "own.header": "X-Me"})
    assert "there is no such setting" in fault


def test_a_transformer_gets_its_options(make, module):
    module(OWN)
    client = make(
        {
            "claims_transformer": "an_application:Transformer",
            "claims_transformer.role": "editor",
        }
    )
    token = client.swap()["access_token"]
    assert client.ask(token).json["claims"] == {"roles": ["editor"]}


def test_an_own_cookie_transform_gets_the_signed_text(make, module):
    module(OWN)
    client = make({"cookie.transform": "an_application:backwards"})
    client.post_json("/sign_in", {})
    assert client.get("/identity").json["userid"] == "alice"
    client.set_cookie("__Host-sessiontoken", "0.anVuaw")
    response = client.get("/identity")
    assert response.json["failure"] == "cookie refused: junk"
    assert "Max-Age=0" in response.headers["Set-Cookie"]


def test_callables_are_used_as_they_are(make, module):
    module(OWN)
    client = make(
        {
            "user_loader": "an_application:load",
            "principals": "an_application:principals",
        }
    )
    token = client.swap("bob")["access_token"]
    assert client.ask(token, "/admin").status_code == 200
    assert client.get("/admin", status=401)
    decides = make({"authorization": "an_application.authorize"})
    assert decides.ask(token, "/admin").status_code == 200
    assert decides.get("/admin", status=401)


def test_an_object_named_in_the_ini_is_registered_as_a_utility(make, module):
    module(OWN)
    registry = make(
        {
            "claims_transformer": "an_application:Transformer",
            "claims_transformer.role": "x",
            "user_loader": "an_application:load",
            "cookie.transform": "an_application:backwards",
        }
    ).registry
    assert registry.getUtility(IClaimsTransformer).role == "x"
    assert registry.getUtility(IUserLoader).__name__ == "load"
    for interface in (IExpiryPolicy, IKeyRing, IClock, ICookieTransform):
        assert registry.getUtility(interface)
    for name in ("session", "cookie", "basic"):
        assert registry.getUtility(IAuthenticator, name)
    assert registry.getUtility(IClock).now() == START
