"""What responses carry: Vary, renewed tokens, no-store."""

import pytest
from pyramid.httpexceptions import HTTPNotModified
from pyramid.response import Response
from pyramid.security import forget, remember

from pyramid_sessiontoken.events import SessionRenewed
from pyramid_sessiontoken.expiry import ExpiryPolicy
from pyramid_sessiontoken.interfaces import IClock, IExpiryPolicy
from pyramid_sessiontoken.policy.response import add_vary, is_cacheable

NAME = "__Host-sessiontoken"


@pytest.fixture
def respond(make):
    """Make a client whose /custom answers with the test's own response."""

    def make_client(response, settings=(), setup=None):
        def custom(request):
            assert request.is_authenticated
            return response(request) if callable(response) else response

        def set_up(config):
            config.add_route("custom", "/custom")
            config.add_view(custom, route_name="custom")
            if setup is not None:
                setup(config)

        return make(settings, setup=set_up)

    return make_client


def renewed(client, **headers):
    """Use a token after half an hour; tell whether it is renewed."""
    token = client.swap()["access_token"]
    client.clock.advance(1800)
    response = client.ask(token, "/custom", **headers)
    return "Session-Token" in response.headers


def test_a_plain_response_carries_the_renewed_token(respond):
    assert renewed(respond(lambda request: Response("ok")))


@pytest.mark.parametrize("status", [400, 404, 500, 503])
def test_an_error_carries_none(respond, status):
    assert not renewed(respond(lambda request: Response("no", status=status)))


@pytest.mark.parametrize(
    "headers",
    [
        {"Cache-Control": "public"},
        {"Cache-Control": "max-age=60"},
        {"Cache-Control": "no-transform, S-MaxAge=60"},
        {"Cache-Control": "no-transform, s-maxage=60"},
        {"Cache-Control": 'private, max-age="60"'},
        {"Cache-Control": "max-age=what"},
        {"Expires": "Sat, 15 Jan 2028 08:00:00 GMT"},
    ],
)
def test_what_a_cache_may_keep_carries_none(respond, headers):
    assert not renewed(
        respond(lambda request: Response("ok", headers=headers))
    )


@pytest.mark.parametrize(
    "headers",
    [
        {"Cache-Control": "private, max-age=0"},
        {"Cache-Control": "no-cache"},
        {"Expires": "Fri, 14 Jan 2000 08:00:00 GMT"},
        {"Expires": "0"},
    ],
)
def test_what_no_cache_keeps_carries_one(respond, headers):
    assert renewed(respond(lambda request: Response("ok", headers=headers)))


def test_a_304_carries_none(respond):
    assert not renewed(respond(lambda request: HTTPNotModified()))


def test_a_request_may_ask_not_to_slide(respond):
    client = respond(lambda request: Response("ok"))
    assert not renewed(client, Session_Slide="No")
    assert renewed(client, Session_Slide="yes")


def test_where_nobody_asks_who_it_is_nothing_is_renewed(client):
    token = client.swap()["access_token"]
    client.clock.advance(1800)
    response = client.ask(token, "/public")
    assert "Session-Token" not in response.headers
    assert "Vary" not in response.headers


def test_the_renewal_header_has_another_name_or_none(respond):
    named = respond(
        lambda request: Response("ok"), {"token.renewal_header": "X-New"}
    )
    token = named.swap()["access_token"]
    named.clock.advance(1800)
    assert "X-New" in named.ask(token, "/custom").headers
    off = respond(
        lambda request: Response("ok"), {"token.renewal_header": "off"}
    )
    assert not renewed(off)


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
    assert "could not be renewed" in caplog.text


def test_a_failing_subscriber_to_a_renewal_fails_nothing(respond, caplog):
    def broken(event):
        raise LookupError

    client = respond(
        lambda request: Response("ok"),
        setup=lambda config: config.add_subscriber(broken, SessionRenewed),
    )
    assert renewed(client)
    assert "a subscriber to SessionRenewed failed" in caplog.text


def test_a_renewal_is_told_as_an_event(respond):
    told = []
    client = respond(
        lambda request: Response("ok"),
        setup=lambda config: config.add_subscriber(
            told.append, SessionRenewed
        ),
    )
    assert renewed(client)
    [event] = told
    assert event.identity.userid == "alice"
    assert event.ticket.iat == event.identity.ticket.iat + 1800
    assert event.ticket.sid == event.identity.ticket.sid


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([], "Authorization, Cookie"),
        (["Accept"], "Accept, Authorization, Cookie"),
        (["accept, COOKIE"], "accept, COOKIE, Authorization"),
        (["Accept", "Origin"], "Accept, Origin, Authorization, Cookie"),
        (["*"], "*"),
        ([""], "Authorization, Cookie"),
    ],
)
def test_vary_is_merged_and_not_overwritten(before, after):
    response = Response("ok")
    response.headerlist.extend(("Vary", value) for value in before)
    add_vary(response, ["Authorization", "Cookie"])
    assert response.headers.getall("Vary") == [after]


def test_vary_names_what_was_looked_at_and_no_more(client):
    token = client.swap()["access_token"]
    assert client.ask(token).headers["Vary"] == "Authorization"
    assert client.get("/identity").headers["Vary"] == "Authorization, Cookie"
    response = Response("ok")
    add_vary(response, [])
    assert "Vary" not in response.headers


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


def test_a_year_that_nobody_knows_counts_as_cacheable(client):
    request = client.get("/public").request
    request.registry = client.registry
    response = Response("ok")
    response.headers["Expires"] = "Fri, 31 Dec 99999 23:59:59 GMT"
    assert is_cacheable(request, response)


def test_every_line_of_cache_control_counts(client):
    request = client.get("/public").request
    request.registry = client.registry
    response = Response("ok")
    response.headerlist.append(("Cache-Control", "public, max-age=100"))
    response.headerlist.append(("Cache-Control", "no-transform"))
    assert is_cacheable(request, response)


def test_a_view_that_shows_a_token_is_not_kept_by_anybody(make):
    def setup(config):
        config.add_route("issue", "/issue")
        config.add_view(
            lambda request: request.sessiontoken.issue("alice").as_dict(),
            route_name="issue",
            renderer="json",
        )

    response = make(setup=setup).get("/issue")
    assert response.headers["Cache-Control"] == "private, no-store"


def test_sign_out_takes_back_a_sign_in_of_the_same_response(make):
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


def test_expires_is_compared_with_the_clock_in_the_hand(client):
    request = client.get("/public").request
    request.registry = client.registry
    response = Response("ok")
    response.expires = client.registry.getUtility(IClock).now() + 1
    assert is_cacheable(request, response)
    client.clock.advance(2)
    assert not is_cacheable(request, response)
