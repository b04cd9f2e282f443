"""Guessing ends at a limit, and right passwords are not hindered by it."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from pyramid.request import Request

from pyramid_sessiontoken.authenticators.client_address import (
    ClientAddress,
    read_address,
)
from pyramid_sessiontoken.authenticators.failures import MemoryFailures
from pyramid_sessiontoken.authenticators.throttle import (
    KeyThrottle,
    Throttle,
    network_of,
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


class Throttled:
    """Ask a check within a throttle; give its answer."""

    def __init__(self, check, *args, **kw):
        self.check = check
        self.throttle = Throttle(*args, **kw)

    def __call__(self, username, password, request):
        answer = None
        try:
            with self.throttle.attempt([username], request):
                answer = self.check(username, password, request)
                if answer is None or answer is False:
                    raise InvalidCredential("wrong")
        except InvalidCredential as error:
            if str(error) != "wrong":
                raise
        return answer

    @property
    def rests(self):
        """Whether no attempt is under way."""
        return not self.throttle._under_way and not self.throttle._waiting


@pytest.fixture
def make_throttle(clock, check):
    def make(limit=3, by=BOTH, check=check):
        failures = MemoryFailures(60, clock)
        return Throttled(
            check, failures, limit, by, str, address=ClientAddress()
        )

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
    [
        "Alice",
        "ALICE",
        " alice ",
        "alic\xe9",
        "a\u200blice",
        "\uff41lice",
        "a\u0142ice",
    ],
)
def test_spellings_of_one_name_are_counted_together(make_throttle, name):
    """Some databases and directories ignore such differences, too."""
    throttle = make_throttle(by=["user"])
    fail(throttle, 2)
    fail(throttle, 1, name)

    with pytest.raises(TooManyAttempts):
        throttle("alice", "alice", HERE)


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
        # A port is no part of it.
        ("192.0.2.1:4711", "192.0.2.1"),
        ("[2001:db8:1:2::9]:4711", "2001:db8:1:2::/64"),
    ],
)
def test_whose_an_address_is(address, network):
    assert network_of(read_address(address)) == network


NOWHERE = ["", "localhost", "/run/app.sock", "192.0.2.1, 10.0.0.1"]


@pytest.mark.parametrize("text", NOWHERE)
@pytest.mark.parametrize("by", [["address"], BOTH])
def test_an_address_that_is_none_does_not_count(make_throttle, text, by):
    """On a unix socket three guesses of one client would lock out all."""
    throttle = make_throttle(by=by)
    for name in ("bob", "carol", "dora", "eve"):
        fail(throttle, 1, name, request=come_from(text))

    assert throttle("alice", "alice", come_from(text)) is True
    assert throttle("alice", "alice", HERE) is True


def test_without_an_address_the_user_still_counts(make_throttle):
    throttle = make_throttle()
    fail(throttle, 3, request=come_from(""))

    with pytest.raises(TooManyAttempts, match=r"for 'alice'$"):
        throttle("alice", "alice", come_from(""))


def test_one_warning_says_that_nothing_is_counted(make_throttle, caplog):
    throttle, other = make_throttle(by=["address"]), make_throttle()
    for _ in range(3):
        fail(throttle, 1, request=come_from(""))
    fail(throttle, 1)
    fail(other, 1, request=come_from(""))

    (told,) = caplog.messages
    assert "its failed passwords are not counted" in told
    assert "sessiontoken.throttle.by" in told


def test_a_port_is_no_way_round(make_throttle):
    throttle = make_throttle(by=["address"])
    for port in range(3):
        fail(throttle, 1, request=come_from(f"192.0.2.1:{port + 1000}"))

    with pytest.raises(TooManyAttempts, match=r"from '192\.0\.2\.1'$"):
        throttle("alice", "alice", HERE)


# Refused keys.


def test_refused_keys_count_by_address(clock):
    throttle = KeyThrottle(MemoryFailures(60, clock), 3, str, ClientAddress())
    for _ in range(3):
        throttle.count(HERE)
    clock.advance(20)

    with pytest.raises(TooManyAttempts) as refused:
        throttle.count(HERE)
    assert str(refused.value) == "too many refused keys from '192.0.2.1'"
    assert refused.value.retry_after == 40
    throttle.count(come_from("192.0.2.9"))
    clock.advance(40)
    throttle.count(HERE)


def test_keys_and_passwords_have_counts_of_their_own(clock, check):
    failures = MemoryFailures(60, clock)
    keys = KeyThrottle(failures, 3, str, ClientAddress())
    throttle = Throttled(
        check, failures, 3, BOTH, str, address=ClientAddress()
    )
    for _ in range(3):
        keys.count(HERE)

    fail(throttle, 3)


@pytest.mark.parametrize("text", NOWHERE)
def test_keys_from_no_address_are_not_counted(clock, caplog, text):
    throttle = KeyThrottle(MemoryFailures(60, clock), 1, str, ClientAddress())
    for _ in range(3):
        throttle.count(come_from(text))

    (told,) = caplog.messages
    assert "its refused keys are not counted" in told


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
    throttle = Throttled(
        crowd, crowd, limit, BOTH, str, address=ClientAddress()
    )

    def attempt(_):
        try:
            return throttle("alice", password, HERE)
        except TooManyAttempts:
            return "too many"

    with ThreadPoolExecutor(crowd.expected) as pool:
        answers = list(pool.map(attempt, range(crowd.expected)))
    assert throttle.rests
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

    assert throttle.rests


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
    broken = Broken(clock, fails)
    throttle = Throttled(check, broken, 3, BOTH, str, address=ClientAddress())

    with pytest.raises(RepositoryUnavailable):
        throttle("alice", "wrong", HERE)

    assert len(check.asked) == asked
    assert throttle.rests


class Hanging(MemoryFailures):
    """A storage that answers no thread before many have asked."""

    def __init__(self, clock, expected):
        super().__init__(60, clock)
        self.together = threading.Barrier(expected)

    def count(self, key):
        self.together.wait(30)
        raise RepositoryUnavailable("gone")


def test_a_storage_that_hangs_is_asked_by_all_at_once(clock, check):
    """Under one lock, the last of them would wait for all others."""
    hanging = Hanging(clock, 16)
    throttle = Throttled(check, hanging, 3, BOTH, str, address=ClientAddress())

    def attempt(_):
        with pytest.raises(RepositoryUnavailable, match="gone"):
            throttle("alice", "alice", HERE)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(attempt, range(16)))

    assert not hanging.together.broken
    assert throttle.rests


@pytest.mark.parametrize("patience", [0, 0.01])
def test_an_attempt_does_not_wait_for_ever(clock, patience):
    begun, finish = threading.Event(), threading.Event()

    def check(username, password, request):
        begun.set()
        assert finish.wait(30)
        return True

    throttle = Throttled(
        check,
        MemoryFailures(60, clock),
        1,
        BOTH,
        str,
        address=ClientAddress(),
        patience=patience,
    )
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(throttle, "alice", "alice", HERE)
        assert begun.wait(30)
        with pytest.raises(RepositoryUnavailable, match="still being checked"):
            throttle("alice", "alice", HERE)
        finish.set()
        assert first.result(30) is True

    assert throttle.rests
    assert throttle("alice", "alice", HERE) is True


class Late(MemoryFailures):
    """A storage whose answer is old when it comes."""

    def __init__(self, clock):
        super().__init__(60, clock)
        self.meanwhile = None

    def count(self, key):
        found = super().count(key)
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()
        return found


def test_a_failure_while_the_storage_answers_is_not_missed(clock, check):
    late = Late(clock)
    throttle = Throttled(
        check, late, 1, ["user"], str, address=ClientAddress()
    )
    late.meanwhile = lambda: fail(throttle, 1)

    with pytest.raises(TooManyAttempts):
        throttle("alice", "alice", HERE)


def test_the_failure_of_another_makes_nobody_ask_again(clock, check):
    late = Late(clock)
    throttle = Throttled(
        check, late, 1, ["user"], str, address=ClientAddress()
    )
    late.meanwhile = lambda: fail(throttle, 1, "bob")

    assert throttle("alice", "alice", HERE) is True
