"""Sign-out, and which sessions end with it."""

import pytest
from pyramid.request import Request

from pyramid_sessiontoken.events import SessionEnded
from pyramid_sessiontoken.policy.security_policy import policy_of
from pyramid_sessiontoken.policy.signout import (
    acting_in_header,
    endings_of_cookie,
    forget,
    sign_out,
)


@pytest.fixture
def told():
    return []


@pytest.fixture
def request_of(make, told):
    """Make a request that shows the cookie of alice."""

    def make_request(in_cookie=True, **settings):
        settings = {k.replace("__", "."): v for k, v in settings.items()}
        client = make(settings)
        client.registry.registerHandler(told.append, (SessionEnded,))
        request = Request.blank("/", base_url="https://localhost")
        request.registry = client.registry
        token = client.swap("bob")["access_token"]
        request.headers["Authorization"] = f"Session {token}"
        if in_cookie:
            client.post_json("/sign_in", {"userid": "alice"})
            [(name, value)] = client.cookies.items()
            request.headers["Cookie"] = f"{name}={value}"
        return request, policy_of(request).state(request)

    return make_request


def test_forget_ends_the_session_of_the_cookie_and_deletes_it(
    request_of, told
):
    request, state = request_of(repository="memory")

    [(name, header)] = forget(request, state)

    assert name == "Set-Cookie"
    assert header.startswith("__Host-sessiontoken=; Path=/; Max-Age=0")
    assert [event.userid for event in told] == ["alice"]
    assert endings_of_cookie(request, state) == [None]


def test_where_no_cookie_is_accepted_there_is_none_to_delete(request_of):
    request, state = request_of(
        in_cookie=False, authenticators="session basic"
    )

    assert forget(request, state) == []


@pytest.mark.parametrize("in_cookie", [True, False])
def test_sign_out_ends_what_is_named_and_what_is_in_the_cookie(
    request_of, told, in_cookie
):
    request, state = request_of(in_cookie, repository="memory")

    sign_out(request, state, None)

    assert [event.userid for event in told] == ["alice"] * in_cookie
    # Without a cookie there is none to delete.
    assert state.decided == in_cookie


def test_a_header_is_not_looked_at_where_nobody_may_act(request_of):
    request, state = request_of()

    assert acting_in_header(request, state) is None
    assert state.answers == {}


@pytest.mark.parametrize("shown", ["Session junk", "Basic x", "", None])
def test_only_sessions_in_which_somebody_acts_end_with_a_sign_in(
    request_of, shown
):
    request, state = request_of(impersonation__principals="role:admin")
    if shown is not None:
        request.headers["Authorization"] = shown

    assert acting_in_header(request, state) is None
