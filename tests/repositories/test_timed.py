"""The calls of a repository are measured, and answered as before."""

from datetime import timedelta

import pytest
from zope.interface import implementer

from pyramid_sessiontoken.clock import moment
from pyramid_sessiontoken.interfaces import (
    IAddingRepository,
    IListingRepository,
    IPurgingRepository,
    IRenewingRepository,
    ISubjectRepository,
    ITokenRepository,
    TokenItem,
)
from pyramid_sessiontoken.repositories import timed
from pyramid_sessiontoken.repositories.memory import MemoryRepository
from pyramid_sessiontoken.repositories.timed import (
    VERBS,
    TimedRepository,
    Timer,
)
from pyramid_sessiontoken.testing import RepositoryContract

POWERS = (
    IAddingRepository,
    IListingRepository,
    IPurgingRepository,
    IRenewingRepository,
    ISubjectRepository,
    ITokenRepository,
)


class TestContract(RepositoryContract):
    """It is a repository like the one that it measures."""

    # Nor does the one that it measures trim.
    test_a_trim_removes_only_what_has_expired = None
    test_a_sign_in_keeps_an_item_and_removes_what_has_expired = None

    @pytest.fixture
    def repository(self, clock):
        return TimedRepository(MemoryRepository(clock), _forget)


def _forget(verb, seconds):
    pass


class Trims(MemoryRepository):
    def trim(self, date):
        self.remove_all_before(date)

    def keep_and_trim(self, item, date):
        self._items[item.key] = item


class Ticks:
    """A clock that tells how often it was read."""

    def __init__(self):
        self.now = 0.0

    def perf_counter(self):
        self.now += 1
        return self.now


@pytest.fixture
def recorded(monkeypatch):
    monkeypatch.setattr(timed, "time", Ticks())
    return []


@pytest.fixture
def measured(clock, recorded):
    def record(verb, seconds):
        recorded.append((verb, seconds))

    return TimedRepository(Trims(clock), record)


def item(clock, key="key"):
    expires = moment(clock.now() + 60)
    return TokenItem(key, expires, b"token", "user")


def test_every_verb_is_measured(measured, recorded, clock):
    one = item(clock)
    measured.add_or_update(one)
    assert measured.get("key") == one
    assert measured.renew(one, one.expires)
    assert not measured.add(one)
    assert [*measured.items_of("user")] == [one]
    assert [*measured.items()] == [one]
    assert measured.remove_all_of("user") == 1
    measured.remove("key")
    measured.remove_all_before(one.expires - timedelta(days=1))
    assert [*measured.purge(one.expires - timedelta(days=1))]
    measured.trim(one.expires - timedelta(days=1))
    measured.keep_and_trim(one, one.expires - timedelta(days=1))

    verbs = [verb for verb, _ in recorded]
    assert sorted(verbs) == sorted(VERBS)
    assert all(seconds > 0 for _, seconds in recorded)


def test_an_answer_in_parts_is_measured_without_the_code_that_takes_them(
    recorded,
):
    class Lists:
        def items(self):
            yield from ("one", "other")

    class Waits(list):
        def append(self, part):
            timed.time.now += 1000
            super().append(part)

    measured = TimedRepository(
        Lists(), lambda verb, seconds: recorded.append((verb, seconds))
    )
    taken = Waits()
    for part in measured.items():
        taken.append(part)

    assert taken == ["one", "other"]
    # The call, two parts and the end.
    assert recorded == [("items", 4)]


def test_an_answer_that_is_left_is_measured(recorded):
    class Lists:
        def items(self):
            yield from ("one", "other")

    measured = TimedRepository(
        Lists(), lambda verb, seconds: recorded.append((verb, seconds))
    )
    answer = measured.items()
    assert next(answer) == "one"
    answer.close()

    assert recorded == [("items", 2)]


def test_a_call_that_fails_is_measured(recorded):
    class Fails:
        def get(self, key):
            raise LookupError(key)

    measured = TimedRepository(
        Fails(), lambda verb, seconds: recorded.append((verb, seconds))
    )

    with pytest.raises(LookupError):
        measured.get("key")

    assert recorded == [("get", 1)]


@implementer(ITokenRepository)
class FourVerbs:
    """It has no power."""

    def get(self, key):
        return key


@pytest.mark.parametrize("repository", [FourVerbs, MemoryRepository])
def test_it_has_the_powers_of_the_repository(repository, clock):
    inner = FourVerbs() if repository is FourVerbs else repository(clock)
    measured = TimedRepository(inner, _forget)

    assert [power.providedBy(measured) for power in POWERS] == [
        power.providedBy(inner) for power in POWERS
    ]


def test_it_has_no_verb_that_the_repository_lacks():
    measured = TimedRepository(FourVerbs(), _forget)

    with pytest.raises(AttributeError):
        _ = measured.renew


def test_what_else_the_repository_has_is_reached(clock):
    inner = MemoryRepository(clock)

    assert TimedRepository(inner, _forget).began == inner.began


def test_one_repository_is_wrapped_once_and_its_successor_anew(clock):
    timer = Timer(_forget)
    first, other = MemoryRepository(clock), MemoryRepository(clock)

    assert timer(first) is timer(first)
    assert timer(first).repository is first
    assert timer(other).repository is other
