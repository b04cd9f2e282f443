"""Guessing ends at a limit, and right passwords are not hindered by it."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyramid.request import Request

from pyramid_sessiontoken.authenticators.failures import MemoryFailures
from pyramid_sessiontoken.authenticators.throttle import (
    Throttle,
    network_of,
    plain_name,
)
from pyramid_sessiontoken.errors import (
    InvalidCredential,
    RepositoryUnavailable,
    TooManyAttempts,
)

BOTH = ("user", "address")


class Check:
    """Accept a password that equals the name; note the names."""

    def __init__(self):
        self.asked = []

    def __call__(self, username, password, request):
        self.asked.append(username)
        if isinstance(password, Exception):
            raise password
        return username == password or None


@pytest.fixture
def check():
    return Check()


@pytest.fixture
def make_throttle(clock, check):
    def make(limit=3, by=BOTH, check=check):
        failures = MemoryFailures(60, clock)
        return Throttle(check, failures, limit, by, lambda text: text)

    return make


def come_from(address):
    return Request.blank("/", environ={"REMOTE_ADDR": address})


HERE = come_from("192.0.2.1")


def fail(throttle, times, username="alice", request=HERE, password="wrong"):
    for _ in range(times):
        assert not throttle(username, password, request)


def test_the_throttle_answers_as_the_check_does(make_throttle):
    answer = {"sub": 7}
    throttle = make_throttle(check=lambda *args: answer)

    assert throttle("alice", "alice", HERE) is answer


def test_passwords_that_are_right_are_never_counted(make_throttle, check):
    throttle = make_throttle()

    assert all(throttle("alice", "alice", HERE) for _ in range(20))
    assert len(check.asked) == 20


def test_after_the_allowed_failures_no_password_is_checked(
    make_throttle, check, clock
):
    throttle = make_throttle()
    fail(throttle, 1)
    clock.advance(10)
    fail(throttle, 2)

    for password in ("wrong", "alice"):
        with pytest.raises(TooManyAttempts) as refused:
            throttle("alice", password, HERE)

        assert refused.value.retry_after == 50
    assert len(check.asked) == 3


def test_after_its_time_the_count_begins_anew(make_throttle, clock):
    throttle = make_throttle()
    fail(throttle, 3)
    clock.advance(59)
    with pytest.raises(TooManyAttempts) as refused:
        throttle("alice", "alice", HERE)
    assert refused.value.retry_after == 1

    clock.advance(1)

    assert throttle("alice", "alice", HERE) is True
    fail(throttle, 3)


def test_attempts_that_are_turned_away_do_not_count(make_throttle, clock):
    """Else a client that tries on and on would never be let in again."""
    throttle = make_throttle()
    fail(throttle, 3)
    for _ in range(30):
        clock.advance(1)
        with pytest.raises(TooManyAttempts):
            throttle("alice", "alice", HERE)

    clock.advance(30)

    assert throttle("alice", "alice", HERE) is True


def test_a_success_does_not_reset_the_count(make_throttle):
    """Or an attacker with one account could go on guessing, with a right
    password of that account in between.
    """
    throttle = make_throttle()
    fail(throttle, 2)
    assert throttle("alice", "alice", HERE) is True
    fail(throttle, 1)

    with pytest.raises(TooManyAttempts):
        throttle("alice", "alice", HERE)


@pytest.mark.parametrize("answer", [None, False])
def test_none_and_false_are_both_counted(make_throttle, answer):
    throttle = make_throttle(1, check=lambda *args: answer)
    fail(throttle, 1)

    with pytest.raises(TooManyAttempts):
        throttle("alice", "x", HERE)


@pytest.mark.parametrize("answer", [True, 0, "", {}])
def test_any_other_answer_is_not_counted(make_throttle, answer):
    """0 is a userid. An answer that is no userid is not a wrong password."""
    throttle = make_throttle(1, check=lambda *args: answer)

    assert [throttle("alice", "x", HERE) for _ in range(3)] == [answer] * 3


def test_a_check_that_refuses_by_raising_counts(make_throttle):
    throttle = make_throttle(1)
    with pytest.raises(InvalidCredential, match="locked"):
        throttle("alice", InvalidCredential("locked"), HERE)

    with pytest.raises(TooManyAttempts):
        throttle("alice", "alice", HERE)


@pytest.mark.parametrize(
    "error", [RepositoryUnavailable("no answer"), RuntimeError("a mistake")]
)
def test_an_outage_of_the_check_is_not_counted(make_throttle, error):
    throttle = make_throttle(1)
    for _ in range(3):
        with pytest.raises(type(error)):
            throttle("alice", error, HERE)

    assert throttle("alice", "alice", HERE) is True


# Users and addresses.


def test_a_user_is_counted_from_all_addresses(make_throttle):
    throttle = make_throttle(by=["user"])
    for number in range(3):
        fail(throttle, 1, request=come_from(f"192.0.2.{number}"))

    with pytest.raises(TooManyAttempts) as refused:
        throttle("alice", "alice", come_from("192.0.2.9"))
    assert str(refused.value) == "too many failed passwords for 'alice'"
    assert throttle("bob", "bob", HERE) is True


def test_an_address_is_counted_for_all_users(make_throttle):
    throttle = make_throttle(by=["address"])
    for name in ("alice", "bob", "carol"):
        fail(throttle, 1, name)

    with pytest.raises(TooManyAttempts) as refused:
        throttle("dora", "dora", HERE)
    assert str(refused.value) == "too many failed passwords from '192.0.2.1'"
    assert throttle("alice", "alice", come_from("192.0.2.9")) is True


def test_user_and_address_are_counted_separately(make_throttle, clock):
    throttle = make_throttle()
    fail(throttle, 1, "alice")
    clock.advance(20)
    fail(throttle, 2, "bob")

    # Three from this address: one for alice, two for bob.
    with pytest.raises(TooManyAttempts, match=r"from '192.0.2.1'$"):
        throttle("alice", "alice", HERE)
    there = come_from("192.0.2.9")
    fail(throttle, 1, "bob", there)
    with pytest.raises(TooManyAttempts, match=r"for 'bob'$"):
        throttle("bob", "bob", there)
    with pytest.raises(TooManyAttempts) as refused:
        throttle("bob", "bob", HERE)
    assert str(refused.value) == (
        "too many failed passwords for 'bob' and from '192.0.2.1'"
    )
    # Refused until both counts are over.
    assert refused.value.retry_after == 60


@pytest.mark.parametrize(
    "name",
    ["Alice", "ALICE", " alice ", "alic\xe9", "a\u200blice", "\uff41lice"],
)
def test_spellings_of_one_name_are_counted_together(make_throttle, name):
    """Some databases and directories ignore such differences, too."""
    throttle = make_throttle(by=["user"])
    fail(throttle, 2)
    fail(throttle, 1, name)

    with pytest.raises(TooManyAttempts):
        throttle("alice", "alice", HERE)


@given(st.text())
def test_the_plain_spelling_of_a_name_is_stable(name):
    plain = plain_name(name)

    assert plain_name(plain) == plain
    assert plain_name(f" {name}\u200d ") == plain


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        # Spellings of one address.
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::ffff:c000:201", "192.0.2.1"),
        # A unix socket, or a server that gives host names.
        ("", ""),
        ("localhost", "localhost"),
        ("192.0.2.1, 10.0.0.1", "192.0.2.1, 10.0.0.1"),
    ],
)
def test_an_address_is_counted_with_its_network(address, network):
    assert network_of(address) == network


@given(st.text() | st.ip_addresses().map(str))
def test_any_address_has_a_network(address):
    network = network_of(address)

    assert network_of(network.removesuffix("/64")) == network


def test_requests_without_an_address_are_counted_together(make_throttle):
    throttle = make_throttle(by=["address"])
    nowhere = Request.blank("/")
    nowhere.environ.pop("REMOTE_ADDR", None)
    fail(throttle, 3, request=nowhere)

    with pytest.raises(TooManyAttempts, match="from ''"):
        throttle("bob", "bob", come_from(""))
    assert throttle("bob", "bob", HERE) is True


# Many threads at the same time.


class Crowd(MemoryFailures):
    """A check, and the count of its failures. The check answers when a number
    of threads have reached the count, refused ones included.
    """

    def __init__(self, clock, expected):
        super().__init__(60, clock)
        self.expected = expected
        self.lock = threading.Lock()
        self.came = set()
        self.complete = threading.Event()
        self.asked = self.inside = self.most = 0

    def count(self, key):
        self.came.add(threading.get_ident())
        if len(self.came) == self.expected:
            self.complete.set()
        return super().count(key)

    def __call__(self, username, password, request):
        with self.lock:
            self.asked += 1
            self.inside += 1
            self.most = max(self.most, self.inside)
        assert self.complete.wait(30)
        with self.lock:
            self.inside -= 1
        return username == password


def in_threads(crowd, limit, password):
    """Try a password in many threads; count their answers."""
    throttle = Throttle(crowd, crowd, limit, BOTH, str)

    def attempt(_):
        try:
            return throttle("alice", password, HERE)
        except TooManyAttempts:
            return "too many"

    with ThreadPoolExecutor(crowd.expected) as pool:
        answers = list(pool.map(attempt, range(crowd.expected)))
    assert not throttle._under_way
    return Counter(answers)


def test_a_burst_of_guesses_gets_no_further_than_guesses_in_a_row(clock):
    crowd = Crowd(clock, 50)

    answers = in_threads(crowd, 5, "wrong")

    assert answers == {False: 5, "too many": 45}
    assert crowd.asked == 5


def test_a_burst_of_right_passwords_is_let_in(clock):
    """A browser loads a page with many requests."""
    crowd = Crowd(clock, 50)

    answers = in_threads(crowd, 2, "alice")

    assert answers == {True: 50}
    assert (crowd.asked, crowd.most) == (50, 2)


def test_a_request_that_breaks_leaves_no_reservation_behind(make_throttle):
    throttle = make_throttle(1)
    for _ in range(3):
        with pytest.raises(KeyError):
            throttle("alice", KeyError("a mistake"), HERE)

    assert not throttle._under_way


class Broken(MemoryFailures):
    """A storage that fails in one of its methods."""

    def __init__(self, clock, fails):
        super().__init__(60, clock)
        self.fails = fails

    def count(self, key):
        if self.fails == "count":
            raise RepositoryUnavailable("gone")
        return super().count(key)

    def add(self, key):
        if self.fails == "add":
            raise RepositoryUnavailable("gone")
        super().add(key)


@pytest.mark.parametrize(("fails", "asked"), [("count", 0), ("add", 1)])
def test_an_outage_of_the_counter_is_not_answered_with_a_verdict(
    clock, check, fails, asked
):
    throttle = Throttle(check, Broken(clock, fails), 3, BOTH, str)

    with pytest.raises(RepositoryUnavailable):
        throttle("alice", "wrong", HERE)

    assert len(check.asked) == asked
    assert not throttle._under_way
