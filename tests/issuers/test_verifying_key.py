"""A key of another issuer is checked before it is used."""

import datetime as dt

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa, x25519
from support.issuer import (
    PYJWT,
    SECRET,
    pem,
    private_key,
    rsa_key,
)
from support.keys import ROCA_2048

from pyramid_sessiontoken.issuers.verifying_key import (
    OneKey,
    read_public_key,
    secret_key,
)

ES = ("ES256",)
HS_NAMES = ("HS256", "HS384", "HS512")
PUBLIC = serialization.PublicFormat
PEM = serialization.Encoding.PEM


def test_a_key_whose_private_part_can_be_computed_is_refused():
    """CVE-2017-15361."""
    public = rsa.RSAPublicNumbers(65537, ROCA_2048).public_key()
    text = public.public_bytes(PEM, PUBLIC.SubjectPublicKeyInfo).decode()

    with pytest.raises(ValueError, match="CVE-2017-15361"):
        read_public_key(text, ("RS256",))


def test_a_printed_key_does_not_show_its_secret():
    key = secret_key("k", SECRET, None, ("HS256",))

    assert str(SECRET) not in repr(key)
    assert "kid='k'" in repr(key)


def test_the_only_key_is_found_by_every_name():
    key = read_public_key(pem(private_key("ES256")), ES)

    for kid in (None, "x"):
        assert OneKey(key).find(kid, "ES256") is key


def fault(text, algorithms=ES):
    with pytest.raises(ValueError) as caught:
        read_public_key(text, algorithms)
    return caught.value


def certificate(private):
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "x")])
    day = dt.datetime(2000, 1, 1, tzinfo=dt.timezone.utc)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(1)
        .not_valid_before(day)
        .not_valid_after(day)
        .sign(private, hashes.SHA256())
    )
    return made.public_bytes(PEM).decode()


@pytest.mark.parametrize("algorithm", ["RS256", "ES512", "ES256K"])
def test_a_pem_or_a_certificate_is_a_key(algorithm):
    private = private_key(algorithm)
    signature = PYJWT[algorithm].sign(b"text", private)
    for text in (pem(private), certificate(private)):
        key = read_public_key(text, (algorithm,))
        assert key.kid is None
        assert key.verifies(b"text", signature)


def test_an_old_form_of_pem_is_a_key_too():
    public = private_key("RS256").public_key()

    text = public.public_bytes(PEM, PUBLIC.PKCS1).decode()

    assert read_public_key(text, ("RS256",)).algorithm == "RS256"


def test_a_short_rsa_key_is_refused():
    reason = str(fault(pem(rsa_key(1024)), ("RS256",)))

    assert "1024 bits" in reason


def test_a_private_key_is_refused():
    for format_ in ("PKCS8", "TraditionalOpenSSL"):
        text = private_key("ES256").private_bytes(
            PEM,
            getattr(serialization.PrivateFormat, format_),
            serialization.NoEncryption(),
        )
        assert "private" in str(fault(text.decode()))


def test_other_pems_are_refused():
    good = pem(private_key("ES256"))
    no_pem = "it is not a public key in PEM"
    assert "several" in str(fault(good + good))
    assert str(fault(good.replace("M", "!", 5))) == no_pem
    assert str(fault(good.replace("PUBLIC KEY", "CERTIFICATE"))) == no_pem
    assert str(fault("-----BEGIN PUBLIC KEY-----")) == no_pem
    assert "cannot be used with RS256" in str(fault(good, ("RS256",)))
    assert "cannot be used" in str(fault(good, ("ES384",)))
    assert "no algorithm" in str(
        fault(pem(x25519.X25519PrivateKey.generate()))
    )
    old = dsa.generate_private_key(2048)
    assert "no algorithm" in str(fault(pem(old)))
    brainpool = ec.generate_private_key(ec.BrainpoolP256R1())
    assert "brainpoolP256r1 cannot be used" in str(fault(pem(brainpool)))
