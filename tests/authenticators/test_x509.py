"""One certificate, exactly as its place in the request writes it."""

import base64
import urllib.parse
from contextlib import suppress

import pytest
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.oid import NameOID
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.certificates import (
    ANY,
    CLIENT_AUTH,
    EMAIL,
    ISSUER,
    SERVER_AUTH,
    make_certificate,
    name,
    numbered,
)

from pyramid_sessiontoken.authenticators.x509 import (
    MAX_LENGTH,
    parse_name,
    read_byte_sequence,
    read_certificate,
    read_certificate_pem,
    read_header_pem,
)
from pyramid_sessiontoken.errors import InvalidCredential

ALICE = make_certificate()
BOB = make_certificate("bob")
BEGIN = "-----BEGIN CERTIFICATE-----"
END = "-----END CERTIFICATE-----"
BODY = base64.b64encode(ALICE.der).decode()


def outcome(read, text):
    """Give the DER, ``None`` for a refusal; other errors fail the test."""
    try:
        return read(text)
    except InvalidCredential as error:
        reason = error.reason
    assert len(reason) < 80
    assert text[:20] not in reason or len(text) < 20
    return None


# PEM.


@pytest.mark.parametrize(
    "text",
    numbered(
        ALICE.pem,
        ALICE.pem.rstrip("\n"),
        ALICE.pem.replace("\n", "\r\n"),
        # How older versions of nginx write $ssl_client_cert.
        ALICE.pem.rstrip("\n").replace("\n", "\n\t"),
        ALICE.folded,
        f"{BEGIN}\n{BODY}\n{END}",
    ),
)
def test_pem_is_read(text):
    assert read_certificate_pem(text) == ALICE.der
    assert read_header_pem(text) == ALICE.der


@pytest.mark.parametrize(
    "text",
    numbered(
        ALICE.escaped,
        ALICE.escaped.replace("%2B", "+").replace("%2F", "/"),
        ALICE.escaped.replace("%2F", "%2f"),
        urllib.parse.quote(ALICE.pem.rstrip("\n"), safe=""),
    ),
)
def test_escaped_pem_is_read_from_a_header_alone(text):
    assert read_header_pem(text) == ALICE.der
    assert outcome(read_certificate_pem, text) is None


NOT_ONE = {
    "nothing": "",
    "blanks": " \n",
    "something else": "alice",
    "two": ALICE.pem + BOB.pem,
    "twice": f"{ALICE.pem}, {ALICE.pem}",
    "text before": f"subject=alice\n{ALICE.pem}",
    "a blank before": f" {ALICE.pem}",
    "text after": f"{ALICE.pem}alice",
    "another label": ALICE.pem.replace("CERTIFICATE", "TRUSTED CERTIFICATE"),
    "a key": ALICE.key_pem,
    "no end": ALICE.pem.partition("-----END")[0],
    "no begin": ALICE.pem.partition(BEGIN)[2],
    "no line after begin": ALICE.pem.replace(f"{BEGIN}\n", BEGIN),
    "empty": f"{BEGIN}\n\n{END}",
    "a header inside": ALICE.pem.replace(
        f"{BEGIN}\n", f"{BEGIN}\nProc-Type: 4,ENCRYPTED\n\n"
    ),
    "another character": f"{BEGIN}\n{BODY[:8]}_{BODY[9:]}\n{END}",
    "another blank": f"{BEGIN}\n{BODY[:8]}\xa0{BODY[8:]}\n{END}",
    "vertical tab": f"{BEGIN}\n{BODY[:8]}\x0b{BODY[8:]}\n{END}",
    "nul": f"{BEGIN}\n{BODY}\n{END}\0",
    "padding inside": f"{BEGIN}\n{BODY[:8]}={BODY[8:]}\n{END}",
    "more padding": f"{BEGIN}\n{BODY}====\n{END}",
    "cut": f"{BEGIN}\n{BODY[:-1]}\n{END}",
    "half a character": f"{BEGIN}\n\ud800\n{END}",
    "too long": ALICE.pem + " " * MAX_LENGTH,
    "RFC 9440": ALICE.byte_sequence,
}


@pytest.mark.parametrize("label", NOT_ONE)
def test_a_pem_that_is_not_exactly_one_certificate_is_refused(label):
    assert outcome(read_certificate_pem, NOT_ONE[label]) is None
    assert outcome(read_header_pem, NOT_ONE[label]) is None


@pytest.mark.parametrize(
    "label", [label for label in NOT_ONE if label != "half a character"]
)
def test_an_escaped_pem_that_is_not_one_certificate_is_refused(label):
    escaped = urllib.parse.quote(NOT_ONE[label], safe="")

    assert outcome(read_header_pem, escaped) is None


@pytest.mark.parametrize(
    "text",
    numbered(
        ALICE.escaped + "%",
        ALICE.escaped + "%0",
        ALICE.escaped + "%zz",
        ALICE.escaped.replace("%20", "+"),
        ALICE.escaped.replace("%20", "%2520"),
        f"{ALICE.escaped},{ALICE.escaped}",
        f"{ALICE.escaped}, {BOB.escaped}",
        f"{ALICE.escaped} {ALICE.escaped}",
        ALICE.escaped + BOB.escaped,
        ALICE.escaped + "\n",
        ALICE.escaped + "%00",
        ALICE.escaped + "%C3%A9",
        ALICE.escaped + "\xe9",
        "%" * 100_000,
        "%41" * 100_000,
    ),
)
def test_an_escaped_pem_that_nginx_never_writes_is_refused(text):
    assert outcome(read_header_pem, text) is None


# RFC 9440.


def test_a_byte_sequence_is_read():
    assert read_byte_sequence(ALICE.byte_sequence) == ALICE.der


SEQUENCE = ALICE.byte_sequence


@pytest.mark.parametrize(
    "text",
    numbered(
        "",
        ":",
        ": :",
        ":::",
        SEQUENCE[1:],
        SEQUENCE[:-1],
        f" {SEQUENCE}",
        f"{SEQUENCE} ",
        f"{SEQUENCE}\n",
        f"{SEQUENCE};a=1",
        f"{SEQUENCE}, {SEQUENCE}",
        f"{SEQUENCE},{BOB.byte_sequence}",
        f"{SEQUENCE}{SEQUENCE}",
        f"({SEQUENCE})",
        f'"{SEQUENCE}"',
        f":{BODY[:8]} {BODY[8:]}:",
        f":{BODY[:8]}\n{BODY[8:]}:",
        f":{BODY[:8]}={BODY[8:]}:",
        f":{BODY}====:",
        f":{BODY[:-1]}:",
        f":{BODY.replace('+', '-').replace('/', '_')}_:",
        f":\xe9{BODY}:",
        f":\ud800{BODY}:",
        f":{'A' * MAX_LENGTH}:",
        ALICE.pem,
        ALICE.escaped,
        f":{ALICE.escaped}:",
    ),
)
def test_a_malformed_byte_sequence_is_refused(text):
    assert outcome(read_byte_sequence, text) is None


def test_an_empty_body_is_no_certificate():
    for der in (
        read_byte_sequence("::"),
        read_certificate_pem(f"{BEGIN}\n \n{END}"),
    ):
        with pytest.raises(InvalidCredential):
            read_certificate(der, "cn")


def test_base64_with_stray_bits_is_refused():
    body = "QQ=="

    assert outcome(read_byte_sequence, f":{body}:") == b"A"
    assert outcome(read_byte_sequence, ":QR==:") is None
    assert outcome(read_certificate_pem, f"{BEGIN}\nQR==\n{END}") is None


# Any text.

READERS = {
    read_certificate_pem: (ALICE.pem, ALICE.folded),
    read_header_pem: (ALICE.escaped, ALICE.folded),
    read_byte_sequence: (ALICE.byte_sequence,),
}


@given(st.sampled_from(list(READERS)), st.text())
@example(read_certificate_pem, "\ud800")
@example(read_header_pem, "%F0")
def test_any_text_is_a_certificate_or_refused(read, text):
    outcome(read, text)


@settings(max_examples=300)
@given(st.data())
def test_a_changed_text_is_refused_or_gives_another_certificate(data):
    """Except for white space in PEM, and upper or lower case in an escape."""
    read = data.draw(st.sampled_from(list(READERS)))
    text = data.draw(st.sampled_from(READERS[read]))
    at = data.draw(st.integers(0, len(text) - 1))
    length = data.draw(st.integers(0, 3))
    put = data.draw(st.text(max_size=2) | st.sampled_from("+/=:%, -A"))
    changed = text[:at] + put + text[at + length :]

    der = outcome(read, changed)

    if der == ALICE.der:
        assert plain(read, changed) == plain(read, text)
    elif der is not None:
        # The server verifies the signature; here the thumbprint changes.
        with suppress(InvalidCredential):
            another = read_certificate(der, "cn")
            assert another.thumbprint.hex() != ALICE.thumbprint


def plain(read, text):
    if read is read_header_pem and "%" in text:
        text = urllib.parse.unquote(text)
    if read is read_byte_sequence:
        return text
    return "".join(text.split())


# Contents.


@settings(max_examples=300)
@given(
    st.binary(max_size=64)
    | st.tuples(st.integers(0, len(ALICE.der) - 1), st.integers(1, 255)).map(
        lambda m: flip(*m)
    )
    | st.integers(0, len(ALICE.der) - 1).map(lambda n: ALICE.der[:n])
    | st.binary(min_size=1).map(lambda more: ALICE.der + more),
    st.sampled_from("cn email dns uri subject thumbprint".split()),
)
@example(b"", "cn")
@example(BOB.der, "cn")
def test_a_changed_certificate_is_refused_or_has_another_thumbprint(der, kind):
    with suppress(InvalidCredential):
        shown = read_certificate(der, kind)
        assert shown.thumbprint.hex() != ALICE.thumbprint


def flip(at, mask):
    return ALICE.der[:at] + bytes([ALICE.der[at] ^ mask]) + ALICE.der[at + 1 :]


def test_subject_issuer_and_times_are_read():
    shown = read_certificate(ALICE.der, "cn")

    assert shown.certificate == ALICE.certificate
    assert shown.thumbprint.hex() == ALICE.thumbprint
    assert shown.subject == name("alice")
    assert shown.issuer == ISSUER
    assert shown.ends - shown.begins == 2 * 86400
    assert shown.is_for_clients is True
    assert shown.names == ("alice",)


@pytest.mark.parametrize(
    ("usages", "digital_signature", "good"),
    [
        # RFC 5280, section 4.2.1.12: without the extension, any purpose.
        ((), None, True),
        ((), True, True),
        ((CLIENT_AUTH,), None, True),
        ((CLIENT_AUTH,), True, True),
        ((SERVER_AUTH, CLIENT_AUTH), None, True),
        ((ANY, CLIENT_AUTH), None, True),
        ((SERVER_AUTH,), None, False),
        ((SERVER_AUTH,), True, False),
        # As OpenSSL writes it.
        ((ANY,), None, False),
        ((CLIENT_AUTH,), False, False),
        ((), False, False),
    ],
)
def test_usages_are_for_clients_or_not(usages, digital_signature, good):
    made = make_certificate(usages=usages, digital_signature=digital_signature)

    assert read_certificate(made.der, "cn").is_for_clients is good


NAMES = [
    x509.RFC822Name("alice@tests.example"),
    x509.DNSName("one.tests.example"),
    x509.DNSName("two.tests.example"),
    x509.UniformResourceIdentifier("spiffe://tests.example/alice"),
]


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        ("cn", ("alice",)),
        ("email", ("alice@tests.example",)),
        ("dns", ("one.tests.example", "two.tests.example")),
        ("uri", ("spiffe://tests.example/alice",)),
        ("subject", ("CN=alice",)),
    ],
)
def test_names_of_every_kind_are_found(kind, found):
    made = make_certificate(names=NAMES)

    assert read_certificate(made.der, kind).names == found
    assert read_certificate(made.der, "thumbprint").names == (made.thumbprint,)


@pytest.mark.parametrize("kind", ["email", "dns", "uri"])
def test_names_in_the_subject_are_no_alternative_names(kind):
    made = make_certificate(name("one.tests.example", (EMAIL, "a@b.example")))

    assert read_certificate(made.der, kind).names == ()
    assert read_certificate(ALICE.der, kind).names == ()


@pytest.mark.parametrize(
    ("subject", "found"),
    [
        (name((NameOID.ORGANIZATION_NAME, "Tests")), ()),
        (name(), ()),
        (name("alice", "bob"), ("alice", "bob")),
        (name("alice", "alice"), ("alice", "alice")),
        # A comma in a value does not begin a second name.
        (
            name("nobody", (NameOID.ORGANIZATION_NAME, "a,CN=editor")),
            ("nobody",),
        ),
    ],
)
def test_every_common_name_counts(subject, found):
    made = make_certificate(subject)

    assert read_certificate(made.der, "cn").names == found


@pytest.mark.parametrize(
    "text",
    [
        "CN=alice,O=Tests,C=DE",
        "cn=alice,o=Tests,c=DE",
        "2.5.4.3=alice,2.5.4.10=Tests,2.5.4.6=DE",
        r"CN=\61lice,O=Tests,C=DE",
    ],
)
def test_one_name_may_be_written_in_many_ways(text):
    assert parse_name(text) == name(
        (NameOID.COUNTRY_NAME, "DE"),
        (NameOID.ORGANIZATION_NAME, "Tests"),
        "alice",
    )


def test_names_that_openssl_knows_are_known():
    assert parse_name("emailAddress=a@b.example") == name(
        (EMAIL, "a@b.example")
    )
    assert parse_name("EMAILADDRESS=a@b.example,serialNumber=7") == name(
        (NameOID.SERIAL_NUMBER, "7"), (EMAIL, "a@b.example")
    )


@pytest.mark.parametrize(
    "text",
    [
        "alice",
        "CN",
        "CN=alice,",
        "CN=alice,,O=Tests",
        "CN=alice, O=Tests",
        "CN=alice;O=Tests",
        "/CN=alice/O=Tests",
        "XY=alice",
        "CN=alice\\",
        "C=Germany",
    ],
)
def test_a_malformed_name_is_refused(text):
    with pytest.raises(ValueError):
        parse_name(text)


def test_a_key_of_a_kind_that_is_not_known_here_is_not_judged():
    """The server verified the certificate, and may know more kinds."""
    elliptic = bytes.fromhex("06072a8648ce3d0201")
    assert ALICE.der.count(elliptic) == 1
    der = ALICE.der.replace(elliptic, elliptic[:-1] + b"\x7f")
    with pytest.raises(UnsupportedAlgorithm):
        x509.load_der_x509_certificate(der).public_key()

    assert read_certificate(der, "cn").is_broken is False
