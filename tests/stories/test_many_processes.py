"""Applications in many processes with one repository, and its outages."""

import itertools
import json
import os
import re
import signal
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import pytest
from support.logout import HEARING, access_token, logout_token
from support.processes import Application, Process, bearer, write
from support.servers import RedisServer, wait_until

pytestmark = pytest.mark.server

FORMS = ["self-contained", "reference"]

#: After so many seconds the slow process of a pair notices a sign-out.
TTL = 1

#: How long a request may take while the repository does not answer.
PATIENCE = 3

THREADS = 8

APPLICATION = """
import base64
import json
import os
import signal
import sys

import waitress
from pyramid.config import Configurator
from pyramid.request import Request
from pyramid.response import Response
from support import Root, includeme


def end_all(request):
    request.sessiontoken.revoke_all()
    return Response()


def update(request):
    request.sessiontoken.update(request.json_body)
    return Response()


settings = json.loads(sys.argv[1])
config = Configurator(settings=settings, root_factory=Root)
config.include("pyramid_sessiontoken")
config.include(includeme)
config.add_route("end_all", "/end_all")
config.add_view(end_all, route_name="end_all")
config.add_route("update", "/update")
config.add_view(update, route_name="update")
app = config.make_wsgi_app()

for name in sys.argv[2:]:
    # Use the repository, then go on in two processes.
    request = Request.blank("/token", method="POST")
    word = base64.b64encode(f"{name}:{name}".encode()).decode()
    request.authorization = ("Basic", word)
    token = request.get_response(app).json["access_token"]
    request = Request.blank("/identity")
    request.authorization = ("Session", token)
    userid = request.get_response(app).json["userid"]
    print("before the fork", userid, token, flush=True)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    os.fork()

server = waitress.create_server(app, host="127.0.0.1", port=0, threads=8)
# In one piece: after a fork, two write here.
os.write(1, f"serving {server.effective_port}\\n".encode())
server.run()
"""


@contextmanager
def serving(path, *several):
    """Start a server for each of several settings; give clients."""
    with ExitStack() as stack:
        processes = []
        for number, settings in enumerate(several):
            log = path / f"log{number}"
            processes.append(Process(log, APPLICATION, write(settings)))
            stack.callback(processes[-1].end)
        ports = [process.ports(1)[0] for process in processes]
        yield [stack.enter_context(Application(port)) for port in ports]


NUMBERS = itertools.count(1)


@pytest.fixture
def names():
    """Give two users that no other test has."""
    number = next(NUMBERS)
    return [f"alice{number}", f"bob{number}"]


@pytest.fixture(scope="module", params=["redis", "sqlite", "postgresql"])
def store(request, tmp_path_factory):
    """Settings of a repository that processes share."""
    if request.param == "redis":
        server = request.getfixturevalue("redis_process")
        where = {"repository": "redis", "repository.url": server.tcp}
    elif request.param == "sqlite":
        path = tmp_path_factory.mktemp("sqlite") / "sessions.sqlite"
        url = f"sqlite:///{path}"
        where = {"repository": "sqlalchemy", "repository.url": url}
    else:
        server = request.getfixturevalue("postgresql_process")
        where = {"repository": "sqlalchemy", "repository.url": server.url}
    return {**where, "repository.timeout": "5s"}


@pytest.fixture(scope="module", params=FORMS)
def pair(request, store, tmp_path_factory):
    """Two processes: one asks each time, one has a cache of a second."""
    both = {
        **HEARING,
        **store,
        "authenticators": "session cookie basic bearer",
        "basic.check": "support:check_password",
        "token.form": request.param,
        "cookie.form": request.param,
    }
    path = tmp_path_factory.mktemp("pair")
    quick = {**both, "repository.cache_ttl": "0"}
    slow = {**both, "repository.cache_ttl": f"{TTL}s"}
    with serving(path, quick, slow) as clients:
        yield clients


# One repository


def test_a_session_of_one_process_is_accepted_by_the_others(pair, names):
    for one in pair:
        for name in names:
            for headers in (one.swap(name), one.sign_in(name)):
                assert [other.who(headers) for other in pair] == [name] * 2


def swap_at(process, name):
    """Swap a token of the issuer that is made now; give headers."""
    text = access_token(int(time.time()), sub=name)
    answer = process.post(
        "/token", headers={"Authorization": f"Bearer {text}"}
    )
    assert answer.status_code == 200, answer.text
    return bearer(answer.json()["access_token"])


def test_the_issuer_signs_out_in_one_process_and_all_know(pair, names):
    here, there = pair
    alice, bob = names
    ending, staying = swap_at(there, alice), swap_at(here, bob)
    for each in pair:
        assert each.who(ending) == alice
    told = logout_token(int(time.time()), sub=alice)

    for _ in range(2):
        answer = here.post("/signed-out", data={"logout_token": told})
        assert (answer.status_code, answer.content) == (200, b"")

    assert here.who(ending) is None
    wait_until(lambda: there.who(ending) is None)
    for each in pair:
        assert each.who(staying) == bob


def test_swaps_and_sign_outs_of_the_issuer_at_once(pair, names):
    """After the sign-out, no session that began with an older token lives."""
    alice, _ = names
    text = access_token(int(time.time()), sub=alice)
    told = logout_token(int(time.time()) + 1, sub=alice)

    def swap(number):
        if number == THREADS:
            data = {"logout_token": told}
            return pair[0].post("/signed-out", data=data).status_code
        answer = pair[number % 2].post(
            "/token", headers={"Authorization": f"Bearer {text}"}
        )
        assert answer.status_code in (200, 401)
        return answer.json().get("access_token")

    with ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(swap, range(2 * THREADS)))

    assert found.pop(THREADS) == 200
    shown = [bearer(token) for token in found if token]
    for each in pair:
        wait_until(lambda each=each: not any(map(each.who, shown)))


def end_here(here, headers):
    assert here.delete("/token", headers=headers).status_code == 204


def end_everywhere(here, headers):
    assert here.get("/end_all", headers=headers).status_code == 200


def assert_ended(here, there, shown, seconds):
    """Check that they end here at once, and there after some seconds."""
    until = time.monotonic() + seconds
    for headers in shown:
        assert here.who(headers) is None
    for headers in shown:
        asked = time.monotonic()
        while there.who(headers) is not None:
            assert asked < until, "it was noticed too late"
            time.sleep(0.02)
            asked = time.monotonic()


def test_a_sign_out_is_noticed_by_the_others(pair, names):
    quick, slow = pair
    name = names[0]
    for here, there, seconds in ((slow, quick, 0), (quick, slow, TTL)):
        shown, others = (
            [here.swap(name), here.sign_in(name)] for _ in range(2)
        )
        for headers in shown:
            # Both processes have it in the cache, if they have one.
            assert [one.who(headers) for one in pair] == [name] * 2
        for headers in shown:
            end_here(here, headers)
        assert_ended(here, there, shown, seconds)
        for headers in others:
            assert [one.who(headers) for one in pair] == [name] * 2


def test_a_sign_out_everywhere_is_noticed_by_the_others(pair, names):
    quick, slow = pair
    name, other = names
    spared = slow.swap(other)
    for here, there, seconds in ((slow, quick, 0), (quick, slow, TTL)):
        shown = [here.swap(name), there.swap(name), there.sign_in(name)]
        for headers in shown:
            assert [one.who(headers) for one in pair] == [name] * 2
        end_everywhere(here, shown[0])
        # A sign-in after it in the same second is accepted.
        back = [one.swap(name) for one in (there, here)]
        assert_ended(here, there, shown, seconds)
        for headers in back:
            assert [one.who(headers) for one in pair] == [name] * 2
        assert [one.who(spared) for one in pair] == [other] * 2


@pytest.mark.parametrize("form", FORMS)
def test_a_strict_request_notices_a_sign_out_at_once(
    store, form, names, tmp_path
):
    settings = {
        **store,
        "token.form": form,
        "cookie.form": form,
        "repository.cache_ttl": "1h",
        "revocation.strict": "unsafe",
    }
    name = names[0]
    with serving(tmp_path, settings, settings) as (here, there):
        shown = [here.swap(name), here.sign_in(name)]
        for headers in shown:
            assert there.who(headers) == name
            end_here(here, headers)
            # A request that only asks may believe the cache.
            assert there.who(headers) == name
            assert (
                there.post("/identity", headers=headers).json()["userid"]
                is None
            )
            assert there.who(headers) is None


# Claims that change


def test_an_update_is_noticed_by_the_others(pair, names):
    """By reference; what travels in the token, its client hands over."""
    quick, slow = pair
    for here, there, seconds in ((slow, quick, 0), (quick, slow, TTL)):
        headers = here.swap(names[0])
        assert [one.who(headers) for one in pair] == [names[0]] * 2
        response = here.post("/update", json={"n": 1}, headers=headers)
        assert response.status_code == 200
        if "Session-Token" in response.headers:
            headers = bearer(response.headers["Session-Token"])
        until = time.monotonic() + seconds
        asked = time.monotonic()
        while "n" not in claims_of(there, headers):
            assert asked < until, "it was noticed too late"
            time.sleep(0.02)
            asked = time.monotonic()
        assert claims_of(here, headers)["n"] == 1


def claims_of(one, headers):
    return one.get("/identity", headers=headers).json()["claims"]


# A limit of sessions

LIMIT = 2
SIGN_INS = 32


@pytest.fixture(scope="module")
def limited(store, tmp_path_factory):
    """Two processes in which a user has two sessions."""
    settings = {
        **store,
        "token.form": "reference",
        "cookie.form": "reference",
        "sessions.limit": str(LIMIT),
        "repository.cache_ttl": "0",
    }
    path = tmp_path_factory.mktemp("limited")
    with serving(path, settings, settings) as clients:
        yield clients


def test_of_many_sign_ins_at_once_the_last_ones_live(limited, names):
    name = names[0]
    before = [one.swap(name) for one in limited]

    def sign_in(number):
        return limited[number % 2].swap(name)

    with ThreadPoolExecutor(SIGN_INS) as pool:
        shown = [*pool.map(sign_in, range(SIGN_INS))]
    here, there = limited
    assert [here.who(headers) for headers in before] == [None, None]
    living = [headers for headers in shown if here.who(headers) == name]
    assert len(living) == LIMIT
    last = there.swap(name)
    assert [there.who(h) for h in living].count(name) == LIMIT - 1
    assert here.who(last) == name


# Many threads at the same time


def hammer(servers, shown, rounds):
    """Ask each server from many threads, with each credential in turn; count
    the answers.
    """

    def ask(number):
        server = servers[number % len(servers)]
        answers = Counter()
        for turn in range(number, number + rounds * len(shown)):
            name, headers = shown[turn % len(shown)]
            response = server.get("/identity", headers=headers)
            answers[name, response.status_code, response.text] += 1
        return answers

    threads = THREADS * len(servers)
    with ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(ask, range(threads)), Counter())


def assert_nobody_is_taken_for_another(answers):
    wrong = [
        answer
        for answer in answers
        if answer[1] != 200 or json.loads(answer[2])["userid"] != answer[0]
    ]
    assert wrong == []


def test_parallel_requests_never_mix_up_users(pair, names):
    one, two = pair
    shown = [
        (name, headers)
        for name in names
        for headers in (one.swap(name), two.sign_in(name))
    ]
    answers = hammer(pair, shown, 6)
    assert_nobody_is_taken_for_another(answers)
    assert answers.total() == 2 * THREADS * 6 * 4


# Fork


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_parent_and_child_serve_after_a_fork(store, names, tmp_path):
    name, other = names
    settings = {
        **store,
        "repository.cache_ttl": "0",
        "token.form": "reference",
    }
    with ExitStack() as stack:
        process = Process(tmp_path / "log", APPLICATION, write(settings), name)
        stack.callback(process.end)
        pair = [
            stack.enter_context(Application(port)) for port in process.ports(2)
        ]
        said = (tmp_path / "log").read_text()
        ((who, token),) = re.findall(
            "^before the fork (.+) (.+)$", said, re.MULTILINE
        )
        assert who == name
        shown = [
            (name, bearer(token)),
            (other, pair[0].swap(other)),
            (name, pair[1].sign_in(name)),
        ]
        assert_nobody_is_taken_for_another(hammer(pair, shown, 4))
        for one, two in (pair, pair[::-1]):
            headers = one.swap(name)
            assert two.who(headers) == name
            end_here(two, headers)
            assert_ended(two, one, [headers], 0)


# Outages


@pytest.fixture(scope="module")
def redis(server_folder):
    """A Redis that the test may stop and kill."""
    server = RedisServer(server_folder)
    try:
        server.start()
        yield server
    finally:
        server.client.close()
        server.end()


@pytest.fixture(scope="module", params=FORMS)
def application(request, redis, tmp_path_factory):
    settings = {
        "repository": "redis",
        "repository.url": redis.tcp,
        "repository.timeout": "1s",
        "repository.cache_ttl": "0",
        "token.form": request.param,
        "cookie.form": request.param,
    }
    with serving(tmp_path_factory.mktemp("outage"), settings) as (client,):
        client.form = request.param
        yield client


def assert_unavailable(application, shown, name):
    """Check that it answers 503 soon, and does not delete the cookie."""

    def ask(question):
        method, path, options = question
        start = time.monotonic()
        response = application.request(method, path, **options)
        assert time.monotonic() - start < PATIENCE, question
        assert response.status_code == 503, (question, response.text)
        assert int(response.headers["Retry-After"]) > 0
        assert "Set-Cookie" not in response.headers
        return response

    questions = [("POST", "/token", {"auth": (name, name)})]
    for headers in shown:
        for method, path in (
            ("GET", "/identity"),
            ("GET", "/token/status"),
            ("POST", "/sign_in"),
        ):
            questions.append((method, path, {"headers": headers}))
    with ThreadPoolExecutor(len(questions)) as pool:
        token, *_ = list(pool.map(ask, questions))
    assert token.json()["error"] == "temporarily_unavailable"
    # A view that does not ask for the user is served.
    assert application.get("/public").text == "hello"


@pytest.mark.skipif(
    not hasattr(signal, "SIGSTOP"), reason="nothing can be stopped here"
)
def test_a_silent_redis_is_an_outage_that_passes(application, redis, names):
    name = names[0]
    shown = [application.swap(name), application.sign_in(name)]
    redis.freeze()
    try:
        assert_unavailable(application, shown, name)
    finally:
        redis.thaw()
    answers = hammer([application], [(name, each) for each in shown], 4)
    assert_nobody_is_taken_for_another(answers)
    assert application.who(application.swap(name)) == name


@pytest.mark.parametrize("asked", [True, False], ids=["asked", "unnoticed"])
def test_a_redis_that_starts_again_is_found(application, redis, names, asked):
    name = names[0]
    shown = [application.swap(name), application.sign_in(name)]
    # Open many connections, which will be broken.
    before = [(name, headers) for headers in shown]
    assert_nobody_is_taken_for_another(hammer([application], before, 4))
    redis.end()
    try:
        if asked:
            assert_unavailable(application, shown, name)
    finally:
        redis.start()
    if application.form == "reference":
        # The Redis kept everything in its memory, which is lost.
        assert [application.who(headers) for headers in shown] == [None] * 2
        shown = [application.swap(name), application.sign_in(name)]
    after = [(name, headers) for headers in shown]
    assert_nobody_is_taken_for_another(hammer([application], after, 4))
