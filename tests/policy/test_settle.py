"""What responses carry: Vary, renewed tokens, no-store."""

from pyramid.response import Response
from pyramid.security import forget, remember
from support.renewal import is_renewed

from pyramid_sessiontoken.errors import RepositoryUnavailable
from pyramid_sessiontoken.events import SessionRenewed
from pyramid_sessiontoken.expiry import ExpiryPolicy
from pyramid_sessiontoken.interfaces import IExpiryPolicy, ITokenRepository
from pyramid_sessiontoken.repositories.memory import MemoryRepository

NAME = "__Host-sessiontoken"


def test_nothing_is_renewed_where_the_identity_is_not_asked_for(client):
    token = client.swap()["access_token"]
    client.clock.advance(1800)
    response = client.ask(token, "/public")
    assert "Session-Token" not in response.headers
    assert "Vary" not in response.headers


def test_the_renewal_header_can_be_renamed_or_switched_off(respond):
    named = respond(
        lambda request: Response("ok"), {"token.renewal_header": "X-New"}
    )
    token = named.swap()["access_token"]
    named.clock.advance(1800)
    assert "X-New" in named.ask(token, "/custom").headers
    off = respond(
        lambda request: Response("ok"), {"token.renewal_header": "off"}
    )
    assert not is_renewed(off)


def test_a_failed_renewal_never_fails_the_request(respond, caplog):
    class Broken(ExpiryPolicy):
        def renew(self, ticket, now):
            raise LookupError

    client = respond(lambda request: Response("ok"))
    client.registry.registerUtility(Broken(36000, 3600), IExpiryPolicy)
    token = client.swap()["access_token"]
    client.clock.advance(1800)
    response = client.ask(token, "/custom")
    assert response.text == "ok"
    assert "Session-Token" not in response.headers
    assert "a session was not renewed" in caplog.text
    assert "LookupError" in caplog.text


def test_an_outage_at_a_renewal_is_one_sentence(respond, caplog):
    class Down(MemoryRepository):
        def renew(self, item, was):
            raise RepositoryUnavailable("it is down, for a test")

    client = respond(
        lambda request: Response("ok"),
        {"repository": "registered", "token.form": "reference"},
    )
    down = Down(client.clock)
    client.registry.registerUtility(down, ITokenRepository)
    token = client.swap()["access_token"]
    client.clock.advance(1800)
    assert client.ask(token, "/custom").text == "ok"
    (record,) = caplog.records
    assert record.exc_info is None
    assert record.getMessage() == (
        "a session was not renewed: the response carries no new token,"
        " because a backend failed: it is down, for a test"
    )


def test_a_failing_subscriber_to_a_renewal_fails_nothing(respond, caplog):
    def broken(event):
        raise LookupError

    client = respond(
        lambda request: Response("ok"),
        setup=lambda config: config.add_subscriber(broken, SessionRenewed),
    )
    assert is_renewed(client)
    assert "a subscriber to SessionRenewed failed" in caplog.text


def test_a_renewal_is_notified(respond):
    told = []
    client = respond(
        lambda request: Response("ok"),
        setup=lambda config: config.add_subscriber(
            told.append, SessionRenewed
        ),
    )
    assert is_renewed(client)
    [event] = told
    assert event.identity.userid == "alice"
    assert event.ticket.iat == event.identity.ticket.iat + 1800
    assert event.ticket.sid == event.identity.ticket.sid


def test_vary_names_the_headers_that_were_read(client):
    token = client.swap()["access_token"]
    assert client.ask(token).headers["Vary"] == "Authorization"
    assert client.get("/identity").headers["Vary"] == "Authorization, Cookie"


def test_an_undecodable_cookie_is_not_deleted_on_a_cacheable_response(make):
    def setup(config):
        def cached(request):
            assert not request.is_authenticated
            return Response("ok", headers={"Cache-Control": "max-age=60"})

        config.add_route("cached", "/cached")
        config.add_view(cached, route_name="cached")

    client = make(setup=setup)
    headers = {"Cookie": f"{NAME}=junk"}
    response = client.get("/cached", headers=headers)
    assert "Set-Cookie" not in response.headers
    assert response.headers["Cache-Control"] == "max-age=60"
    assert "Set-Cookie" in client.get("/identity", headers=headers).headers


def test_a_response_with_an_issued_token_is_not_stored(make):
    def setup(config):
        config.add_route("issue", "/issue")
        config.add_view(
            lambda request: request.sessiontoken.issue("alice").as_dict(),
            route_name="issue",
            renderer="json",
        )

    response = make(setup=setup).get("/issue")
    assert response.headers["Cache-Control"] == "private, no-store"


def test_sign_out_replaces_a_sign_in_of_the_same_response(make):
    """The sign-in may have set any number of chunks."""

    def setup(config):
        def in_and_out(request):
            response = Response("ok")
            response.headers.add("Set-Cookie", "other=1")
            claims = {"x": "y" * 4000}
            headers = remember(request, "alice", claims=claims)
            response.headerlist.extend(headers)
            forget(request)
            return response

        config.add_route("in_and_out", "/in_and_out")
        config.add_view(in_and_out, route_name="in_and_out")

    client = make(setup=setup)
    cookies = client.get("/in_and_out").headers.getall("Set-Cookie")
    assert cookies[0] == "other=1"
    assert [c.partition("=")[0] for c in cookies[1:]] == [NAME, f"{NAME}.1"]
    assert all("Max-Age=0" in c for c in cookies[1:])
    assert client.get("/identity").json["userid"] is None
