"""A cache that is told what changes may remember for longer."""

import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import START

from pyramid_sessiontoken.sessions import pushed_cache as module
from pyramid_sessiontoken.sessions.cache import UNKNOWN
from pyramid_sessiontoken.sessions.pushed_cache import OLDEST, PushedCache

HOUR = 3600


class Line:
    def __init__(self):
        self.until = math.inf
        self.started = 0

    def start(self):
        self.started += 1


@pytest.fixture
def line():
    return Line()


def make(line, size=100, ttl=HOUR):
    return PushedCache(size, ttl, lambda _: line, lambda: True)


@pytest.fixture
def cache(line):
    return make(line)


def put(cache, key, answer, now=START):
    """Keep an answer to a question that was asked just now."""
    cache.put(key, answer, now, cache.version)


def test_while_the_line_holds_an_answer_counts_for_its_time(cache, line):
    put(cache, "a", "ticket")
    assert cache.get("a", START + HOUR - 1) == "ticket"
    assert cache.get("a", START + HOUR) is UNKNOWN
    assert cache.get("a", START - 1) is UNKNOWN
    assert line.started == 0


@pytest.mark.parametrize("until", [-math.inf, 0])
def test_while_the_line_is_down_an_old_answer_does_not_count(
    cache, line, until
):
    line.until = until
    put(cache, "a", "ticket")
    assert cache.get("a", START + OLDEST - 1) == "ticket"
    assert line.started == 0
    assert cache.get("a", START + OLDEST) is UNKNOWN
    # The first that misses an answer opens the line.
    assert line.started == 1
    assert cache.get("b", START) is UNKNOWN
    assert line.started == 2
    line.until = time.monotonic() + HOUR
    assert cache.get("a", START + OLDEST) == "ticket"


def test_a_line_that_is_down_does_not_lengthen_a_short_time(line):
    cache = make(line, ttl=2)
    line.until = -math.inf
    put(cache, "a", "ticket")
    assert cache.get("a", START + 1) == "ticket"
    assert cache.get("a", START + 2) is UNKNOWN


@pytest.mark.parametrize(("size", "ttl"), [(0, 5), (1, 5), (100, 0)])
def test_a_cache_that_is_off_opens_no_line(line, size, ttl):
    cache = make(line, size, ttl)
    line.until = -math.inf
    put(cache, "a", "ticket")
    assert cache.get("a", START) is UNKNOWN
    assert line.started == 0


def test_what_changed_elsewhere_is_forgotten(line):
    cache = make(line, size=4)
    for key in "abc":
        put(cache, key, key)
    cache.forget(["a", "c", "x"])
    answers = [cache.get(key, START) for key in "abc"]
    assert answers == [UNKNOWN, "b", UNKNOWN]


def test_an_answer_asked_before_a_change_is_not_kept(cache):
    asked = cache.version
    cache.forget(["a"])
    cache.put("a", "old", START, asked)
    cache.put("b", "ticket", START, asked)
    # Other answers may be kept: much changes in a busy repository.
    assert cache.get("a", START) is UNKNOWN
    assert cache.get("b", START) == "ticket"
    put(cache, "a", "new")
    assert cache.get("a", START) == "new"


@pytest.mark.parametrize(
    "change",
    [
        lambda cache: cache.replace("a", None, START),
        lambda cache: cache.replace("b", None, START),
        lambda cache: cache.clear(),
        lambda cache: cache.begin_anew(),
    ],
    ids=["this", "another", "all", "fork"],
)
def test_an_answer_read_before_an_end_here_is_not_kept(cache, change):
    asked = cache.version
    change(cache)
    cache.put("a", "ticket", START, asked)
    assert cache.get("a", START) in (None, UNKNOWN)


def test_few_changes_are_remembered(cache, monkeypatch):
    monkeypatch.setattr(module, "CHANGES", 10)
    asked = cache.version
    for number in range(25):
        cache.forget([f"k{number}"])
        assert len(cache._changed) <= 10
    for number in range(25):
        cache.put(f"k{number}", "old", START, asked)
        assert cache.get(f"k{number}", START) is UNKNOWN


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("ask"), st.sampled_from("abc")),
            st.tuples(st.just("answer"), st.integers(0, 5)),
            st.tuples(st.just("change"), st.sampled_from("abc")),
            st.tuples(st.just("flush"), st.none()),
        )
    )
)
def test_no_answer_is_older_than_the_last_change(steps):
    """A server that changes, and questions under way in any order."""
    cache = make(Line(), size=6)
    there = dict.fromkeys("abc", 0)
    asked = []
    for what, which in steps:
        if what == "ask":
            asked.append((which, there[which], cache.version))
        elif what == "answer" and which < len(asked):
            key, answer, version = asked.pop(which)
            cache.put(key, answer, START, version)
        elif what == "change":
            there[which] += 1
            cache.forget([which])
        elif what == "flush":
            there = {key: number + 1 for key, number in there.items()}
            cache.clear()
        for key, number in there.items():
            assert cache.get(key, START) in (number, UNKNOWN)


def test_a_lock_that_a_fork_leaves_behind_is_replaced(cache):
    """A thread of the parent held it; the child has no such thread."""
    put(cache, "a", "ticket")
    cache._lock.acquire()
    cache.begin_anew()
    put(cache, "b", "new")
    assert cache.get("a", START) is UNKNOWN
    assert cache.get("b", START) == "new"
