"""Answers of the repository are kept for a few seconds, never longer."""

import sys
import threading
from itertools import count

import pytest
from support import START

from pyramid_sessiontoken.sessions.cache import UNKNOWN, FirstLevelCache
from pyramid_sessiontoken.tokens.verified import PLACE


@pytest.fixture
def cache():
    return FirstLevelCache(100, 5)


def put(cache, key, answer, now=START):
    """Keep an answer to a question that was asked just now."""
    cache.put(key, answer, now, cache.version)


def known(cache, keys, now=START):
    return [key for key in keys if cache.get(key, now) is not UNKNOWN]


def test_a_key_that_was_not_asked_for_is_unknown(cache):
    assert cache.get("a", START) is UNKNOWN


@pytest.mark.parametrize("answer", ["ticket", None, {}, False, 0])
def test_any_answer_is_remembered_even_none(cache, answer):
    put(cache, "a", answer)
    assert cache.get("a", START) is answer
    assert cache.get("b", START) is UNKNOWN


def test_an_answer_is_kept_for_exactly_its_seconds(cache):
    put(cache, "a", "ticket")
    assert cache.get("a", START + 4) == "ticket"
    assert cache.get("a", START + 5) is UNKNOWN
    assert cache.get("a", START + 10**6) is UNKNOWN


def test_reading_an_answer_does_not_prolong_it(cache):
    put(cache, "a", "ticket")
    for second in range(5):
        assert cache.get("a", START + second) == "ticket"
    assert cache.get("a", START + 5) is UNKNOWN


def test_an_answer_from_the_future_is_stale(cache):
    """The clock was set back."""
    put(cache, "a", "ticket")
    assert cache.get("a", START - 1) is UNKNOWN
    assert cache.get("a", START - 10**6) is UNKNOWN
    # When the clock reaches it again, it counts.
    assert cache.get("a", START) == "ticket"


@pytest.mark.parametrize(("size", "ttl"), [(0, 5), (1, 5), (100, 0), (0, 0)])
def test_the_cache_can_be_switched_off(size, ttl):
    cache = FirstLevelCache(size, ttl)
    put(cache, "a", "ticket")
    assert cache.get("a", START) is UNKNOWN
    cache.replace("a", None, START)
    assert cache.get("a", START) is UNKNOWN
    cache.clear()
    assert cache.get("a", START) is UNKNOWN


@pytest.mark.parametrize("size", [2, 3, 10, 11])
def test_the_cache_never_exceeds_its_size(size):
    cache = FirstLevelCache(size, 5)
    keys = [str(number) for number in range(10 * size)]
    for key in keys:
        put(cache, key, key)
        there = known(cache, keys)
        assert len(there) <= size
        # The latest answer is kept, and every answer is the right one.
        assert key in there
        assert all(cache.get(other, START) == other for other in there)
    # At least half of the answers are kept.
    assert len(known(cache, keys)) >= size // 2


def test_noted_ends_count_for_the_size():
    cache = FirstLevelCache(10, 5)
    keys = [str(number) for number in range(1000)]
    for key in keys:
        cache.replace(key, None, START)
    assert len(known(cache, keys)) <= 10


def test_a_later_answer_replaces_one_of_the_older_generation():
    cache = FirstLevelCache(4, 5)
    for key in ("a", "b", "c"):
        put(cache, key, "old")
    put(cache, "a", "new")
    assert cache.get("a", START) == "new"


def test_an_end_in_this_process_counts_at_once(cache):
    put(cache, "a", "ticket")
    put(cache, "b", "other")
    cache.replace("a", None, START)
    assert cache.get("a", START) is None
    assert cache.get("b", START) == "other"


def test_an_end_counts_at_once_in_both_generations():
    cache = FirstLevelCache(4, 5)
    for key in ("a", "b", "c"):
        put(cache, key, "old")
    for key in ("a", "b", "c"):
        cache.replace(key, None, START)
        assert cache.get(key, START) is None


def test_one_answer_can_be_dropped(cache):
    put(cache, "a", "ticket")
    cache.replace("a", UNKNOWN, START)
    assert cache.get("a", START) is UNKNOWN


def test_all_answers_can_be_dropped():
    cache = FirstLevelCache(4, 5)
    for key in ("a", "b", "c"):
        put(cache, key, key)
    cache.clear()
    assert known(cache, "abc") == []
    put(cache, "a", "new")
    assert cache.get("a", START) == "new"


@pytest.mark.parametrize(
    "end",
    [
        lambda cache: cache.replace("a", None, START),
        lambda cache: cache.replace("b", None, START),
        lambda cache: cache.clear(),
    ],
    ids=["this", "another", "all"],
)
def test_an_answer_read_before_an_end_is_not_kept(cache, end):
    asked = cache.version
    end(cache)
    cache.put("a", "ticket", START, asked)
    assert cache.get("a", START) in (None, UNKNOWN)
    # An answer that is asked for after that is kept.
    put(cache, "a", "later")
    assert cache.get("a", START) == "later"


def interrupted(step, act, other):
    """Act in a thread, and let another one act before some line.

    :return: whether the line was reached.
    """
    lines = count()
    happened = []

    def trace(frame, event, arg):
        if frame.f_globals["__name__"] != FirstLevelCache.__module__:
            return None
        if event == "line" and next(lines) == step:
            happened.append(threading.Thread(target=other))
            happened[0].start()
            # It may have to wait for the lock of the first.
            happened[0].join(0.02)
        return trace

    def traced():
        sys.settrace(trace)
        act()

    thread = threading.Thread(target=traced)
    thread.start()
    thread.join()
    for each in happened:
        each.join()
    return bool(happened)


@pytest.mark.parametrize("filled", [0, 2], ids=["young", "full"])
@pytest.mark.parametrize("way", ["end", "clear"])
def test_no_answer_is_kept_while_a_session_ends(way, filled):
    """A sign-out holds at once in this process, whichever line another
    thread has reached.
    """
    slipped = []
    for step in count():
        cache = FirstLevelCache(4, 5)
        for key in ("a", "b")[:filled]:
            put(cache, key, "ticket")
        asked = cache.version

        def end(cache=cache):
            if way == "end":
                cache.replace("a", None, START)
            else:
                cache.clear()

        def keep(cache=cache, asked=asked):
            cache.put("a", "ticket", START, asked)

        if not interrupted(step, keep, end):
            break
        if cache.get("a", START) == "ticket":
            slipped.append(step)
    assert step > 2
    assert slipped == []


def test_long_answers_are_fewer(clock):
    cache = FirstLevelCache(1000, 5)
    for number in range(1000):
        cache.put(str(number), "x" * 8000, START, 0, 8000)
    assert len(cache._young) + len(cache._old) <= 1000 * PLACE // 8000 + 1
    assert cache.get("999", START) == "x" * 8000
    cache.clear()
    for number in range(1000):
        cache.put(str(number), None, START, 1, PLACE - 1)
    assert len(cache._young) + len(cache._old) == 1000
