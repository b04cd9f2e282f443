"""Forms in, JSON out."""

import logging

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyramid.authorization import ACLHelper
from support import Client
from support.endpoint import BASIC, FORM, is_unkept


@pytest.mark.parametrize(
    ("path", "method", "allow"),
    [
        ("/token", "DELETE", "GET, POST"),
        ("/token", "PUT", "GET, POST"),
        ("/token", "HEAD", "GET, POST"),
        ("/token", "OPTIONS", "GET, POST"),
        ("/token", "PATCH", "GET, POST"),
        ("/token/status", "POST", "GET"),
        ("/token/status", "HEAD", "GET"),
    ],
)
def test_other_methods_are_405(client, path, method, allow):
    response = client.request(path, method=method, status=405)
    assert response.headers["Allow"] == allow
    assert response.headers["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize(
    ("body", "content_type", "status", "error"),
    [
        ("grant_type=password", FORM, 400, "unsupported_grant_type"),
        ("grant_type=", FORM, 400, "unsupported_grant_type"),
        ("grant_type", FORM, 400, "unsupported_grant_type"),
        ("a=1&a=2", FORM, 400, "invalid_request"),
        (
            "grant_type=client_credentials&grant_type=client_credentials",
            FORM,
            400,
            "invalid_request",
        ),
        ("a=%ff", FORM, 400, "invalid_request"),
        (b"a=\xff", FORM, 400, "invalid_request"),
        ("&".join(f"a{i}=1" for i in range(101)), FORM, 400, None),
        ('{"a": 1}', "application/json", 415, "invalid_request"),
        ("x", "text/plain", 415, "invalid_request"),
        ("x", "multipart/form-data", 415, "invalid_request"),
        ("x", "", 415, "invalid_request"),
        ("a=" + "x" * 65535, FORM, 413, "invalid_request"),
    ],
)
def test_any_other_body_is_refused(client, body, content_type, status, error):
    response = client.post(
        "/token",
        body,
        headers={**BASIC, "Content-Type": content_type},
        status=status,
    )
    assert error in (None, response.json["error"])
    assert is_unkept(response)


def test_a_form_in_any_charset_or_case_of_its_type_is_a_form(client):
    for content_type in (
        f"{FORM}; charset=bogus",
        FORM.upper(),
        f"{FORM};charset=utf-8",
    ):
        client.post(
            "/token",
            "grant_type=client_credentials",
            headers={**BASIC, "Content-Type": content_type},
        )


def test_a_body_that_is_shorter_than_announced_is_400(client):
    request = client.RequestClass.blank(
        "/token", {**client.extra_environ, "CONTENT_TYPE": FORM}
    )
    request.method = "POST"
    request.environ["CONTENT_LENGTH"] = "50"
    request.headers.update(BASIC)
    response = request.get_response(client.app)
    assert response.status_code == 400
    assert response.json["error"] == "invalid_request"


def test_a_chunked_body_is_bounded_as_well(client):
    def post(body):
        request = client.RequestClass.blank("/token", client.extra_environ)
        request.method = "POST"
        request.body = body
        request.headers.update(BASIC)
        request.content_type = FORM
        del request.environ["CONTENT_LENGTH"]
        request.environ["wsgi.input_terminated"] = True
        return request.get_response(client.app)

    assert post(b"grant_type=client_credentials").status_code == 200
    assert post(b"a=" + b"x" * 65536).status_code == 413


def test_plain_http_gets_neither_token_nor_challenge(client):
    client.extra_environ["wsgi.url_scheme"] = "http"
    for path in ("/token", "/token/status", "/admin", "/forbidden"):
        response = client.get(path, headers=BASIC, status=403)
        assert response.json["error"] == "tls_required"
        assert "require_tls" in response.json["error_description"]
        assert "X-Forwarded-Proto" in response.json["error_description"]
        assert "WWW-Authenticate" not in response.headers
    client.post("/token", headers=BASIC, status=403)


def test_where_another_policy_wins_no_token_is_issued(make, caplog):
    class Other:
        def identity(self, request):
            return None

        authenticated_userid = remember = forget = identity

        def permits(self, request, context, permission):
            return ACLHelper().permits(context, [], permission)

    with caplog.at_level(logging.WARNING):
        client = make(security_policy=Other())
    assert "another security policy" in caplog.text
    assert caplog.text.rstrip().endswith("security_policy=, of Other")
    response = client.post("/token", headers=BASIC, status=503)
    assert response.json["error"] == "temporarily_unavailable"
    assert "Retry-After" in response.headers
    # The answers are those of the endpoint.
    assert "WWW-Authenticate" not in client.get("/admin", status=403).headers


@settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    header=st.sampled_from(["Authorization", "Cookie", "Origin", "Expires"]),
    value=st.text(
        st.characters(min_codepoint=32, max_codepoint=255), max_size=100
    ),
    prefix=st.sampled_from(["", "Session ", "Basic ", "__Host-sessiontoken="]),
    body=st.binary(max_size=100),
)
def test_no_input_is_a_500(client, header, value, prefix, body):
    headers = {header: prefix + value, "Content-Type": FORM}
    stranger = Client(client.app, client.clock)
    response = stranger.post("/token", body, headers=headers, status="*")
    assert response.status_code in (400, 401)
    response = stranger.get("/identity", headers=headers, status="*")
    assert response.status_code == 200
    assert response.json["userid"] is None
