"""The token endpoint swaps credentials for tokens."""

import pytest
from pyramid.renderers import JSONP
from pyramid.response import Response
from support.endpoint import BASIC, is_unkept

from pyramid_sessiontoken.events import SessionIssued


@pytest.mark.parametrize("method", ["get", "post"])
def test_get_and_post_swap_explicit_credentials(client, method):
    response = getattr(client, method)("/token", headers=BASIC)
    assert response.json["token_type"] == "Session"
    assert is_unkept(response)
    assert "Authorization" in response.headers["Vary"]


@pytest.mark.parametrize(
    "body",
    [
        "",
        "grant_type=client_credentials",
        "grant_type=client_credentials&scope=a%20b&client_id=bob",
        "sub=alice&aud=x&expires_in=999999&roles=admin",
    ],
)
def test_parameters_of_the_form_do_not_change_the_token(client, body):
    response = client.post("/token", body, headers=BASIC)
    assert response.json["expires_in"] == 3600
    who = client.ask(response.json["access_token"]).json
    assert who["userid"] == "bob"
    assert who["claims"] == {"roles": ["user"]}


def test_the_settings_choose_which_credentials_are_swapped(make):
    client = make({"token.exchange": "basic"})
    token = client.swap()["access_token"]
    response = client.post(
        "/token", headers={"Authorization": f"Session {token}"}, status=401
    )
    assert response.headers.getall("WWW-Authenticate") == [
        'Basic realm="session", charset="UTF-8"'
    ]


def test_subscribers_add_fields_and_overwrite_no_field(make):
    told = []

    def add(event):
        told.append(event)
        event.response_fields["user"] = event.identity.userid

    client = make(
        setup=lambda config: config.add_subscriber(add, SessionIssued)
    )
    answer = client.swap()
    assert answer["user"] == "alice"
    [event] = told
    assert event.authenticator == "basic"
    assert event.ticket.amr == ("pwd",)
    fields = event.response_fields
    for name in ("access_token", "expires_in", "user"):
        with pytest.raises(KeyError):
            fields[name] = 1
        with pytest.raises(KeyError):
            fields |= {name: 1}
    fields |= {"other": 1}
    assert fields == {"user": "alice", "other": 1}


def test_claims_that_fit_no_token_are_400_and_logged(make, caplog):
    client = make({"basic.check": lambda u, p, r: {"sub": u, "x": "x" * 8000}})
    client.authorization = ("Basic", ("alice", "alice"))

    answer = client.post("/token", status=400)

    assert answer.json == {
        "error": "invalid_request",
        "error_description": "No token can carry the user's claims",
    }
    assert is_unkept(answer)
    [record] = caplog.records
    assert record.levelname == "ERROR"
    assert "reference" in record.getMessage()


def test_the_endpoint_stands_under_the_route_prefix(make):
    def before(config):
        config.include("pyramid_sessiontoken", route_prefix="/auth")

    client = make({"token.path": "/swap"}, before=before)
    assert client.post("/auth/swap", headers=BASIC).json["expires_in"]
    client.get("/auth/swap/status")
    client.post("/swap", headers=BASIC, status=404)


def test_defaults_of_the_application_do_not_shut_the_endpoint(make):
    """Default permission, CSRF tokens, JSON renderer, a catch-all route."""

    def setup(config):
        config.set_default_permission("locked")
        config.set_default_csrf_options(require_csrf=True)
        config.add_renderer("json", JSONP(param_name="callback"))
        config.add_route("all", "/*path")
        config.add_view(lambda request: Response("all"), route_name="all")

    client = make(setup=setup)
    response = client.post("/token?callback=evil", headers=BASIC)
    assert response.body.startswith(b"{")
    assert response.json["token_type"] == "Session"


def test_the_same_settings_serve_two_applications_in_one_process(make):
    one, other = make({"token.issuer": "one"}), make()
    token = one.swap()["access_token"]
    assert other.ask(token).json["userid"] is None
    assert one.ask(token).json["userid"] == "alice"
