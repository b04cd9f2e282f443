"""What the settings say of another issuer is right, or the start fails."""

import base64

import pytest
from pyramid.config import Configurator
from pyramid.exceptions import ConfigurationError
from support import KEY, START
from support.issuer import (
    AUDIENCE,
    ISSUER,
    SECRET,
    b64,
    compact,
    jwk,
    jwks,
    pem,
    private_key,
    rsa_key,
)
from support.keys import put

from pyramid_sessiontoken.config.reader import read_settings
from pyramid_sessiontoken.config.registered import Registered
from pyramid_sessiontoken.interfaces import IAuthenticator, IClock, IKeyRing
from pyramid_sessiontoken.testing import ManualClock

PEM = pem(private_key("ES256"))
TRUST = {
    "keys": KEY,
    "authenticators": "session bearer",
    "bearer.issuer": ISSUER,
    "bearer.audience": AUDIENCE,
    "bearer.algorithms": "ES256",
    "bearer.key": PEM,
}


def start(given):
    every = {
        f"sessiontoken.{key}": value
        for key, value in {**TRUST, **given}.items()
        if value is not None
    }
    config = Configurator(settings=every)
    config.include("pyramid_sessiontoken")
    config.commit()


def faults(**given):
    with pytest.raises(ConfigurationError) as caught:
        start({key.replace("__", "."): v for key, v in given.items()})
    told = str(caught.value).partition("\n- sessiontoken.")[2]
    return told.partition("\n  in:")[0].strip().split("\n- sessiontoken.")


def fault(**given):
    [only] = faults(**given)
    return only


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
    ("algorithms", "key", "why"),
    [
        ("ES256", b64(SECRET), "no PEM"),
        ("ES384", PEM, "P-256 cannot be used with ES384"),
        ("RS256", PEM, "cannot be used with RS256"),
        ("RS256", pem(rsa_key(1024)), "1024 bits"),
        ("ES256", PEM + PEM, "several parts"),
        ("ES256", "-----BEGIN PUBLIC KEY-----", "a public key in PEM"),
        ("HS256", PEM, "cannot be used with HS256"),
        ("HS256", PEM.replace("PUBLIC", "PRIVATE"), "private key"),
        ("HS256", b64(SECRET[:31]), "31 bytes, and HS256 needs 32"),
        ("HS512", b64(SECRET[:63]), "needs 64"),
        ("HS256", b64(bytes(32)), "repeated byte"),
        ("HS256", b64(b"change me " * 4), "placeholder"),
        ("HS256", b64(PEM.encode()), "asymmetric"),
        ("HS256", b64(jwks(jwk())), "asymmetric"),
        ("HS256", compact(jwk()).decode(), "neither a PEM nor"),
        ("HS256", "ssh-rsa AAAA", "neither a PEM nor"),
        ("HS256", "not base64!", "neither a PEM nor"),
        ("ES256", "env:NO_SUCH_VARIABLE", "no variable"),
        ("ES256", "file:/no/such/file", "cannot be read"),
        ("ES256", "", "empty"),
    ],
)
def test_a_key_that_must_not_be_used_stops_the_start(algorithms, key, why):
    told = fault(bearer__algorithms=algorithms, bearer__key=key)

    assert told.startswith("bearer.key: ")
    assert why in told
    assert len(key) < 30 or key[:30] not in told.replace("-----BEGIN ", "")


OURS = b64(bytes(range(64)))
TOKENS = b64(bytes(range(64, 128)))


@pytest.mark.parametrize(
    ("key", "ring"), [(OURS, "keys"), (TOKENS, "token.keys")]
)
def test_a_key_of_our_ring_is_refused_as_a_key_of_an_issuer(
    tmp_path, key, ring
):
    """Who has it could make session tokens; a zero byte makes none other."""
    given = {"token__keys": TOKENS, "bearer__algorithms": "HS256"}
    path = tmp_path / "keys"
    for same in (key, b64(base64.urlsafe_b64decode(key + "==") + b"\0")):
        told = fault(**given, bearer__key=same)
        assert told.startswith("bearer.key: ")
        assert f"it is a key of sessiontoken.{ring}" in told
        assert same not in told
        path.write_bytes(jwks(jwk("HS256", k=same), jwk("HS256", 1)))
        told = fault(**given, bearer__key=None, bearer__jwks=str(path))
        assert told.startswith("bearer.jwks: ")
        assert f"it is a key of sessiontoken.{ring}" in told


def test_a_followed_file_with_a_key_of_our_ring_changes_nothing(
    tmp_path, caplog
):
    """Neither in the issuer's file, nor in the file of our ring."""
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    put(theirs, jwks(jwk("HS256")).decode())
    put(ours, OURS)
    clock = ManualClock(START)
    config = Configurator(
        settings={
            **{f"sessiontoken.{key}": value for key, value in TRUST.items()},
            "sessiontoken.keys": f"file:{ours}",
            "sessiontoken.bearer.algorithms": "HS256",
            "sessiontoken.bearer.key": None,
            "sessiontoken.bearer.jwks": str(theirs),
        }
    )
    config.registry.registerUtility(clock, IClock)
    config.include("pyramid_sessiontoken")
    config.commit()
    ring = config.registry.getUtility(IKeyRing)
    bearer = config.registry.getUtility(IAuthenticator, "bearer")

    put(ours, f"{OURS}\n{b64(SECRET)}")
    clock.advance(2)
    assert len(list(ring)) == 1
    assert "a key of the issuer of 'bearer' is among them" in caplog.text

    put(theirs, jwks(jwk("HS256", k=OURS)).decode())
    assert bearer.secrets() == [SECRET]
    assert "it is a key of sessiontoken.keys" in caplog.text
    put(ours, f"{OURS}\n{TOKENS}")
    clock.advance(2)
    assert len(list(ring)) == 2


def test_a_pem_may_stand_in_several_lines(tmp_path, monkeypatch):
    indented = "\n   " + "\n   ".join(PEM.splitlines())
    start({"bearer.key": indented})
    path = tmp_path / "key.pem"
    path.write_text(PEM)
    start({"bearer.key": f"file:{path}"})
    monkeypatch.setenv("ISSUERS_KEY", PEM)
    start({"bearer.key": "env:ISSUERS_KEY"})


@pytest.mark.parametrize("key", [b64(SECRET), b64(SECRET[:61]) + "=="])
def test_a_secret_is_base64url_padded_or_not(key):
    start({"bearer.algorithms": "HS256", "bearer.key": key})


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("http://issuer.example/keys", "must begin with https://"),
        ("https://user:secret@issuer.example/", "a user"),
        ("file:///etc/keys", "URL must name a host"),
        ("ftp://issuer.example/", "must begin with https://"),
        ("file:", "empty"),
        ("", "empty"),
        ("/no/such/file", "cannot be read"),
        ("file:/no/such/file", "cannot be read"),
    ],
)
def test_a_missing_file_of_keys_stops_the_start(place, why):
    told = fault(bearer__key=None, bearer__jwks=place)

    assert told.startswith("bearer.jwks: ")
    assert why in told


def test_a_file_without_a_good_key_stops_the_start(tmp_path):
    path = tmp_path / "keys"
    for raw, why in (
        (b"{}", "not a JWK Set"),
        (jwks(jwk("RS256")), "cannot be used with ES256"),
        (b"\xff", "not a JWK Set"),
    ):
        path.write_bytes(raw)
        assert why in fault(bearer__key=None, bearer__jwks=f"file:{path}")


def test_no_issuer_is_asked_at_the_start():
    start({"bearer.key": None, "bearer.jwks": "http://localhost:1/keys"})


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


def test_several_algorithms_may_have_a_key_for_one_only():
    start({"bearer.algorithms": "RS256 ES256"})
