"""The contract of repositories finds mistakes."""

import inspect
import subprocess
import sys
import threading

import pytest
from zope.interface import implementer, implementer_only

from pyramid_sessiontoken.clock import SystemClock
from pyramid_sessiontoken.interfaces import ITokenRepository
from pyramid_sessiontoken.repositories.memory import MemoryRepository
from pyramid_sessiontoken.testing import ManualClock, RepositoryContract


@implementer_only(ITokenRepository)
class FourVerbs(MemoryRepository):
    pass


def run(name, repository_class, clock):
    """Run a test of the contract; give its error."""
    test = getattr(RepositoryContract(), name)
    given = {"repository": repository_class(clock), "clock": clock}
    wanted = inspect.signature(test).parameters
    try:
        test(**{key: given[key] for key in wanted})
    except (Exception, pytest.skip.Exception) as raised:  # noqa: BLE001
        return raised
    return None


def run_each(repository_class, clock):
    """Run each test of the contract; give its name and its error."""
    for name in dir(RepositoryContract):
        if name.startswith("test_"):
            yield name, run(name, repository_class, clock)


def test_tests_of_interfaces_that_are_not_provided_are_skipped(clock):
    answers = dict(run_each(FourVerbs, clock))
    raised = [answer for answer in answers.values() if answer]
    assert len(raised) < len(answers) - 10
    assert {type(answer) for answer in raised} == {pytest.skip.Exception}
    assert {answer.msg for answer in raised} == {
        "the repository does not provide IAddingRepository",
        "the repository does not provide IListingRepository",
        "the repository does not provide IPurgingRepository",
        "the repository does not provide IRenewingRepository",
        "the repository does not provide ISubjectRepository",
        "the repository does not provide ITrimmingOnceRepository",
        "the repository does not provide ITrimmingRepository",
    }


class RealTime(MemoryRepository):
    """Reads the clock of the machine instead of the given one."""

    def __init__(self, clock):
        super().__init__(SystemClock())


class Timeless(RealTime):
    def get(self, key):
        return self._items.get(key)


class Still(ManualClock):
    """@@"""

    def advance(self, seconds):
        pass


def present():
    return Still(SystemClock().now())


def test_a_repository_may_read_another_clock():
    answers = dict(run_each(RealTime, present()))
    raised = [
        answer
        for name, answer in answers.items()
        # It does not provide these.
        if answer and "trim" not in name and "removes_what" not in name
    ]
    assert len(raised) == 6
    assert {answer.msg for answer in raised} == {
        "the repository does not use the fixture 'clock'"
    }


def test_a_repository_that_never_reads_a_clock_fails():
    raised = [answer for _, answer in run_each(Timeless, present()) if answer]
    assert AssertionError in map(type, raised)


def test_a_subclass_may_have_its_own_clock():
    class Mine(RepositoryContract):
        clock = "mine"

    assert Mine.clock == "mine"


@pytest.mark.server
def test_the_module_needs_no_pytest():
    code = "import sys; sys.modules['pytest'] = None"
    code += "; import pyramid_sessiontoken.testing"
    subprocess.run([sys.executable, "-c", code], check=True)  # noqa: S603


class Immortal(MemoryRepository):
    def get(self, key):
        return self._items.get(key)


class LastSecond(MemoryRepository):
    def get(self, key):
        item = self._items.get(key)
        return item if item and item.expires >= self._now() else None


class Strict(MemoryRepository):
    def remove(self, key):
        self._drop(self._items[key].key)


class WithoutCase(MemoryRepository):
    def get(self, key):
        return super().get(key.lower())

    def add_or_update(self, item):
        super().add_or_update(item._replace(key=item.key.lower()))


class Naive(MemoryRepository):
    def get(self, key):
        item = super().get(key)
        return item and item._replace(
            expires=item.expires.replace(tzinfo=None)
        )


class Text(MemoryRepository):
    def add_or_update(self, item):
        token = item.token.decode("utf-8", "replace").encode()
        super().add_or_update(item._replace(token=token))


class First(MemoryRepository):
    def add_or_update(self, item):
        if item.key not in self._items:
            super().add_or_update(item)


class BeforeOnly(MemoryRepository):
    def _purge(self, date):
        for key, item in list(self._items.items()):
            if item.expires < date:
                self._drop(key)


class PurgesAll(MemoryRepository):
    def remove_all_before(self, date):
        self._items.clear()


class Upserts(MemoryRepository):
    def renew(self, item, was):
        self.add_or_update(item)
        return True


class RenewsAny(MemoryRepository):
    def renew(self, item, was):
        return self.get(item.key) is not None and (
            self.add_or_update(item) or True
        )


class Race(MemoryRepository):
    """What happens at the same time happens in the one order that shows the
    mistake: one verb is in the middle of its work when another one works.
    """

    def __init__(self, clock):
        super().__init__(clock)
        self.begun, self.amid = threading.Event(), threading.Event()

    def wait_for(self, event):
        if not event.wait(60):
            pytest.fail("the other verb is not called at the same time")


class InTwoSteps(Race):
    """Removes an item after a renewal has looked for it."""

    def renew(self, item, was):
        there = self.get(item.key)
        if there is None or there.expires != was:
            return False
        self.begun.set()
        self.wait_for(self.amid)
        self.add_or_update(item)
        return True

    def remove(self, key):
        self.wait_for(self.begun)
        super().remove(key)
        self.amid.set()


class SlowPurge(Race):
    """Renews an item after a purge has looked for it."""

    def remove_all_before(self, date):
        dead = [k for k, i in list(self._items.items()) if i.expires <= date]
        self.begun.set()
        self.wait_for(self.amid)
        for key in dead:
            self.remove(key)

    def renew(self, item, was):
        self.wait_for(self.begun)
        renewed = super().renew(item, was)
        self.amid.set()
        return renewed


class Keepless(MemoryRepository):
    def remove_all_of(self, subject, keep=()):
        return super().remove_all_of(subject)


class Stale(MemoryRepository):
    def items_of(self, subject):
        keys = self._keys_of.get(subject, ())
        return [self._items[key] for key in keys]


class Forgetful(MemoryRepository):
    def renew(self, item, was):
        return super().renew(item._replace(subject=None), was)


class Barring(MemoryRepository):
    barred = frozenset()

    def remove_all_of(self, subject, keep=()):
        self.barred |= {subject}
        return super().remove_all_of(subject, keep)

    def add_or_update(self, item):
        if item.subject not in self.barred:
            super().add_or_update(item)


class Unindexed(Race):
    """Adds an item after a removal has looked into the index."""

    def __init__(self, clock):
        super().__init__(clock)
        self.first = threading.get_ident()

    def add_or_update(self, item):
        if threading.get_ident() == self.first:
            super().add_or_update(item)
            return
        self.wait_for(self.begun)
        super().add_or_update(item)
        self.amid.set()

    def remove_all_of(self, subject, keep=()):
        keys = set(self._keys_of.get(subject, ())) - set(keep)
        for key in keys:
            self.remove(key)
        self.begun.set()
        self.wait_for(self.amid)
        self._keys_of[subject] = set(keep)
        return len(keys)


class Lists(MemoryRepository):
    def items(self):
        return list(self._items.values())


class Miscounts(MemoryRepository):
    def purge(self, date):
        yield 1 + self.remove_all_before(date)


@implementer(ITokenRepository)
class Lacking:
    def __init__(self, clock):
        pass

    def get(self, key):
        return None


@pytest.mark.parametrize(
    ("broken", "test"),
    [
        (Immortal, "an_item_that_has_expired_is_absent"),
        (LastSecond, "an_item_that_has_expired_is_absent"),
        (Strict, "a_removed_item_is_absent_and_can_be_removed_again"),
        (WithoutCase, "a_key_has_any_of_the_allowed_characters"),
        (Naive, "times_are_aware_and_utc"),
        (Text, "an_item_comes_back_as_it_was"),
        (First, "an_item_replaces_one_with_the_same_key"),
        (BeforeOnly, "a_purge_removes_items_that_expire_at_or_before_a_time"),
        (PurgesAll, "a_purge_removes_items_that_expire_at_or_before_a_time"),
        (Upserts, "renewal_does_not_bring_back_a_removed_item"),
        (RenewsAny, "renewal_fails_after_another_renewal"),
        (InTwoSteps, "removal_beats_renewal"),
        (SlowPurge, "a_purge_keeps_an_item_that_is_renewed"),
        (Keepless, "all_items_of_a_subject_are_removed_except_those_to_keep"),
        (Stale, "removed_and_expired_items_are_not_found"),
        (Forgetful, "a_renewed_item_keeps_its_subject"),
        (Barring, "an_item_added_after_all_were_removed_lives"),
        (
            Unindexed,
            "items_added_while_all_are_removed_keep_their_subject",
        ),
        (Lists, "all_items_are_listed_except_removed_and_expired_ones"),
        (Miscounts, "a_purge_counts_the_items_that_it_removes"),
        (Lacking, "it_has_the_methods_of_its_interfaces"),
    ],
)
def test_a_broken_repository_fails(clock, broken, test):
    # Not skipped, which is no Exception.
    assert isinstance(run(f"test_{test}", broken, clock), Exception)
