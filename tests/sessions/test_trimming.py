"""Each sign-in removes a few old records, and never fails by it."""

import logging

import pytest
from pyramid.registry import Registry
from support import START
from zope.interface import implementer

from pyramid_sessiontoken.clock import moment
from pyramid_sessiontoken.errors import RepositoryUnavailable
from pyramid_sessiontoken.interfaces import (
    IClock,
    ITokenRepository,
    ITrimmingOnceRepository,
    ITrimmingRepository,
)
from pyramid_sessiontoken.sessions.trimming import Trimming

DAY = 24 * 3600


@implementer(ITrimmingRepository)
class Repository:
    def __init__(self):
        self.asked = []
        self.fails = None
        self.kept = []

    def add_or_update(self, item):
        self.kept.append(item)

    def trim(self, date):
        self.asked.append(date)
        if self.fails:
            raise self.fails


@implementer(ITrimmingOnceRepository)
class Once(Repository):
    """One that does both at once, if it does not fail."""

    def keep_and_trim(self, item, date):
        self.trim(date)
        self.kept.append((item, "and trimmed"))


@pytest.fixture
def registry(clock):
    registry = Registry()
    registry.registerUtility(clock, IClock)
    return registry


@pytest.fixture
def repository(registry):
    repository = Repository()
    registry.registerUtility(repository, ITokenRepository)
    return repository


def warnings(caplog):
    return [r for r in caplog.records if r.levelno == logging.WARNING]


def test_what_expired_a_day_ago_is_removed(registry, repository):
    Trimming(registry)()
    assert repository.asked == [moment(START - DAY)]


def test_other_repositories_are_not_asked(registry):
    Trimming(registry)()
    # It has no such method.
    registry.registerUtility(object(), ITokenRepository)
    Trimming(registry)()


def test_a_sign_in_keeps_its_record_and_removes_others(registry, repository):
    Trimming(registry).keep("record")
    assert repository.kept == ["record"]
    assert repository.asked == [moment(START - DAY)]


def test_a_sign_in_does_both_at_once_where_the_repository_can(
    registry, caplog
):
    repository = Once()
    registry.registerUtility(repository, ITokenRepository)
    Trimming(registry).keep("record")
    assert repository.kept == [("record", "and trimmed")]
    assert repository.asked == [moment(START - DAY)]
    # If to remove the others fails, the record is kept all the same.
    repository.fails = RuntimeError("the database failed (x)")
    Trimming(registry).keep("record")
    assert repository.kept[1:] == ["record"]
    assert "the database failed (x)" in warnings(caplog)[0].getMessage()


def test_a_record_that_may_be_there_is_not_written_again(registry):
    """The answer was lost. Who saw the session meanwhile may have ended it,
    and a sign-in waits once for a repository that does not answer.
    """
    repository = Once()
    repository.fails = RepositoryUnavailable("no answer in time")
    registry.registerUtility(repository, ITokenRepository)
    with pytest.raises(RepositoryUnavailable, match="no answer"):
        Trimming(registry).keep("record")
    assert repository.kept == []


def test_a_sign_in_fails_if_its_record_cannot_be_kept(registry, caplog):
    repository = Once()
    repository.fails = RuntimeError("down")
    registry.registerUtility(repository, ITokenRepository)

    def fail(item):
        raise repository.fails

    repository.add_or_update = fail
    with pytest.raises(RuntimeError, match="down"):
        Trimming(registry).keep("record")
    assert caplog.records == []


@pytest.mark.parametrize("kind", [RepositoryUnavailable, RuntimeError])
def test_a_failure_is_a_warning_once_a_minute(
    registry, repository, clock, caplog, kind
):
    caplog.set_level(logging.INFO)
    repository.fails = kind("the database failed (x)")
    trim = Trimming(registry)
    trim()
    clock.advance(59)
    trim()
    (warning,) = warnings(caplog)
    assert "the database failed (x)" in warning.getMessage()
    assert len(caplog.records) == 2
    clock.advance(1)
    trim()
    assert len(warnings(caplog)) == 2
    # A clock that is put back does not silence it.
    clock.advance(-DAY)
    trim()
    assert len(warnings(caplog)) == 3
