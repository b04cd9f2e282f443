"""No remembered answer counts, and what is answered is remembered."""

from pyramid_sessiontoken.sessions.cache import UNKNOWN, FirstLevelCache
from pyramid_sessiontoken.sessions.past_cache import PastCache


def test_no_answer_counts_and_each_is_remembered():
    cache = FirstLevelCache(10, 5)
    past = PastCache(cache)

    past.put("a", 1, 0, past.version)

    assert past.get("a", 0) is UNKNOWN
    assert cache.get("a", 0) == 1


def test_an_answer_that_is_older_than_a_change_is_not_remembered():
    cache = FirstLevelCache(10, 5)
    past = PastCache(cache)
    version = past.version

    past.replace("a", None, 0)
    past.put("a", 1, 0, version)

    assert past.version == cache.version == 1
    assert cache.get("a", 0) is None


def test_to_forget_all_is_to_forget_what_others_know():
    cache = FirstLevelCache(10, 5)
    cache.put("a", 1, 0, cache.version)

    PastCache(cache).clear()

    assert cache.get("a", 0) is UNKNOWN


def test_a_long_answer_takes_more_places():
    cache = FirstLevelCache(8, 5)
    past = PastCache(cache)
    for key in "abcd":
        past.put(key, 1, 0, 0, length=10**6)
    assert cache.get("a", 0) is UNKNOWN
