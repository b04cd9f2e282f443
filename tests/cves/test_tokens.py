"""Attacks on libraries for tokens, repeated against an application."""

import base64
import hmac
import itertools
import json
import zlib

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
)
from support import KEY, START
from support.endpoint import FORM
from support.issuer import (
    ISSUER,
    b64,
    compact,
    header,
    jwk,
    jwks,
    mac,
    payload,
    pem,
    private_key,
    respond,
    rsa_key,
    serving,
    token,
)
from support.keys import ROCA_2048, put_keys
from support.logout import logout_token
from support.settings import faults_of_start
from support.tokens import BASE64URL
from support.trust import WITH_COOKIE as TRUST

from pyramid_sessiontoken.issuers.jwks import read_key_set
from pyramid_sessiontoken.keys.base64url import decode_base64url
from pyramid_sessiontoken.keys.jwk import new_key


@pytest.fixture
def believing(make):
    """Give an application that believes an issuer who signs with ES256."""
    return make(TRUST)


def bearer(client, text):
    """Tell who a token of the issuer signs in."""
    return client.ask(text, scheme="Bearer").json["userid"]


def session(client, text):
    """Tell who a session token signs in."""
    return client.ask(text).json["userid"]


def written(said, claims=None):
    """Give the header and the payload of a token of the issuer."""
    return f"{b64(compact(said))}.{b64(compact(claims or payload()))}"


def under(secret, said=None):
    """Write a token with a public text as HMAC secret."""
    signed = written(said or header("ES256", alg="HS256"))
    return f"{signed}.{mac(signed, secret)}"


def public(encoding, form, key=None):
    key = key or private_key("ES256")
    return key.public_key().public_bytes(encoding, form)


PEM = public(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
DER = public(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
POINT = public(Encoding.X962, PublicFormat.UncompressedPoint)
SSH = public(Encoding.OpenSSH, PublicFormat.OpenSSH)
PKCS1 = public(Encoding.PEM, PublicFormat.PKCS1, rsa_key(2048))
PKCS1_DER = public(Encoding.DER, PublicFormat.PKCS1, rsa_key(2048))
JWK = json.dumps(jwk()).encode()


def start_refuses_secret(secret):
    """Check that neither our ring nor an issuer's takes a public text."""
    text = base64.urlsafe_b64encode(secret).rstrip(b"=").decode()
    [own] = faults_of_start({"keys": text})
    issuer = {**TRUST, "bearer.algorithms": "HS256", "bearer.key": text}
    issuer = {k: v for k, v in issuer.items() if v is not None}
    [other] = faults_of_start({**issuer, "keys": KEY})
    for fault in (own, other):
        assert "asymmetric key" in fault
        assert text not in fault
    return True


# A public key as HMAC secret.


def test_cve_2015_9235_public_key_as_hmac_secret(believing):
    assert bearer(believing, token()) == "alice"
    for secret in (PEM, PEM.strip(), DER, POINT):
        assert bearer(believing, under(secret)) is None


def test_cve_2017_11424_pem_as_hmac_secret(believing):
    for key in (PEM, PKCS1):
        assert start_refuses_secret(key)
        assert bearer(believing, under(key)) is None


def test_cve_2022_29217_ssh_key_as_hmac_secret(believing):
    ed25519 = private_key("EdDSA")
    for key in (SSH, public(Encoding.OpenSSH, PublicFormat.OpenSSH, ed25519)):
        assert start_refuses_secret(key)
        assert bearer(believing, under(key)) is None


def test_cve_2026_48526_jwk_as_hmac_secret(believing):
    assert start_refuses_secret(JWK)
    for key in (JWK, compact(jwk()), jwks(jwk())):
        assert bearer(believing, under(key)) is None


def test_cve_2024_33663_der_or_ssh_as_hmac_secret(believing):
    for key in (DER, PKCS1_DER):
        assert start_refuses_secret(key)
        assert bearer(believing, under(key)) is None
    assert bearer(believing, under(SSH)) is None


def test_cve_2024_37568_public_key_without_an_algorithm_list(believing):
    """No list of algorithms is a fault; a list of both kinds, too."""
    settings = {k: v for k, v in TRUST.items() if v is not None}
    del settings["bearer.algorithms"]
    [fault] = faults_of_start({**settings, "keys": KEY})
    assert "bearer.algorithms" in fault
    assert bearer(believing, under(PEM, header(alg="HS512"))) is None


def test_cve_2022_23541_one_key_for_two_kinds_of_algorithms():
    settings = {k: v for k, v in TRUST.items() if v is not None}
    settings["bearer.algorithms"] = "ES256 HS256"
    faults = faults_of_start({**settings, "keys": KEY})
    assert any("bearer.algorithms" in fault for fault in faults)


def test_cve_2023_48223_pkcs1_key_as_hmac_secret(make):
    key = pem(rsa_key(2048))
    client = make({**TRUST, "bearer.algorithms": "RS256", "bearer.key": key})
    good = token(said=header("RS256"), algorithm="RS256", key=rsa_key(2048))
    assert bearer(client, good) == "alice"
    for secret in (PKCS1, PKCS1_DER, key.encode()):
        assert bearer(client, under(secret, header("RS256", alg="HS256"))) is (
            None
        )


# The algorithm.


def test_cve_2022_23540_no_algorithm_means_none():
    settings = {k: v for k, v in TRUST.items() if v is not None}
    for algorithms in ("none", "None", "ES256 none", ""):
        settings["bearer.algorithms"] = algorithms
        faults = faults_of_start({**settings, "keys": KEY})
        assert any("bearer.algorithms" in fault for fault in faults)


def test_cve_2026_28802_none_with_a_blank_signature(believing, client):
    for alg in ("none", "None", "nOnE", "NONE", ""):
        signed = written(header(alg=alg))
        for signature in ("", " ", "A"):
            assert bearer(believing, f"{signed}.{signature}") is None
            assert session(client, f"{signed}.{signature}") is None


def test_cve_2022_23539_key_of_a_wrong_type():
    """A key is not used with the algorithm of another type of key."""
    settings = {k: v for k, v in TRUST.items() if v is not None}
    for algorithm, key in (
        ("ES256", rsa_key(2048)),
        ("RS256", private_key("ES256")),
        ("ES256", private_key("ES384")),
        ("RS256", rsa_key(1024)),
    ):
        settings["bearer.algorithms"] = algorithm
        settings["bearer.key"] = pem(key)
        [fault] = faults_of_start({**settings, "keys": KEY})
        assert "bearer.key" in fault


def test_cve_2026_48523_another_algorithm_than_the_key_names(make):
    with serving() as issuer:
        issuer.answer = respond(jwks(jwk("RS256", alg="RS256")))
        client = make(
            {
                **TRUST,
                "bearer.algorithms": "RS256 RS512",
                "bearer.key": None,
                "bearer.jwks": issuer.url,
            }
        )
        said = header("RS256")
        assert bearer(client, token(said=said, algorithm="RS256")) == "alice"
        said = header("RS256", alg="RS512")
        other = token(said=said, algorithm="RS512", key=private_key("RS256"))
        assert bearer(client, other) is None


# The header.


def test_cve_2026_32597_and_cve_2025_59420_unknown_critical_header(
    believing, client
):
    for crit in (["x"], ["exp"], ["cnf"], [], "x"):
        said = header(crit=crit, x=1)
        assert bearer(believing, token(said=said)) is None
    assert session(client, resigned(client, crit=["x"], x=1)) is None


def resigned(client, **changes):
    """Give a session token with another header, signed with our key."""
    first, content, _ = client.swap()["access_token"].split(".")
    said = json.loads(base64.urlsafe_b64decode(first + "=="))
    signed = f"{b64(compact({**said, **changes}))}.{content}"
    return f"{signed}.{mac(signed, decode_base64url(KEY))}"


def test_a_session_token_that_is_signed_again_is_accepted(client):
    """So the others are refused for what they change."""
    assert session(client, resigned(client)) == "alice"


def test_cve_2018_0114_and_cve_2026_27962_key_in_the_header(believing, client):
    stranger = jwk(number=1)
    for said in (
        header(jwk=stranger),
        header(kid=None, jwk=stranger),
        header(kid=stranger["kid"], jwk=stranger),
    ):
        assert bearer(believing, token(said=said, number=1)) is None
    own = {"jwk": {"kty": "oct", "k": b64(bytes(64))}}
    first, content, _ = resigned(client, **own).split(".")
    forged = f"{first}.{content}.{mac(f'{first}.{content}', bytes(64))}"
    assert session(client, forged) is None


def test_cve_2026_48525_and_ghsa_wphv_vfrh_23q5_unencoded_payload(believing):
    """With "b64": false the payload is not base64url (RFC 7797)."""
    for said in (
        header(b64=False),
        header(b64=False, crit=["b64"]),
        header(b64=True, crit=["b64"]),
    ):
        assert bearer(believing, token(said=said)) is None
        assert bearer(believing, token("x" * 9000, said=said)) is None
        first = b64(compact(said))
        raw = compact(payload()).decode()
        assert bearer(believing, f"{first}.{raw}.AAAA") is None


# The form.


def test_ghsa_hxm8_2xgr_2p9m_characters_outside_the_alphabet(
    believing, client
):
    for text, ask in (
        (token(), lambda t: bearer(believing, t)),
        (client.swap()["access_token"], lambda t: session(client, t)),
    ):
        assert ask(text) == "alice"
        first, content, last = text.split(".")
        for odd in ("!", "=", "==", "\t", "+", "~", "%20", "\xa0"):
            for changed in (
                f"{first}{odd}.{content}.{last}",
                f"{first}.{content}{odd}.{last}",
                f"{first}.{content}.{last}{odd}",
                f"{first}.{content}.{last[:5]}{odd}{last[5:]}",
            ):
                assert ask(changed) is None
        stray = BASE64URL[BASE64URL.index(last[-1]) ^ 1]
        assert ask(f"{first}.{content}.{last[:-1]}{stray}") is None


def test_cve_2022_39227_two_serializations_in_one_text(believing):
    first, content, last = token().split(".")
    other = b64(compact(payload(sub="bob")))
    polyglot = (
        '{" ' + f'{first}.{other}.":"","protected":"{first}",'
        f'"payload":"{content}","signature":"{last}"}}'
    )
    assert bearer(believing, polyglot) is None


def test_cve_2024_33664_encrypted_or_compressed_token(believing):
    """A token that is decrypted or inflated may become very large."""
    bomb = b64(zlib.compress(b"A" * 10_000_000))
    for said in (
        {"alg": "dir", "enc": "A256GCM", "zip": "DEF"},
        {"alg": "PBES2-HS256+A128KW", "enc": "A128GCM", "p2c": 2**31 - 1},
    ):
        encrypted = f"{b64(compact(said))}..AAAA.{bomb[:4000]}.AAAA"
        assert bearer(believing, encrypted) is None
    zipped = header(zip="DEF")
    text = token(zlib.compress(compact(payload())), said=zipped)
    assert bearer(believing, text) is None


def test_cve_2025_61920_huge_segments(believing, client):
    for text in (
        "A" * 1_000_000,
        f"{'A' * 500_000}.{'A' * 500_000}.A",
        "." * 100_000,
        token(payload(sub="a" * 20_000)),
    ):
        assert bearer(believing, text) is None
        assert session(client, text) is None


# The claims.


def test_cve_2024_53861_part_of_the_issuer(believing):
    for iss in (ISSUER[:-1], ISSUER[1:], ISSUER[8:14], ISSUER + "/", "", "h"):
        assert bearer(believing, token(payload(iss=iss))) is None
    for iss in ([ISSUER], {ISSUER: 1}):
        assert bearer(believing, token(payload(iss=iss))) is None


def test_cve_2023_48309_and_cve_2025_68481_token_of_another_kind(make):
    """No kind of token is accepted in the place of another kind."""
    client = make(
        {
            **TRUST,
            "authenticators": "session cookie bearer basic access_token",
            "basic.check": lambda name, password, request: {"sub": name},
            "repository": "memory",
            "bearer.logout_path": "/signed-out",
        }
    )
    kinds = {
        "session": client.swap()["access_token"],
        "bearer": token(payload(iat=START)),
        "logout": logout_token(),
    }
    client.post_json("/sign_in", {})
    [(name, cookie)] = client.cookies.items()
    kinds["cookie"] = cookie
    fresh = client.fresh()
    right = {("session", "session"), ("bearer", "bearer")}
    for kind, scheme in itertools.product(kinds, ("session", "bearer")):
        who = fresh.ask(kinds[kind], scheme=scheme.title()).json["userid"]
        assert who == ("alice" if (kind, scheme) in right else None), kind
    for kind in ("session", "bearer", "logout"):
        shown = {"Cookie": f"{name}=0.{kinds[kind]}"}
        assert fresh.get("/identity", headers=shown).json["userid"] is None
    for kind in ("session", "bearer", "cookie"):
        fresh.post(
            "/signed-out",
            {"logout_token": kinds[kind]},
            content_type=FORM,
            status=400,
        )


# The signature.


def test_cve_2022_21449_zeros_as_signature(believing, make, tmp_path):
    first, content, _ = token().split(".")
    for numbers in (bytes(64), bytes(63) + b"\1", b"\0" * 31 + b"\1" * 33):
        assert bearer(believing, f"{first}.{content}.{b64(numbers)}") is None
    put_keys(tmp_path / "ring", new_key("ES256"))
    ring = f"file:{tmp_path / 'ring'}"
    own = make({"token.algorithm": "ES256", "token.keys": ring})
    first, content, _ = own.swap()["access_token"].split(".")
    assert session(own, f"{first}.{content}.{b64(bytes(64))}") is None


def test_cve_2016_7036_comparison_in_constant_time(client, monkeypatch):
    """The whole signature that was shown reaches compare_digest."""
    text = client.swap()["access_token"]
    client.post_json("/sign_in", {})
    compared = []

    def compare(one, other, compare=hmac.compare_digest):
        compared.append((one, other))
        return compare(one, other)

    monkeypatch.setattr("hmac.compare_digest", compare)
    wrong = text.rpartition(".")[0] + "." + "A" * 43
    assert session(client.fresh(), wrong) is None
    assert compared[0][1] == "A" * 43
    [(name, cookie)] = client.cookies.items()
    damaged = {"Cookie": f"{name}={cookie[:-6]}AAAAAA"}
    client.fresh().get("/identity", headers=damaged)
    assert len(compared[1][1]) == 32


def test_cve_2017_15361_rsa_key_of_a_broken_chip():
    """The tests of keys have all forms of it."""
    raw = ROCA_2048.to_bytes(256, "big")
    member = {"kty": "RSA", "n": b64(raw), "e": "AQAB", "kid": "a"}
    found = read_key_set(jwks(member), ["RS256"])
    assert len(found) == 0
    assert "CVE-2017-15361" in found.refused[0]


# The keys of an issuer.


def test_cve_2026_48522_jwks_at_another_kind_of_url(tmp_path):
    settings = {k: v for k, v in TRUST.items() if v is not None}
    del settings["bearer.key"]
    path = tmp_path / "keys"
    path.write_bytes(jwks(jwk()))
    for url in (
        path.as_uri(),
        "ftp://issuer.example/keys",
        "http://issuer.example/keys",
        "data:application/json,{}",
        "https://user:password@issuer.example/keys",
    ):
        settings["bearer.jwks"] = url
        faults = faults_of_start({**settings, "keys": KEY})
        assert any("bearer.jwks" in fault for fault in faults), url


def test_cve_2026_48524_unknown_names_of_keys(make):
    """They neither empty the cache nor cause a fetch each."""
    with serving() as issuer:
        client = make({**TRUST, "bearer.key": None, "bearer.jwks": issuer.url})
        assert bearer(client, token()) == "alice"
        issuer.answer = respond(b"", "503 Down")
        for number in range(30):
            said = header(kid=f"unknown-{number}")
            assert bearer(client, token(said=said)) is None
        assert bearer(client, token()) == "alice"
        assert len(issuer.asked) == 1


# The log.


def test_cve_2025_65015_no_token_in_the_log(believing, client, caplog):
    caplog.set_level("DEBUG")
    own = client.swap()["access_token"]
    for text in (token(), own, token(payload(exp=1)), "A" * 9000):
        for shown in (text, text + "x", text[:-9], text.replace(".", "..")):
            believing.ask(shown, scheme="Bearer")
            client.ask(shown)
    told = caplog.text
    assert "refused" in told
    for text in (token(), own):
        for part in text.split(".")[1:]:
            assert part[:20] not in told
    assert "A" * 60 not in told
