"""Sign-in."""

from pyramid.request import Request

from pyramid_sessiontoken.events import SessionEnded, SessionIssued


def test_sign_in_and_sign_out_are_notified(make):
    told = []

    def setup(config):
        for event in (SessionIssued, SessionEnded):
            config.add_subscriber(told.append, event)

    client = make(setup=setup)
    client.post_json("/sign_in", {"claims": {"a": 1}})
    client.post("/sign_out")
    client.post("/sign_out", headers={"Cookie": "__Host-sessiontoken=junk"})
    begun, ended = told
    assert begun.authenticator == "application"
    assert begun.identity.claims == {"a": 1}
    assert ended.ticket == begun.ticket
    assert ended.identity.userid == "alice"


def test_in_one_request_the_last_of_sign_in_and_out_counts(client):
    from pyramid.security import forget, remember

    request = Request.blank("/", base_url="https://localhost")
    request.registry = client.registry
    assert request.authenticated_userid is None
    remember(request, "alice")
    assert request.authenticated_userid == "alice"
    remember(request, "bob", claims={"x": 1})
    assert request.identity.claims == {"x": 1}
    assert request.identity.authenticator == "cookie"
    forget(request)
    assert request.identity is None
    assert not request.is_authenticated
    remember(request, 7)
    assert request.authenticated_userid == 7


def test_a_device_is_kept_printable_and_not_longer_than_300_characters(make):
    client = make({"repository": "memory"})
    request = Request.blank("/", base_url="https://localhost")
    request.registry = client.registry
    request.environ["HTTP_USER_AGENT"] = "Fire\x00fox\n" + "x" * 400
    request.environ["REMOTE_ADDR"] = "192.0.2.7"

    issued = request.sessiontoken.issue("alice")

    assert issued.ticket.device == {
        "user_agent": "Firefox" + "x" * 293,
        "address": "192.0.2.7",
    }
