"""A document is fetched within a time limit."""

import ssl
from http.client import HTTPException

import pytest
from support.issuer import drip, hang, respond, serving
from support.tls import Authority

from pyramid_sessiontoken.issuers.fetch import check_url, fetch

LIMIT = 1000


@pytest.fixture
def issuer():
    with serving() as issuer:
        yield issuer


def test_the_document_is_given(issuer):
    issuer.answer = respond(b"document")

    assert fetch(issuer.url, LIMIT) == b"document"
    [request] = issuer.asked
    line, *headers = request.decode().split("\r\n")
    assert line == "GET /keys HTTP/1.1"
    assert f"Host: localhost:{issuer.port}" in headers
    assert "Accept-Encoding: identity" in headers


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("", "/"),
        ("/", "/"),
        ("/a/b?c=d&e", "/a/b?c=d&e"),
        ("?x", "/?x"),
        ("//a", "//a"),
    ],
)
def test_the_whole_path_is_requested(issuer, path, target):
    issuer.answer = respond(b"")

    fetch(f"http://127.0.0.1:{issuer.port}{path}", LIMIT)

    assert issuer.asked[0].startswith(f"GET {target} HTTP/1.1\r\n".encode())


def test_a_document_may_come_in_chunks(issuer):
    issuer.answer = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"4\r\ndocu\r\n4\r\nment\r\n0\r\n\r\n"
    )

    assert fetch(issuer.url, LIMIT) == b"document"


def test_a_document_may_end_with_the_connection(issuer):
    issuer.answer = b"HTTP/1.0 200 OK\r\n\r\ndocument"

    assert fetch(issuer.url, LIMIT) == b"document"


@pytest.mark.parametrize(
    "status",
    ["301 Moved", "302 Found", "307 Moved", "404 No", "500 Oh", "204 Empty"],
)
def test_redirects_and_other_statuses_are_errors(issuer, status):
    with serving() as other:
        location = f"Location: {other.url}"
        issuer.answer = respond(b"{}", status, location)

        with pytest.raises(ValueError, match=status[:3]):
            fetch(issuer.url, LIMIT)

        assert other.asked == []


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "GZIP"])
def test_a_compressed_answer_is_refused(issuer, encoding):
    issuer.answer = respond(b"{}", "200 OK", f"Content-Encoding: {encoding}")

    with pytest.raises(ValueError, match="compressed"):
        fetch(issuer.url, LIMIT)


def in_chunks(body):
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)


@pytest.mark.parametrize(
    "answer",
    [respond, in_chunks, lambda body: b"HTTP/1.0 200 OK\r\n\r\n" + body],
)
def test_a_document_over_the_limit_is_refused(issuer, answer):
    issuer.answer = answer(b"x" * LIMIT)
    assert len(fetch(issuer.url, LIMIT)) == LIMIT

    issuer.answer = answer(b"x" * (LIMIT + 1))
    with pytest.raises(ValueError, match="larger"):
        fetch(issuer.url, LIMIT)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"junk\r\n\r\n",
        b"\0" * 100,
        b"HTTP/1.1 200 OK",
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 1000,
        b"HTTP/1.1 200 OK\r\nA: " + b"b" * 100_000,
        b"HTTP/1.1 " + b"2" * 70_000,
        b"HTTP/1.1 99999 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nx",
    ],
)
def test_an_answer_that_is_not_http_is_one_of_three_errors(issuer, answer):
    issuer.answer = answer

    try:
        document = fetch(issuer.url, LIMIT)
    except (OSError, ValueError, HTTPException):
        return
    assert document == b""


@pytest.mark.parametrize(
    "answer",
    [
        hang,
        drip(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 50),
        drip(respond(b"x" * 900)),
        drip(b"HTTP/1.1 100 Continue\r\n\r\n" * 50),
        drip(in_chunks(b"x" * 900)),
    ],
    ids=["hangs", "headers", "body", "continue", "chunks"],
)
def test_the_whole_fetch_has_one_deadline(issuer, answer):
    """The timeout of a socket would begin again with every byte."""
    issuer.answer = answer

    with pytest.raises(OSError, match=r"timed out|too long"):
        fetch(issuer.url, LIMIT, timeout=0.3)


def test_a_closed_port_is_an_error():
    with serving() as issuer:
        url = issuer.url

    with pytest.raises(OSError, match="refused"):
        fetch(url, LIMIT)


def test_without_time_left_there_is_no_answer(issuer):
    with pytest.raises(TimeoutError, match="too long"):
        fetch(issuer.url, LIMIT, timeout=0)


def test_a_server_needs_a_valid_certificate(tmp_path, monkeypatch):
    authority = Authority(tmp_path)
    with serving(authority.server()) as issuer:
        issuer.answer = respond(b"document")
        with pytest.raises(ssl.SSLCertVerificationError):
            fetch(issuer.url, LIMIT)

        monkeypatch.setenv("SSL_CERT_FILE", str(authority.path))
        assert fetch(issuer.url, LIMIT) == b"document"

        issuer.answer = drip(respond(b"x" * 900))
        with pytest.raises(OSError, match=r"timed out|too long"):
            fetch(issuer.url, LIMIT, timeout=0.5)
    with serving(authority.server("other.example")) as issuer:
        with pytest.raises(ssl.SSLCertVerificationError):
            fetch(issuer.url, LIMIT)
        assert issuer.asked == []


def test_the_tls_handshake_has_the_same_deadline():
    with serving() as issuer:
        url = issuer.url.replace("http:", "https:")
        # The server waits for the end of a request, and sends nothing.
        with pytest.raises(OSError, match="timed out"):
            fetch(url, LIMIT, timeout=0.3)


# URLs.


@pytest.mark.parametrize(
    "url",
    [
        "https://issuer.example/keys",
        "https://issuer.example:8443/keys?x=y",
        "https://issuer.example",
        "https://[2001:db8::1]/keys",
        "HTTPS://issuer.example/",
        "http://localhost/keys",
        "http://localhost:8080/keys",
        "http://127.0.0.1:8080",
        "http://127.9.9.9/",
        "http://[::1]:80/",
    ],
)
def test_https_and_loopback_urls_may_be_fetched(url):
    assert check_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "http://issuer.example/keys",
        "http://localhost.issuer.example/",
        "http://10.0.0.1/",
        "http://0.0.0.0/",
        "http://[::]/",
        "http://2130706433/",
        "http://127.1/",
        "ftp://issuer.example/",
        "file:///etc/passwd",
        "file://localhost/etc/passwd",
        "data://x/{}",
        "gopher://localhost/",
        "https://",
        "https:///keys",
        "https://user@issuer.example/",
        "https://user:password@issuer.example/",
        "https://@issuer.example/",
        "https://issuer.example/#keys",
        "https://issuer.example/a b",
        "https://issuer.example/\r\nX: y",
        "https://issuer.example:0/",
        "https://issuer.example:99999/",
        "https://issuer.example:x/",
        "https://[::1/",
        "https://\xe9.example/",
        "//issuer.example/",
        "issuer.example",
        "",
    ],
)
def test_other_urls_are_not_fetched(url):
    with pytest.raises(ValueError):
        check_url(url)
