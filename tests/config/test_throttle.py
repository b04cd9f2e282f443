"""Failed passwords over a real application: 429, and when."""

import base64
import logging
import subprocess
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pyramid.exceptions import ConfigurationError
from pyramid.httpexceptions import HTTPTooManyRequests
from pyramid.response import Response
from support import KEY, check_password

from pyramid_sessiontoken.config.reader import read_settings
from pyramid_sessiontoken.config.registered import Registered
from pyramid_sessiontoken.config.throttle import RATE_OR_OFF
from pyramid_sessiontoken.events import CredentialRefused, CredentialThrottled
from pyramid_sessiontoken.interfaces import IAuthenticator, IKeyRing
from pyramid_sessiontoken.keys.base64url import decode_base64url
from pyramid_sessiontoken.keys.ring import Key, KeyRing

HERE = {"REMOTE_ADDR": "192.0.2.1"}
THERE = {"REMOTE_ADDR": "192.0.2.2"}


class Check:
    """Check passwords, and remember whose."""

    def __init__(self):
        self.asked = []

    def __call__(self, username, password, request):
        self.asked.append(username)
        return check_password(username, password, request)


@pytest.fixture
def check():
    return Check()


@pytest.fixture
def guarded(make, check):
    """Make a client of an application that stands three failures."""

    def make_guarded(settings=(), **kw):
        every = {
            "basic.check": check,
            "throttle.attempts": "3/minute",
            **dict(settings),
        }
        return make(every, **kw).fresh(**HERE)

    return make_guarded


def basic(username="alice", password="wrong"):
    word = base64.b64encode(f"{username}:{password}".encode()).decode()
    return {"Authorization": f"Basic {word}"}


def fail(client, times, username="alice", **kw):
    for _ in range(times):
        client.post("/token", headers=basic(username), status=401, **kw)


# At the endpoint.


@pytest.mark.parametrize("password", ["wrong", "alice"])
def test_the_endpoint_answers_429_also_to_the_right_password(
    guarded, check, password
):
    client = guarded()
    fail(client, 3)

    answer = client.post(
        "/token", headers=basic(password=password), status=429
    )

    assert answer.json == {
        "error": "slow_down",
        "error_description": "Too many attempts failed",
    }
    assert answer.headers["Retry-After"] == "60"
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["Pragma"] == "no-cache"
    assert "Authorization" in answer.headers["Vary"]
    assert "WWW-Authenticate" not in answer.headers
    assert check.asked == ["alice"] * 3


def test_after_retry_after_passwords_are_checked_again(guarded, clock):
    client = guarded()
    fail(client, 3)
    clock.advance(45)
    answer = client.post("/token", headers=basic(), status=429)

    clock.advance(int(answer.headers["Retry-After"]))

    assert client.swap()["access_token"]


def test_every_method_of_the_endpoint_is_throttled(guarded, check):
    client = guarded()
    fail(client, 3)

    for path in ("/token", "/token/status"):
        client.get(path, headers=basic("alice", "alice"), status=429)
    client.post("/token/introspect", headers=basic(), status=429)
    assert len(check.asked) == 3


def test_failures_of_one_user_do_not_block_another(guarded):
    client = guarded({"throttle.by": "user"})
    fail(client, 3)

    assert client.swap("bob")["access_token"]
    client.post("/token", headers=basic(), status=429, extra_environ=THERE)


def test_failures_from_one_address_do_not_block_another(guarded):
    client = guarded({"throttle.by": "address"})
    fail(client, 3)

    client.post("/token", headers=basic("bob", "bob"), status=429)
    there = client.fresh(**THERE)
    assert there.swap("alice")["access_token"]


def test_an_unknown_user_is_counted_like_a_known_one(guarded):
    client = guarded({"throttle.by": "user"})
    told = []
    for name in ("alice", "nobody"):
        fail(client, 3, name)
        answer = client.post("/token", headers=basic(name), status=429)
        told.append((answer.body, list(answer.headers.items())))

    assert told[0] == told[1]


def test_tokens_and_cookies_are_not_throttled(guarded):
    client = guarded()
    token = client.swap()["access_token"]
    client.post_json("/sign_in", {"userid": "alice"})
    fail(client.fresh(**HERE), 3)

    assert client.ask(token).json["userid"] == "alice"
    assert client.get("/identity").json["userid"] == "alice"


def test_malformed_credentials_are_not_counted(guarded):
    client = guarded()
    for shown in ("junk", "YWxpY2U=", ""):
        for _ in range(3):
            headers = {"Authorization": f"Basic {shown}"}
            client.post("/token", headers=headers, status=401)

    assert client.swap()["access_token"]


@pytest.mark.parametrize("storage", ["memory", "memory://"])
def test_the_memory_of_failures_uses_the_clock_of_the_application(
    guarded, clock, storage
):
    client = guarded({"throttle.storage": storage})
    fail(client, 3)
    clock.advance(60)

    assert client.swap()["access_token"]


HOSTILE = (
    st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=60)
    | st.binary(max_size=60).map(lambda raw: base64.b64encode(raw).decode())
    | st.text(max_size=60).map(
        lambda name: base64.b64encode(
            f"{name}:x".encode("utf-8", "surrogatepass")
        ).decode()
    )
)


def test_any_credential_is_answered(guarded):
    """Among others user names of every kind, which are counted."""
    client = guarded({"throttle.by": "user", "throttle.attempts": "2/day"})

    @given(HOSTILE)
    @example(base64.b64encode(b"\xed\xa0\x80:x").decode())
    @example(base64.b64encode(b" :x").decode())
    def judged(shown):
        answer = client.get(
            "/token/status",
            headers={"Authorization": f"Basic {shown}"},
            status="*",
        )
        assert answer.status_code in (200, 429)

    judged()


# Where a view asks who it is.


def test_a_view_that_asks_for_the_user_is_answered_429(guarded, check):
    client = guarded()
    fail(client, 3)

    answer = client.get(
        "/identity", headers=basic(password="alice"), status=429
    )

    assert answer.headers["Retry-After"] == "60"
    assert "Authorization" in answer.headers["Vary"]
    assert len(check.asked) == 3


def test_a_view_with_a_permission_is_answered_429(guarded, check):
    client = guarded()
    fail(client, 3)

    answer = client.get("/admin", headers=basic(), status=429)

    assert answer.headers["Retry-After"] == "60"
    client.get("/forbidden", headers=basic(), status=429)
    assert len(check.asked) == 3


def test_a_view_that_does_not_ask_for_the_user_is_served(guarded, check):
    client = guarded()
    fail(client, 3)

    assert client.get("/public", headers=basic()).text == "hello"


def test_failures_at_views_count_as_well(guarded):
    client = guarded()
    for path in ("/identity", "/identity"):
        assert client.get(path, headers=basic()).json["userid"] is None
    client.get("/admin", headers=basic(), status=401)

    client.post("/token", headers=basic(), status=429)


def test_an_exception_view_may_answer(guarded):
    def sorry(error, request):
        # It is nobody's request, and no further error.
        assert request.identity is None
        wait = error.headers["Retry-After"]
        return Response(f"wait {wait} seconds", status=429)

    client = guarded(
        setup=lambda config: config.add_exception_view(
            sorry, context=HTTPTooManyRequests
        )
    )
    fail(client, 3)

    answer = client.get("/identity", headers=basic(), status=429)
    assert answer.text == "wait 60 seconds"


def test_before_routing_the_user_is_unknown(guarded, check):
    """pyramid_tm asks where no exception view could answer."""
    client = guarded(setup=lambda config: config.include("pyramid_tm"))
    fail(client, 3)

    assert client.get("/public", headers=basic("alice", "alice")).text
    client.get("/identity", headers=basic("alice", "alice"), status=429)
    client.get("/nowhere", headers=basic("alice", "alice"), status=404)
    assert len(check.asked) == 3


def test_a_throttled_attempt_is_notified(guarded, caplog):
    told = []

    def subscribe(config):
        for event in (CredentialRefused, CredentialThrottled):
            config.add_subscriber(told.append, event)

    client = guarded(setup=subscribe)
    fail(client, 3)
    del told[:]
    with caplog.at_level(logging.INFO, "pyramid_sessiontoken"):
        client.get("/identity", headers=basic(), status=429)

    reason = "too many failed passwords for 'alice' and from '192.0.2.1'"
    [event] = told
    assert isinstance(event, CredentialThrottled)
    assert (event.authenticator, event.retry_after) == ("basic", 60)
    line = f"basic refused: {reason} [throttled, address 192.0.2.1]"
    assert caplog.messages == [line]


def test_neither_log_nor_answer_contains_a_password(guarded, caplog):
    caplog.set_level(logging.DEBUG)
    client = guarded()
    headers = basic("eve\u2028", "hunter2")
    for _ in range(5):
        answer = client.post("/token", headers=headers, status="4*")
        assert "hunter2" not in answer.text

    assert "hunter2" not in caplog.text
    assert headers["Authorization"][6:] not in caplog.text
    assert all(len(m.splitlines()) == 1 for m in caplog.messages)


# Behind a proxy.

PROXY = {"REMOTE_ADDR": "10.0.0.1"}
BEHIND = {
    "throttle.by": "address",
    "address.header": "X-Forwarded-For",
    "address.trusted_proxies": "10.0.0.0/8",
}


def test_behind_a_proxy_each_client_has_a_count(guarded):
    client = guarded(BEHIND)
    for address in ("192.0.2.1", "192.0.2.1:99", "6.6.6.6, 192.0.2.1"):
        told = {"HTTP_X_FORWARDED_FOR": address}
        fail(client, 1, extra_environ={**PROXY, **told})

    def post(told):
        return client.post(
            "/token",
            headers={**basic("alice", "alice"), "X-Forwarded-For": told},
            extra_environ=PROXY,
            status="*",
        ).status_code

    assert post("192.0.2.1") == 429
    assert post("192.0.2.9, 192.0.2.1") == 429
    assert post("192.0.2.1, 192.0.2.9") == 200
    assert post("junk") == 200


def test_a_client_cannot_name_an_address(guarded):
    client = guarded(BEHIND)
    for number in range(3):
        told = {"HTTP_X_FORWARDED_FOR": f"192.0.2.{number}"}
        fail(client, 1, extra_environ={"REMOTE_ADDR": "203.0.113.1", **told})

    client.post(
        "/token",
        headers=basic("alice", "alice"),
        extra_environ={"REMOTE_ADDR": "203.0.113.1"},
        status=429,
    )


@pytest.mark.parametrize("by", ["address", "user address"])
def test_on_a_unix_socket_one_client_does_not_lock_out_all(guarded, by):
    client = guarded({"throttle.by": by})
    for name in ("bob", "carol", "dora", "eve"):
        fail(client, 1, name, extra_environ={"REMOTE_ADDR": ""})

    answer = client.post(
        "/token",
        headers=basic("alice", "alice"),
        extra_environ={"REMOTE_ADDR": ""},
    )
    assert answer.json["access_token"]


# API keys.


def check_key(key, request):
    return "robot" if key == "good" else None


KEYS = {"authenticators": "session basic api_key", "api_key.check": check_key}


def show(client, key, **kw):
    return client.post("/token", headers={"X-Api-Key": key}, **kw)


def test_refused_api_keys_end_in_429_and_a_good_one_is_let_in(guarded, clock):
    client = guarded(KEYS)
    for key in ("bad", "worse", "b\xe4d"):
        show(client, key, status=401)

    answer = show(client, "bad", status=429)

    assert answer.json["error"] == "slow_down"
    assert answer.headers["Retry-After"] == "60"
    for path in ("/identity", "/admin"):
        client.get(path, headers={"X-Api-Key": "bad"}, status=429)
    assert show(client, "good").json["access_token"]
    show(client, "bad", extra_environ=THERE, status=401)
    clock.advance(60)
    show(client, "bad", status=401)


def test_api_keys_are_counted_apart_from_passwords(guarded):
    client = guarded(KEYS)
    for _ in range(3):
        show(client, "bad", status=401)
    assert client.swap()["access_token"]
    fail(client, 3)

    show(client, "bad", status=429)
    assert show(client, "good").json["access_token"]
    client.post("/token", headers=basic(), status=429)


def test_by_user_alone_api_keys_are_not_counted(guarded):
    client = guarded({**KEYS, "throttle.by": "user"})
    for _ in range(9):
        show(client, "bad", status=401)


def test_where_refused_keys_cannot_be_counted_503(guarded):
    client = guarded({**KEYS, "throttle.storage": "redis://127.0.0.1:1"})

    show(client, "bad", status=503)
    assert show(client, "good").json["access_token"]


# In a storage.


def test_applications_share_a_storage(guarded, redis, check):
    settings = {"throttle.storage": redis.tcp, "repository.timeout": "2s"}
    one, other = guarded(settings), guarded(settings)
    fail(one, 2)
    fail(other, 1)

    for client in (one, other):
        answer = client.post("/token", headers=basic(), status=429)
        assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert len(check.asked) == 3

    # Redis has a clock of its own.
    for key in redis.client.scan_iter():
        redis.client.expire(key, 0)
    assert one.swap()["access_token"]


def test_the_storage_contains_no_user_name(guarded, redis):
    client = guarded(
        {"throttle.storage": redis.tcp, "repository.timeout": "2s"}
    )
    fail(client, 1, "carol")

    keys = [key.decode() for key in redis.client.scan_iter()]
    assert len(keys) == 2
    assert not [key for key in keys if "carol" in key or "192.0.2" in key]
    assert max(map(len, keys)) < 200


def test_the_storage_is_keyed_under_an_own_key_ring_too(guarded):
    ring = KeyRing((Key.of(decode_base64url(KEY)),))
    client = guarded(
        {"keys": None},
        before=lambda config: config.registry.registerUtility(ring, IKeyRing),
    )
    fail(client, 3)

    client.post("/token", headers=basic(), status=429)


def test_a_storage_outage_is_503(guarded, check):
    """Open, it would let guesses through; so passwords wait. Tokens do not."""
    client = guarded({"throttle.storage": "redis://127.0.0.1:1"})

    answer = client.post("/token", headers=basic(), status=503)
    assert answer.json["error"] == "temporarily_unavailable"
    assert "Retry-After" in answer.headers
    answer = client.get("/identity", headers=basic(), status=503)
    assert "Retry-After" in answer.headers
    assert check.asked == []
    client.post_json("/sign_in", {"userid": "alice"})
    assert client.get("/identity").json["userid"] == "alice"


# The start.


def test_without_a_throttle_the_check_is_called_directly(make, check):
    client = make({"basic.check": check})

    authenticator = client.registry.getUtility(IAuthenticator, "basic")
    assert authenticator._passwords._check is check
    assert authenticator._passwords._throttle is None
    for _ in range(10):
        client.post("/token", headers=basic(), status=401)


@pytest.mark.server
def test_without_a_throttle_limits_is_not_imported():
    code = (
        "import sys; from pyramid.config import Configurator;"
        " config = Configurator(settings={"
        "'sessiontoken.keys': 'ephemeral',"
        "'sessiontoken.authenticators': 'basic',"
        "'sessiontoken.basic.check': 'json:loads'});"
        " config.include('pyramid_sessiontoken'); config.make_wsgi_app();"
        " sys.exit('limits' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)  # noqa: S603


def faults_of(guarded, settings):
    with pytest.raises(ConfigurationError) as caught:
        guarded(settings)
    return str(caught.value)


def test_a_missing_package_is_a_fault_with_the_pip_command(
    guarded, monkeypatch
):
    monkeypatch.setitem(sys.modules, "limits", None)
    monkeypatch.delitem(
        sys.modules,
        "pyramid_sessiontoken.authenticators.failures",
        raising=False,
    )

    faults = faults_of(guarded, {})

    assert "faults: 1" in faults
    assert "sessiontoken.throttle.attempts" in faults
    assert "pip install 'pyramid_sessiontoken[throttle]'" in faults


@pytest.mark.parametrize(
    "url", ["memroy", "redsi://:hunter2@localhost", "redis://:hunter2@a:b"]
)
def test_a_storage_that_cannot_serve_is_a_fault(guarded, url):
    faults = faults_of(guarded, {"throttle.storage": url})

    assert "faults: 1" in faults
    assert "sessiontoken.throttle.storage: " in faults
    assert "hunter2" not in faults


@pytest.mark.parametrize(
    "rate",
    [
        "5",
        "0/minute",
        "5/0 minutes",
        "-1/minute",
        "5/fortnight",
        "5/minute; 10/hour",
        "on",
    ],
)
def test_a_malformed_rate_is_a_fault(guarded, rate):
    assert "sessiontoken.throttle.attempts: " in faults_of(
        guarded, {"throttle.attempts": rate}
    )


@pytest.mark.parametrize(
    "rate", ["5 per minute", "5/minutes", "10/5 minutes", "100 / 2 day"]
)
def test_a_rate_may_be_written_in_these_ways(guarded, rate):
    guarded({"throttle.attempts": rate})


def test_many_workers_with_failures_in_memory_cause_a_warning(
    guarded, monkeypatch, caplog
):
    monkeypatch.setenv("WEB_CONCURRENCY", "4")
    guarded()
    guarded({"throttle.storage": "redis://localhost:1"})
    guarded({"throttle.attempts": "off"})

    (told,) = [m for m in caplog.messages if "throttle" in m]
    assert told == (
        "sessiontoken.throttle.storage = memory: each worker counts for"
        " itself, so two workers allow twice the wrong passwords; name a"
        " storage that all share"
    )


def test_advice_is_given_for_a_throttle_without_passwords():
    told = [
        [a for a in settings.advice() if "throttle" in a]
        for settings in (
            read({"throttle.attempts": "5/minute"}),
            read(BASIC),
            read({**BASIC, "throttle.storage": "redis://localhost:1"}),
            read({"authenticators": "api_key", "throttle.attempts": "5/day"}),
            read(
                {
                    "authenticators": "api_key",
                    "throttle.attempts": "5/day",
                    "throttle.by": "user",
                }
            ),
            read({}),
        )
    ]

    (nothing,), (memory,), shared, (keys,), (by_user,), none = told
    assert nothing == (
        "sessiontoken.throttle.attempts counts nothing:"
        " sessiontoken.authenticators does not list 'basic' or 'api_key' or"
        " 'access_token'"
    )
    assert memory == (
        "sessiontoken.throttle.storage = memory: each process counts for"
        " itself, so two processes allow twice sessiontoken.throttle.attempts"
    )
    assert keys == memory
    assert "does not list 'basic'" in by_user
    assert shared == none == []


BASIC = {"authenticators": "basic", "throttle.attempts": "5/day"}


@pytest.mark.parametrize(
    "check", [{"basic.check": check_password}, {"basic.htpasswd": "users"}]
)
def test_a_form_may_ask_where_basic_is_not_listed(check):
    settings = read({**check, "throttle.attempts": "5/day"})

    (told,) = [a for a in settings.advice() if "throttle" in a]
    assert "each process counts for itself" in told


def read(settings):
    prefixed = {f"sessiontoken.{key}": v for key, v in settings.items()}
    return read_settings(prefixed, Registered(keys=True))[0]


@pytest.mark.parametrize(
    "value", ["5/minute", "10/5 minutes", "1 / hour", "100000/day"]
)
def test_a_rate_is_read(value):
    assert RATE_OR_OFF.read(value) == value


@pytest.mark.parametrize("value", ["off", False])
def test_off_is_no_rate(value):
    assert RATE_OR_OFF.read(value) is None


@pytest.mark.parametrize(
    "value", ["5", "0/minute", "-1/minute", "5/fortnight", "5 per", "", 5]
)
def test_other_texts_are_no_rates(value):
    with pytest.raises(ValueError):
        RATE_OR_OFF.read(value)
