"""A certificate is accepted if the server verified it, and the settings
accept it.
"""

import base64
import logging
import urllib.parse
from types import SimpleNamespace

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pyramid.request import Request
from support import START
from support.certificates import (
    ISSUER,
    SERVER_AUTH,
    SUCCESS,
    make_certificate,
    name,
    numbered,
)
from support.keys import ROCA_2048
from zope.interface.verify import verifyObject

from pyramid_sessiontoken.authenticators.client_certificate import (
    Believed,
    ClientCertificateAuthenticator,
)
from pyramid_sessiontoken.authenticators.trusted_place import (
    TrustedPlace,
    find_place,
)
from pyramid_sessiontoken.config.trusted_proxies import read_networks
from pyramid_sessiontoken.errors import InvalidCredential, UnfitAnswer
from pyramid_sessiontoken.events import CredentialRefused
from pyramid_sessiontoken.identity import Identity
from pyramid_sessiontoken.interfaces import IAuthenticator

ALICE = make_certificate()
BOB = make_certificate("bob")
MALLORY = make_certificate("mallory")
PROXY = "10.1.0.1"
STRANGER = "10.2.0.1"
NETWORKS = read_networks("10.1.0.0/16")

#: A source in the settings, and how it writes a certificate.
ENVIRON = "environ:SSL_CLIENT_CERT"
ESCAPED = "header:X-Client-Cert"
CLIENT_CERT = "header:Client-Cert"
WRITE = {
    ENVIRON: lambda made: {"SSL_CLIENT_CERT": made.pem},
    ESCAPED: lambda made: {"HTTP_X_CLIENT_CERT": made.escaped},
    CLIENT_CERT: lambda made: {"HTTP_CLIENT_CERT": made.byte_sequence},
}
SOURCES = list(WRITE)


def anybody(certificate, request):
    return True


def make_authenticator(
    source=ENVIRON,
    verify="environ:SSL_CLIENT_VERIFY",
    now=START,
    userid="cn",
    success=SUCCESS,
    **believed,
):
    return ClientCertificateAuthenticator(
        find_place(source, NETWORKS),
        None if verify is None else find_place(verify, NETWORKS),
        Believed(userid, **(believed or {"check": anybody})),
        lambda: now,
        success=success,
    )


def make_request(made=None, source=ENVIRON, verify=SUCCESS, **environ):
    request = Request.blank("/")
    request.environ["REMOTE_ADDR"] = PROXY
    if made is not None:
        request.environ.update(WRITE[source](made))
    if verify is not None:
        request.environ["SSL_CLIENT_VERIFY"] = verify
    request.environ.update(environ)
    return request


def vouches(made, **changes):
    """Give the userid for which an authenticator vouches."""
    authenticator = make_authenticator(**changes)
    return authenticator.authenticate(make_request(made)).userid


def refusal(request, **changes):
    """Give the reason of the refusal; any other answer fails the test."""
    with pytest.raises(InvalidCredential) as caught:
        make_authenticator(**changes).authenticate(request)
    reason = caught.value.reason
    assert "BEGIN" not in reason
    assert len(reason) < 800
    return reason


def test_the_authenticator_provides_its_interface():
    authenticator = make_authenticator()

    assert verifyObject(IAuthenticator, authenticator)
    assert authenticator.scheme is None
    assert authenticator.ambient is True
    assert authenticator.challenge(make_request()) is None
    assert authenticator.binds is False


@pytest.mark.parametrize(
    ("source", "verify", "vary"),
    [
        (ENVIRON, "environ:SSL_CLIENT_VERIFY", ()),
        (ESCAPED, "environ:SSL_CLIENT_VERIFY", ("X-Client-Cert",)),
        (ENVIRON, "header:X-Verify", ("X-Verify",)),
        (ESCAPED, "header:X-Verify", ("X-Client-Cert", "X-Verify")),
        (ESCAPED, ESCAPED, ("X-Client-Cert",)),
    ],
)
def test_the_headers_that_are_read_are_in_vary(source, verify, vary):
    assert make_authenticator(source, verify).vary == vary


@pytest.mark.parametrize("source", SOURCES)
def test_a_verified_certificate_vouches_for_its_common_name(source):
    authenticator = make_authenticator(source)

    identity = authenticator.authenticate(make_request(ALICE, source))

    assert identity == Identity("alice", authenticator="client_certificate")


# No certificate.


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"SSL_CLIENT_CERT": ""},
        {"SSL_CLIENT_CERT": "NONE"},
        {"SSL_CLIENT_CERT": None},
        {"HTTP_SSL_CLIENT_CERT": ALICE.pem},
        {"HTTP_CLIENT_CERT": ALICE.byte_sequence},
        {"HTTP_X_CLIENT_CERT": ALICE.escaped},
        {"SSL_CLIENT_S_DN": "CN=alice", "SSL_CLIENT_S_DN_CN": "alice"},
    ],
    ids=lambda environ: " ".join(environ) or "nothing",
)
@pytest.mark.parametrize("verify", [SUCCESS, "NONE", "FAILED:x", "", None])
def test_without_a_certificate_nothing_is_shown(environ, verify):
    request = make_request(verify=verify, **environ)

    assert make_authenticator().authenticate(request) is None
    assert make_authenticator().thumbprint_of(request) is None


@pytest.mark.parametrize("source", [ESCAPED, CLIENT_CERT])
@pytest.mark.parametrize("value", ["", " ", "NONE", "(null)"])
def test_a_proxy_may_say_that_there_is_no_certificate(source, value):
    key = TrustedPlace.of_header(source.partition(":")[2], ()).key
    request = make_request(**{key: value})

    assert make_authenticator(source).authenticate(request) is None


# The server's verdict.


@pytest.mark.parametrize(
    "verify",
    [
        None,
        "",
        "NONE",
        "GENEROUS",
        "FAILED",
        "FAILED:certificate has expired",
        "success",
        "Success",
        "SUCCESS ",
        " SUCCESS",
        "SUCCESS,SUCCESS",
        "SUCCESS, SUCCESS",
        "SUCCESS\n",
        "SUCCESS\0",
        "SUCCESSFUL",
        "UNSUCCESSFUL",
        "0",
        "1",
        "OK",
    ],
)
@pytest.mark.parametrize("source", SOURCES)
def test_a_certificate_is_refused_unless_the_server_says_success(
    source, verify
):
    request = make_request(ALICE, source, verify)

    reason = refusal(request, source=source)

    assert reason.startswith(
        "the server did not verify the certificate: SSL_CLIENT_VERIFY is "
    )
    assert reason.endswith(", not 'SUCCESS'")


def test_a_long_verdict_is_logged_in_part():
    request = make_request(ALICE, verify="FAILED:" + "x" * 100_000)

    assert len(refusal(request)) < 300


VERIFY = "header:X-Verify"


@pytest.mark.parametrize("verify", [None, "FAILED", "SUCCESS, SUCCESS"])
def test_the_verdict_may_stand_in_a_header(verify):
    good = make_request(ALICE, verify=None, HTTP_X_VERIFY="SUCCESS")
    bad = make_request(ALICE, verify=SUCCESS)
    if verify is not None:
        bad.environ["HTTP_X_VERIFY"] = verify

    authenticator = make_authenticator(verify=VERIFY)

    assert authenticator.authenticate(good).userid == "alice"
    assert "certificate: X-Verify is " in refusal(bad, verify=VERIFY)


# Headers.


@pytest.mark.parametrize("source", [ESCAPED, CLIENT_CERT])
@pytest.mark.parametrize("peer", [STRANGER, "", "localhost", None])
def test_a_certificate_header_of_an_untrusted_peer_is_refused(source, peer):
    request = make_request(
        ALICE,
        source,
        HTTP_X_FORWARDED_FOR=PROXY,
        REMOTE_ADDR=peer,
    )

    assert "no trusted proxy" in refusal(request, source=source)


def test_a_verify_header_of_an_untrusted_peer_is_refused():
    request = make_request(ALICE, HTTP_X_VERIFY=SUCCESS, REMOTE_ADDR=STRANGER)

    assert "no trusted proxy" in refusal(request, verify=VERIFY)


@pytest.mark.parametrize("source", [ESCAPED, CLIENT_CERT])
@pytest.mark.parametrize("other", [ALICE, BOB], ids=["same", "other"])
@pytest.mark.parametrize("joint", [",", ", ", " ", "\n"])
def test_a_header_that_comes_twice_is_refused(source, other, joint):
    """WSGI servers join the values with a comma."""
    ((key, value),) = WRITE[source](ALICE).items()
    ((_, more),) = WRITE[source](other).items()
    request = make_request(**{key: value + joint + more})

    assert refusal(request, source=source)


@pytest.mark.parametrize("made", numbered(ALICE))
@pytest.mark.parametrize("source", SOURCES)
def test_a_variable_holds_pem_and_a_header_any_form(source, made):
    ((key, _),) = WRITE[source](made).items()
    der = made.byte_sequence[1:-1]
    for value in (made.byte_sequence, made.escaped, der):
        request = make_request(**{key: value})
        if source == ENVIRON:
            assert refusal(request, source=source)
        else:
            authenticator = make_authenticator(source=source)
            assert authenticator.authenticate(request).userid == "alice"


@pytest.mark.parametrize("said", ["0", "OK", "verified ok"])
def test_a_server_may_say_another_word(said):
    authenticator = make_authenticator(success=said)

    request = make_request(ALICE, verify=said)
    assert authenticator.authenticate(request).userid == "alice"
    for other in (SUCCESS, said.lower() + " ", f"{said},{said}", "", None):
        reason = refusal(make_request(ALICE, verify=other), success=said)
        assert f"not {said!r}" in reason


def test_a_server_may_say_no_word():
    authenticator = make_authenticator(
        verify=None, thumbprints=frozenset([ALICE.thumbprint])
    )

    for verify in (None, "NONE", "FAILED", SUCCESS):
        request = make_request(ALICE, verify=verify)
        assert authenticator.authenticate(request).userid == "alice"
        with pytest.raises(InvalidCredential, match="thumbprint"):
            authenticator.authenticate(make_request(BOB, verify=verify))


def test_a_header_name_is_known_in_any_case():
    request = make_request(ALICE, CLIENT_CERT)

    authenticator = make_authenticator("header:CLIENT-CERT")

    assert authenticator.authenticate(request).userid == "alice"


# Dates and usages.


def test_a_certificate_whose_key_others_can_compute_is_refused():
    """CVE-2017-15361: smart cards made such keys."""
    public = rsa.RSAPublicNumbers(65537, ROCA_2048).public_key()
    shown = make_certificate(key=SimpleNamespace(public_key=lambda: public))

    assert "CVE-2017-15361" in refusal(make_request(shown))


@pytest.mark.parametrize(
    ("now", "good"),
    [
        (START - 86401, False),
        (START - 86400, True),
        (START, True),
        (START + 86400, True),
        (START + 86401, False),
        (0, False),
        (2**40, False),
    ],
)
def test_dates_are_checked_to_the_second(now, good):
    if good:
        assert vouches(ALICE, now=now) == "alice"
    else:
        reason = refusal(make_request(ALICE), now=now)
        assert reason == "the certificate 'CN=alice' is not valid now"


@pytest.mark.parametrize(
    "changes",
    [
        {"usages": (SERVER_AUTH,)},
        {"digital_signature": False},
        {"usages": (), "digital_signature": False},
    ],
)
def test_a_certificate_for_something_else_is_refused(changes):
    made = make_certificate(**changes)

    assert "not for clients" in refusal(make_request(made))


# Which certificates are accepted.

OTHER = name("Other CA")


@pytest.mark.parametrize(
    ("believed", "good"),
    [
        ({"subjects": [name("alice")]}, True),
        ({"subjects": [name("bob"), name("alice")]}, True),
        ({"subjects": [name("bob")]}, False),
        ({"subjects": [name("Alice")]}, False),
        ({"subjects": [name()]}, False),
        ({"issuers": [ISSUER]}, True),
        ({"issuers": [OTHER, ISSUER]}, True),
        ({"issuers": [OTHER]}, False),
        ({"issuers": [name("alice")]}, False),
        ({"thumbprints": [ALICE.thumbprint]}, True),
        ({"thumbprints": [BOB.thumbprint, ALICE.thumbprint]}, True),
        ({"thumbprints": [BOB.thumbprint]}, False),
        ({"subjects": [name("alice")], "issuers": [ISSUER]}, True),
        ({"subjects": [name("alice")], "issuers": [OTHER]}, False),
        ({"subjects": [name("bob")], "issuers": [ISSUER]}, False),
        (
            {"thumbprints": [ALICE.thumbprint], "subjects": [name("bob")]},
            False,
        ),
        ({"issuers": [OTHER], "check": anybody}, False),
        ({"issuers": [ISSUER], "check": lambda *args: False}, False),
    ],
)
def test_all_configured_conditions_must_hold(believed, good):
    believed = {
        kind: value if callable(value) else frozenset(value)
        for kind, value in believed.items()
    }
    if good:
        assert vouches(ALICE, **believed) == "alice"
    else:
        refusal(make_request(ALICE), **believed)


def test_names_are_compared_as_names():
    """A text inside one attribute is not taken for another attribute."""
    organization = NameOID.ORGANIZATION_NAME
    eve = make_certificate(name((organization, "Tests,CN=alice"), "eve"))
    turned = make_certificate(name("alice", (organization, "Tests")))
    alice = name((organization, "Tests"), "alice")

    for made in (eve, turned):
        reason = refusal(make_request(made), subjects=frozenset([alice]))
        assert reason.startswith("the subject of the certificate ")
    assert vouches(make_certificate(alice), subjects=frozenset([alice]))


def test_the_reason_names_subject_and_issuer():
    reason = refusal(make_request(BOB), subjects=frozenset([name("alice")]))

    assert reason == (
        "the subject of the certificate 'CN=bob', issued by"
        ' "O=Tests,CN=Tests\' CA", is not in'
        " sessiontoken.client_certificate.subject"
    )


def test_the_check_sees_certificate_and_request():
    seen = []
    request = make_request(ALICE)

    make_authenticator(
        check=lambda *args: seen.append(args) or "bob"
    ).authenticate(request)

    assert seen == [(ALICE.certificate, request)]


def test_the_check_is_asked_last():
    def fail(certificate, request):
        raise AssertionError

    refusal(make_request(ALICE), check=fail, issuers=frozenset([OTHER]))
    refusal(make_request(ALICE), check=fail, now=0)
    refusal(make_request(ALICE, verify="NONE"), check=fail)


@pytest.mark.parametrize(
    ("answer", "identity"),
    [
        (True, Identity("alice")),
        ("bob", Identity("bob")),
        (42, Identity(42)),
        ({"sub": 7, "roles": ["admin"]}, Identity(7, {"roles": ["admin"]})),
        ({"roles": ["admin"]}, Identity(None, {"roles": ["admin"]})),
    ],
)
def test_the_check_may_answer_as_that_of_basic(answer, identity):
    authenticator = make_authenticator(check=lambda *args: answer)

    found = authenticator.authenticate(make_request(ALICE))

    assert (found.userid, found.claims) == (identity.userid, identity.claims)


@pytest.mark.parametrize(
    "answer", [None, False, "", "role:admin", 1.5, {"sub": ""}]
)
def test_a_check_that_gives_no_possible_user_refuses(answer):
    refusal(make_request(ALICE), check=lambda *args: answer)


def test_claims_that_no_token_carries_are_no_refusal():
    authenticator = make_authenticator(check=lambda *args: {"cnf": {}})

    with pytest.raises(UnfitAnswer):
        authenticator.authenticate(make_request(ALICE))


# The userid.

NAMES = (
    x509.RFC822Name("alice@tests.example"),
    x509.DNSName("alice.tests.example"),
    x509.UniformResourceIdentifier("spiffe://tests.example/alice"),
)


@pytest.mark.parametrize(
    ("userid", "found"),
    [
        ("cn", "alice"),
        ("email", "alice@tests.example"),
        ("dns", "alice.tests.example"),
        ("uri", "spiffe://tests.example/alice"),
        ("subject", "CN=alice"),
    ],
)
def test_the_settings_choose_the_userid(userid, found):
    made = make_certificate(names=NAMES)

    assert vouches(made, userid=userid) == found
    assert vouches(made, userid="thumbprint") == made.thumbprint


@pytest.mark.parametrize(
    ("subject", "names", "userid"),
    [
        (name(), NAMES, "cn"),
        (name("alice", "alice"), NAMES, "cn"),
        (name("alice"), (), "email"),
        (name("alice"), (), "dns"),
        (name("alice"), NAMES[:2], "uri"),
        (name("alice"), (*NAMES, x509.DNSName("b.example")), "dns"),
        (name("alice"), (*NAMES, x509.RFC822Name("a@b.example")), "email"),
    ],
)
def test_a_certificate_must_have_exactly_one_name_of_the_kind(
    subject, names, userid
):
    made = make_certificate(subject, names=names)

    reason = refusal(make_request(made), userid=userid)

    assert f"names of the kind {userid!r}, not one" in reason


def test_a_check_that_gives_a_userid_needs_no_name_in_the_certificate():
    made = make_certificate(name("alice", "bob"))

    assert vouches(made, check=lambda *args: "carol") == "carol"


@pytest.mark.parametrize(
    "subject",
    [
        "system.Everyone",
        "role:admin",
        "group:admins",
        "scope:all",
        "ali\0ce",
        "alice\n",
        "\x85",
    ],
)
def test_a_name_that_no_user_can_have_is_refused(subject):
    refusal(make_request(make_certificate(subject)))


def test_a_uri_that_looks_like_a_role_is_refused():
    made = make_certificate(
        names=[x509.UniformResourceIdentifier("role:admin")]
    )

    refusal(make_request(made), userid="uri")


def test_a_long_subject_is_no_userid():
    unit = NameOID.ORGANIZATIONAL_UNIT_NAME
    made = make_certificate(name(*[(unit, "x" * 60)] * 5))

    assert "1 to 255" in refusal(make_request(made), userid="subject")


# Any value.


@settings(max_examples=300)
@given(
    st.sampled_from(SOURCES),
    st.text(st.characters(max_codepoint=255))
    | st.sampled_from([ALICE.pem, ALICE.escaped, ALICE.byte_sequence]),
    st.text() | st.just(SUCCESS),
)
@example(ENVIRON, "\ud800", SUCCESS)
@example(ESCAPED, "%" * 99, SUCCESS)
@example(CLIENT_CERT, "::", SUCCESS)
@example(CLIENT_CERT, ":", SUCCESS)
def test_only_a_verified_certificate_signs_in_whatever_the_headers_say(
    source, value, verify
):
    ((key, _),) = WRITE[source](ALICE).items()
    request = make_request(verify=verify, **{key: value})
    try:
        identity = make_authenticator(source).authenticate(request)
    except InvalidCredential:
        return
    if identity is not None:
        assert identity.userid == "alice"
        assert verify == SUCCESS


@settings(max_examples=200)
@given(st.data())
def test_a_certificate_with_one_changed_byte_is_refused_by_thumbprint(data):
    source = data.draw(st.sampled_from(SOURCES))
    at = data.draw(st.integers(0, len(ALICE.der) - 1))
    mask = data.draw(st.integers(1, 255))
    raw = bytearray(ALICE.der)
    raw[at] ^= mask
    ((key, _),) = WRITE[source](ALICE).items()
    value = encode_for(source, bytes(raw))
    request = make_request(**{key: value})

    refusal(request, source=source, thumbprints=frozenset([ALICE.thumbprint]))


def encode_for(source, der):
    body = base64.b64encode(der).decode()
    pem = f"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n"
    return {
        ENVIRON: pem,
        ESCAPED: urllib.parse.quote(pem, safe=""),
        CLIENT_CERT: f":{body}:",
    }[source]


# In an application.

ON = {
    "authenticators": "session cookie basic client_certificate",
    "client_certificate.subject": "CN=alice\nCN=bob",
}
SHOWN = {"SSL_CLIENT_CERT": ALICE.pem, "SSL_CLIENT_VERIFY": SUCCESS}


def test_a_certificate_is_swapped_for_a_token(make):
    client = make(ON)

    token = client.post("/token", extra_environ=SHOWN).json["access_token"]

    who = client.ask(token).json
    assert who["userid"] == "alice"
    assert who["authenticator"] == "session"


def test_a_certificate_signs_in_by_itself(make):
    client = make(ON)

    answer = client.get("/identity", extra_environ=SHOWN)

    assert answer.json["userid"] == "alice"
    assert answer.json["authenticator"] == "client_certificate"
    assert answer.headers["Vary"] == "Authorization, Cookie"
    assert client.get("/identity").json["userid"] is None


def test_the_token_says_that_a_hardware_key_was_shown(make):
    client = make(ON)

    token = client.post("/token", extra_environ=SHOWN).json["access_token"]

    said = jwt.decode(token, options={"verify_signature": False})
    assert said["amr"] == ["hwk"]
    assert "cnf" not in said


def test_an_unknown_certificate_gets_a_plain_401(make, caplog):
    caplog.set_level(logging.INFO)
    client = make(ON)
    eve = make_certificate("eve")

    refused = client.post(
        "/token",
        extra_environ={**SHOWN, "SSL_CLIENT_CERT": eve.pem},
        status=401,
    )

    assert "eve" not in refused
    assert refused.headers.getall("WWW-Authenticate") == [
        'Session realm="session"',
        'Basic realm="session", charset="UTF-8"',
    ]
    (message,) = caplog.messages
    assert message.startswith("client_certificate refused: the subject of")
    assert "'CN=eve'" in message


def test_a_get_cannot_swap_a_certificate(make):
    """Any page can make a browser send a GET."""
    make(ON).get("/token", extra_environ=SHOWN, status=401)


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
def test_a_certificate_is_refused_in_cross_site_requests(make, headers):
    client = make(ON)
    other = {"extra_environ": SHOWN, "headers": headers}

    client.post("/token", status=401, **other)
    assert client.post("/identity", **other).json["userid"] is None
    assert client.get("/identity", **other).json["userid"] == "alice"


def test_a_refused_certificate_hides_no_other_credential(make):
    client = make({**ON, "authenticators": "client_certificate session basic"})
    failed = {**SHOWN, "SSL_CLIENT_VERIFY": "FAILED"}
    client = client.fresh(**failed)

    token = client.swap("bob")["access_token"]

    assert client.ask(token).json["userid"] == "bob"
    assert (
        client.get("/identity")
        .json["failure"]
        .startswith(
            "client_certificate refused: the server did not verify the"
            " certificate: SSL_CLIENT_VERIFY is 'FAILED'"
        )
    )


def test_a_refused_token_is_not_replaced_by_a_certificate(make):
    client = make(ON).fresh(**SHOWN)

    assert client.ask("nonsense").json["userid"] is None


HEADERS = {
    **ON,
    "client_certificate.source": "header:Client-Cert",
    "client_certificate.verify": "header:X-Verify",
    "client_certificate.trusted_proxies": "10.1.0.0/16",
}


@pytest.mark.parametrize(
    ("peer", "userid"), [(PROXY, "alice"), (STRANGER, None)]
)
def test_a_certificate_in_a_header_comes_with_vary(make, peer, userid):
    client = make(HEADERS).fresh(REMOTE_ADDR=peer)
    shown = {"Client-Cert": ALICE.byte_sequence, "X-Verify": SUCCESS}

    answer = client.get("/identity", headers=shown)

    assert answer.json["userid"] == userid
    assert answer.headers["Vary"] == (
        "Authorization, Cookie, Client-Cert, X-Verify"
    )


def test_a_refusal_is_notified_once(make):
    told = []
    client = make(
        HEADERS,
        setup=lambda config: config.add_subscriber(
            told.append, CredentialRefused
        ),
    )

    client.get("/identity", headers={"Client-Cert": ALICE.byte_sequence})

    (event,) = told
    assert event.authenticator == "client_certificate"
    assert "no trusted proxy" in event.reason


def test_the_clock_of_the_application_counts(make, clock):
    client = make(ON)

    clock.advance(86401)

    assert (
        client.get("/identity", extra_environ=SHOWN).json["failure"]
        == "client_certificate refused: the certificate 'CN=alice' is not"
        " valid now"
    )


@pytest.mark.parametrize(
    ("settings", "userid"),
    [
        ({"client_certificate.issuer": "O=Tests,CN=Tests' CA"}, "alice"),
        ({"client_certificate.issuer": "CN=Other"}, None),
        ({"client_certificate.thumbprint": ALICE.thumbprint}, "alice"),
        ({"client_certificate.thumbprint": BOB.thumbprint}, None),
        ({"client_certificate.check": anybody}, "alice"),
        ({"client_certificate.check": lambda *args: 42}, 42),
        ({"client_certificate.userid": "subject"}, "CN=alice"),
    ],
    ids=lambda value: value if type(value) is int else str(value)[:30],
)
def test_the_settings_say_which_certificates_sign_in(make, settings, userid):
    client = make({**ON, **settings})

    found = client.get("/identity", extra_environ=SHOWN).json["userid"]

    assert found == userid


def test_a_certificate_is_refused_over_plain_http(make):
    client = make(ON).fresh(**{"wsgi.url_scheme": "http"})

    assert client.get("/identity", extra_environ=SHOWN).json["userid"] is None
    client.post("/token", extra_environ=SHOWN, status=403)


def by_alb(*chain):
    """As AWS writes it: escaped, but for three characters."""
    pem = "".join(made.pem for made in chain)
    return urllib.parse.quote(pem, safe="+=/")


#: The source, its value for a certificate, the other settings, and what the
#: proxy says besides.
PROXIES = {
    "HAProxy": (
        "X-Client-Cert",
        lambda made: made.byte_sequence[1:-1],
        {"verify": "header:X-Client-Verify", "success": "0"},
        {"X-Client-Verify": "0"},
    ),
    "Azure App Service": (
        "X-ARR-ClientCert",
        lambda made: made.byte_sequence[1:-1],
        {"verify": "off", "thumbprint": ALICE.thumbprint},
        {},
    ),
    "AWS ALB, verify": (
        "X-Amzn-Mtls-Clientcert-Leaf",
        by_alb,
        {"verify": "off", "check": lambda certificate, request: True},
        {},
    ),
    "AWS ALB, passthrough": (
        "X-Amzn-Mtls-Clientcert",
        lambda made: by_alb(made, BOB),
        {"verify": "off", "thumbprint": ALICE.thumbprint},
        {},
    ),
    "Google Cloud": (
        "X-Client-Cert-Leaf",
        lambda made: made.byte_sequence,
        {"verify": "header:X-Client-Cert-Chain-Verified", "success": "true"},
        {"X-Client-Cert-Chain-Verified": "true"},
    ),
    "ingress-nginx": (
        "ssl-client-cert",
        lambda made: made.escaped,
        {"verify": "header:ssl-client-verify"},
        {"ssl-client-verify": "SUCCESS"},
    ),
}


@pytest.mark.parametrize("proxy", PROXIES)
def test_what_a_proxy_writes_signs_in_and_is_swapped(make, proxy):
    header, write, others, said = PROXIES[proxy]
    settings = {
        **ON,
        **{f"client_certificate.{k}": v for k, v in others.items()},
        "client_certificate.source": f"header:{header}",
        "client_certificate.trusted_proxies": "10.1.0.0/16",
    }
    client = make(settings).fresh(REMOTE_ADDR=PROXY)
    shown = {header: write(ALICE), **said}

    token = client.post("/token", headers=shown).json["access_token"]

    assert client.ask(token).json["userid"] == "alice"
    for wrong in (
        {**shown, header: f"{write(ALICE)},{write(ALICE)}"},
        {**shown, header: f"{write(ALICE)}, {write(BOB)}"},
        {**shown, header: write(MALLORY)},
        *[{**shown, verdict: "1"} for verdict in said],
    ):
        client.post("/token", headers=wrong, status=401)
    client.post(
        "/token",
        headers=shown,
        extra_environ={"REMOTE_ADDR": STRANGER},
        status=401,
    )
