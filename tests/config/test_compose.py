"""What the settings compose, and what stops the start."""

import sys
import textwrap

import pytest
from pwdlib.hashers.bcrypt import BcryptHasher
from pyramid.config import Configurator
from pyramid.exceptions import ConfigurationConflictError, ConfigurationError
from support import KEY, OTHER_KEY, START
from zope.interface import implementer

from pyramid_sessiontoken.expiry import ExpiryPolicy
from pyramid_sessiontoken.identity import Identity
from pyramid_sessiontoken.interfaces import (
    IAuthenticator,
    IClaimsTransformer,
    IClock,
    ICookieTransform,
    IExpiryPolicy,
    IKeyRing,
    IUserLoader,
)
from pyramid_sessiontoken.keys.base64url import decode_base64url
from pyramid_sessiontoken.keys.ring import Key, KeyRing


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Write a module of an application that dotted names can name."""

    def write(text):
        (tmp_path / "an_application.py").write_text(textwrap.dedent(text))
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.delitem(sys.modules, "an_application", raising=False)

    return write


def faults(settings, setup=None):
    """Start with settings; give the lines that say what is wrong."""
    config = Configurator(
        settings={f"sessiontoken.{k}": v for k, v in settings.items()}
    )
    config.include("pyramid_sessiontoken")
    if setup is not None:
        setup(config)
    with pytest.raises(ConfigurationError) as caught:
        config.make_wsgi_app()
    message = str(caught.value)
    return [line for line in message.splitlines() if line.startswith("- ")]


def test_without_keys_the_start_fails_and_says_how_to_make_one():
    [fault] = faults({})
    assert "psessiontoken keygen" in fault
    assert "sessiontoken.keys" in fault


def test_one_error_lists_all_faults(tmp_path):
    found = faults(
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


def test_a_setting_of_a_feature_to_come_says_so():
    [fault] = faults({"keys": KEY, "javascript.path": "x"})
    assert "not there yet" in fault


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
def test_what_contradicts_is_a_fault(settings, text):
    [fault] = faults({"keys": KEY, **settings})
    assert text in fault


def test_the_route_of_the_sign_in_page_has_no_parts_to_fill_in():
    def setup(config):
        config.add_route("sign_in", "/{tenant}/sign_in")

    [fault] = faults({"keys": KEY, "login_url": "sign_in"}, setup)
    assert "without parts" in fault


def test_the_path_is_read_at_the_include():
    def setup(config):
        config.add_settings({"sessiontoken.token.path": "/later"})

    [fault] = faults({"keys": KEY}, setup)
    assert "sessiontoken.token.path" in fault
    assert "/later" in fault
    [fault] = faults({"keys": KEY, "token.path": "no path"})
    assert "sessiontoken.token.path" in fault


def test_settings_made_after_the_include_count():
    config = Configurator()
    config.include("pyramid_sessiontoken")
    config.add_settings({"sessiontoken.keys": KEY})
    config.make_wsgi_app()


def test_a_wrong_scheme_in_challenge_is_a_fault():
    [fault] = faults({"keys": KEY, "challenge": "Session Digest"})
    assert "'Digest'" in fault


def test_a_password_file_that_is_none_is_a_fault(tmp_path):
    file = tmp_path / "passwords"
    settings = {
        "keys": KEY,
        "authenticators": "basic",
        "basic.htpasswd": str(file),
    }
    assert "basic.htpasswd" in faults(settings)[0]
    file.write_text("alice:plain\n")
    assert "line 1" in faults(settings)[0]


def test_a_missing_extra_says_what_to_type(monkeypatch):
    monkeypatch.setitem(sys.modules, "pwdlib", None)
    monkeypatch.delitem(
        sys.modules,
        "pyramid_sessiontoken.authenticators.htpasswd",
        raising=False,
    )
    [fault] = faults(
        {"keys": KEY, "authenticators": "basic", "basic.htpasswd": "x"}
    )
    assert "pip install 'pyramid_sessiontoken[htpasswd]'" in fault


def test_an_htpasswd_file_signs_in(make, tmp_path):
    file = tmp_path / "passwords"
    file.write_text(f"alice:{BcryptHasher(rounds=4).hash('alice')}\n")
    client = make({"basic.check": None, "basic.htpasswd": str(file)})
    client.swap("alice")
    client.authorization = ("Basic", ("bob", "bob"))
    client.post("/token", status=401)


OWN = """
    from pyramid_sessiontoken.identity import Identity
    from pyramid_sessiontoken.errors import InvalidCredential
    from pyramid.response import Response

    class Header:
        scheme = None
        ambient = False

        def __init__(self, options, registry):
            self.vary = (options.get("header", "X-User"),)

        def authenticate(self, request):
            user = request.headers.get(self.vary[0])
            return None if user is None else Identity(user)

        def challenge(self, request):
            return None

    def make_header(options, registry):
        return Header(options, registry)

    header = Header({}, None)

    class Transformer:
        def __init__(self, options, registry):
            self.role = options["role"]

        def transform(self, identity, request):
            return Identity(identity.userid, {"roles": [self.role]})

    class Broken:
        def __init__(self, options, registry):
            raise LookupError("cannot be made")

    class Nothing:
        def __init__(self, options, registry):
            pass

    class Backwards:
        def encode(self, content):
            assert b"alice" in content
            return content[::-1]

        def decode(self, protected):
            if protected == b"junk":
                raise InvalidCredential("junk")
            return protected[::-1]

    backwards = Backwards()

    def load(identity, request):
        return identity

    def principals(identity, request):
        return ["role:admin"] if identity else []

    def authorize(request, context, permission, principals):
        return permission == "administer" and "bob" in principals

    NUMBER = 7
"""


@pytest.mark.parametrize(
    ("item", "header"),
    [
        ("own=an_application:Header", "X-User"),
        ("own=an_application:make_header", "X-User"),
        ("an_application.header", "X-User"),
        ("an_application:header", "X-User"),
    ],
)
def test_an_authenticator_of_ones_own_by_dotted_name(
    make, module, item, header
):
    module(OWN)
    client = make({"authenticators": f"{item} session"})
    response = client.get("/identity", headers={header: "carol"})
    assert response.json["userid"] == "carol"
    name = "own" if "=" in item else "header"
    assert response.json["authenticator"] == name


def test_its_options_are_the_keys_under_its_name(make, module):
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
def test_an_authenticator_that_is_none_is_a_fault(module, item, text):
    module(OWN)
    found = faults({"keys": KEY, "authenticators": item})
    assert any(text in fault for fault in found)


def test_options_of_nobody_are_unknown_settings(module):
    module(OWN)
    [fault] = faults({"keys": KEY, "own.header": "X-Me"})
    assert "there is no such setting" in fault


def test_a_transformer_with_options(make, module):
    module(OWN)
    client = make(
        {
            "claims_transformer": "an_application:Transformer",
            "claims_transformer.role": "editor",
        }
    )
    token = client.swap()["access_token"]
    assert client.ask(token).json["claims"] == {"roles": ["editor"]}


def test_an_own_cookie_transform_sees_what_is_signed(make, module):
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


def test_any_signed_in_user_may(make):
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
def test_a_registered_utility_beats_the_ini_and_it_is_said(
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


def test_another_key_ring_forgets_what_was_verified(make):
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


def test_what_the_ini_names_is_registered_as_that_utility(make, module):
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


@implementer(IUserLoader)
class Loader:
    def __call__(self, identity, request):
        return identity


def test_directives_register_and_are_seen_by_the_introspector():
    config = Configurator(settings={"sessiontoken.keys": KEY})
    config.include("pyramid_sessiontoken")
    config.set_sessiontoken_user_loader(Loader())
    config.set_sessiontoken_claims_transformer(Transformer())
    config.commit()
    found = config.introspector.get_category("session tokens")
    assert {item["introspectable"].title for item in found} == {
        "user loader",
        "claims transformer",
    }


class Made:
    def __init__(self, options, registry):
        assert options == {}

    begin = judge = renew = encode = decode = transform = lambda self: None


def test_every_seam_has_a_directive():
    config = Configurator(settings={"sessiontoken.keys": KEY})
    config.include("pyramid_sessiontoken")
    config.set_sessiontoken_expiry_policy(Made)
    config.set_sessiontoken_cookie_transform(Made)
    config.set_sessiontoken_claims_transformer(f"{__name__}:Made")
    config.commit()
    for interface in (IExpiryPolicy, ICookieTransform, IClaimsTransformer):
        assert isinstance(config.registry.getUtility(interface), Made)


def test_two_directives_that_disagree_are_a_conflict():
    config = Configurator(settings={"sessiontoken.keys": KEY})
    config.include("pyramid_sessiontoken")
    config.set_sessiontoken_user_loader(Loader())
    config.set_sessiontoken_user_loader(Loader())
    with pytest.raises(ConfigurationConflictError):
        config.commit()


def test_a_directive_says_what_is_lacking():
    config = Configurator(settings={"sessiontoken.keys": KEY})
    config.include("pyramid_sessiontoken")
    config.set_sessiontoken_expiry_policy(Transformer())
    with pytest.raises(ConfigurationError, match="begin"):
        config.commit()


def test_an_authenticator_that_a_directive_registered_is_named_in_the_ini(
    make, module
):
    module(OWN)

    def setup(config):
        config.add_sessiontoken_authenticator("mine", "an_application:header")
        config.add_sessiontoken_authenticator("basic", "an_application:header")

    client = make(
        {"authenticators": "mine basic", "basic.check": None}, setup=setup
    )
    response = client.get("/identity", headers={"X-User": "carol"})
    assert response.json["authenticator"] == "mine"


def test_including_twice_changes_nothing(make):
    def setup(config):
        config.commit()
        config.include("pyramid_sessiontoken")

    client = make(setup=setup)
    token = client.swap()["access_token"]
    assert client.ask(token).json["userid"] == "alice"


def test_ephemeral_keys_are_warned_of(make, caplog):
    client = make({"keys": "ephemeral", "require_tls": "no"})
    assert client.swap()["expires_in"] == 3600
    assert "every restart" in caplog.text
    assert "overheard" in caplog.text


def test_pyramid_includes_in_the_ini_serve_as_well():
    config = Configurator(
        settings={
            "pyramid.includes": "pyramid_sessiontoken",
            "sessiontoken.keys": KEY,
        }
    )
    app = config.make_wsgi_app()
    policy = app.registry["pyramid_sessiontoken.policy"]
    assert policy.rules.names == ("session", "cookie")
