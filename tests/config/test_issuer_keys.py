"""Which keys of another issuer stop the start."""

import base64
import json

import pytest
from pyramid.config import Configurator
from support import START
from support.issuer import (
    SECRET,
    b64,
    compact,
    jwk,
    jwks,
    pem,
    rsa_key,
)
from support.keys import put, put_keys
from support.trust import PEM, TRUST, fault, start

from pyramid_sessiontoken.interfaces import IAuthenticator, IClock, IKeyRing
from pyramid_sessiontoken.keys import curves
from pyramid_sessiontoken.keys.jwk import new_key, public_jwk_set
from pyramid_sessiontoken.testing import ManualClock


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


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA"])
def test_our_public_key_is_refused_as_a_key_of_an_issuer(tmp_path, algorithm):
    """A session that was ended would come again as a token of the issuer."""
    ours, theirs = new_key(algorithm), new_key(algorithm)
    tokens, path = tmp_path / "tokens", tmp_path / "published"
    put_keys(tokens, ours)
    given = {
        "token__algorithm": algorithm,
        "token__keys": f"file:{tokens}",
        "bearer__algorithms": algorithm,
    }
    told = fault(**given, bearer__key=pem(curves.private_key(ours)))
    assert told.startswith("bearer.key: it is a key of sessiontoken.token.k")
    published = public_jwk_set(lambda: [theirs, ours], algorithm)
    path.write_text(json.dumps(published))
    told = fault(**given, bearer__key=None, bearer__jwks=str(path))
    assert told.startswith("bearer.jwks: ")
    assert "it is a key of sessiontoken.token.keys" in told
    # Those of another application are an issuer's.
    published = public_jwk_set(lambda: [theirs], algorithm)
    path.write_text(json.dumps(published))
    given |= {"bearer__key": None, "bearer__jwks": str(path)}
    start({key.replace("__", "."): v for key, v in given.items()})


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
    assert bearer.issuer_secrets() == [SECRET]
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


@pytest.mark.parametrize("new_line", ["\\n", "\\r\\n"])
def test_a_pem_of_one_line_has_a_backslash_and_an_n(
    tmp_path, monkeypatch, new_line
):
    """Docker, Heroku and GitHub keep variables of one line so."""
    line = PEM.replace("\n", new_line)
    assert "\n" not in line
    start({"bearer.key": line})
    path = tmp_path / "key.pem"
    path.write_text(f"\ufeff{line}", encoding="utf-8")
    start({"bearer.key": f"file:{path}"})
    monkeypatch.setenv("ISSUERS_KEY", line)
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
        (b"\xff", "line 1 is not UTF-8"),
    ):
        path.write_bytes(raw)
        assert why in fault(bearer__key=None, bearer__jwks=f"file:{path}")


def test_no_issuer_is_asked_at_the_start():
    start({"bearer.key": None, "bearer.jwks": "http://localhost:1/keys"})


def test_several_algorithms_may_have_a_key_for_one_only():
    start({"bearer.algorithms": "RS256 ES256"})
