"""What fits into the headers of a response, and what the log says of it."""

import pytest

from pyramid_sessiontoken.events import SessionRenewed

NAME = "Session-Token"


def warnings(caplog):
    found = [r.getMessage() for r in caplog.records if r.levelno >= 30]
    caplog.clear()
    return found


def begin(client, length):
    """Give a token of so many bytes, or some bytes less."""
    low, high = 0, length
    while low < high:
        middle = (low + high + 1) // 2
        token = client.issue("x" * middle)
        low, high = (
            (middle, high) if len(token) <= length else (low, middle - 1)
        )
    return client.issue("x" * low)


@pytest.fixture
def issuing(make):
    """Make a client that issues tokens with a claim of any length."""

    def make_client(settings=()):
        def issue(request):
            claims = {"text": request.POST["text"]}
            return request.sessiontoken.issue("alice", claims).as_dict()

        def setup(config):
            config.add_route("issue", "/issue")
            config.add_view(issue, route_name="issue", renderer="json")

        client = make(settings, setup=setup)
        client.issue = lambda text: client.post("/issue", {"text": text}).json[
            "access_token"
        ]
        return client

    return make_client


def test_a_long_token_is_not_renewed_in_a_response_header(issuing, caplog):
    client = issuing()
    short, long = begin(client, 3500), begin(client, 3504)
    assert len(short) in range(3497, 3501)
    assert len(long) in range(3501, 3505)
    warnings(caplog)
    client.clock.advance(1800)

    assert NAME in client.ask(short).headers
    assert warnings(caplog) == []
    for _ in range(2):
        answer = client.ask(long)
        assert answer.json["userid"] == "alice"
        assert NAME not in answer.headers
        assert "Cache-Control" not in answer.headers
    [said] = warnings(caplog)
    assert f"a token of {len(long)} bytes is not renewed" in said
    assert "by POST" in said

    # The client renews it by POST.
    headers = {"Authorization": f"Session {long}"}
    renewed = client.post("/token", headers=headers).json
    assert renewed["expires_in"] == 3600
    client.clock.advance(2000)
    assert client.ask(long).status_code == 200
    assert client.ask(long).json["userid"] is None
    assert client.ask(renewed["access_token"]).json["userid"] == "alice"


def test_a_renewal_that_was_not_sent_is_not_notified(issuing):
    told = []
    client = issuing()
    client.registry.registerHandler(told.append, [SessionRenewed])
    short, long = begin(client, 3400), begin(client, 3600)
    client.clock.advance(1800)

    assert NAME not in client.ask(long).headers
    assert told == []
    assert NAME in client.ask(short).headers
    assert len(told) == 1


def test_a_reference_is_renewed_whatever_the_size_of_its_claims(issuing):
    client = issuing({"repository": "memory", "token.form": "reference"})
    token = client.issue("x" * 5000)
    client.clock.advance(1800)
    client.ask(token)
    client.clock.advance(1900)

    assert client.ask(token).json["userid"] == "alice"


@pytest.mark.parametrize("path", ["/issue", "/sign_in"])
def test_large_claims_are_logged_once(issuing, path, caplog):
    client = issuing()

    def begin_with(length):
        text = "x" * length
        if path == "/issue":
            client.issue(text)
        else:
            client.post_json("/sign_in", {"claims": {"text": text}})
        return warnings(caplog)

    beside = len('{"text":""}')
    assert begin_with(3072 - beside) == []
    [said] = begin_with(3073 - beside)
    assert "claims of 3073 bytes" in said
    assert "proxy_buffer_size" in said
    assert begin_with(4000) == []


def test_large_claims_in_a_repository_cause_no_warning(make, caplog):
    client = make({"repository": "memory", "cookie.form": "reference"})

    client.post_json("/sign_in", {"claims": {"text": "x" * 5000}})

    assert "claims of" not in caplog.text
