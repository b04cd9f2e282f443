"""The clock of the servers, an item, repositories in Redis, and forks."""

import os
import time

import pytest
from support.items import item_of

from pyramid_sessiontoken.repositories.redis import RedisRepository
from pyramid_sessiontoken.testing import ManualClock


@pytest.fixture
def clock():
    """Give a clock that begins at the present time, like those of servers."""
    return ManualClock(int(time.time()))


@pytest.fixture
def item(clock):
    return item_of(clock)


@pytest.fixture
def make_redis(clock):
    """Make repositories whose connections are closed at the end."""
    made = []

    def make_repository(url, **kw):
        made.append(RedisRepository(url, clock, **kw))
        return made[-1]

    yield make_repository
    for repository in made:
        repository.close()


@pytest.fixture
def in_child():
    """Run a function in a fork; give its result as a text."""

    if not hasattr(os, "fork"):
        pytest.skip("there is no fork here")

    def run(call):
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                os.write(writing, repr(call()).encode())
            except BaseException as error:  # noqa: BLE001
                os.write(writing, repr(error).encode())
            finally:
                os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as answer:
            text = answer.read()
        os.waitpid(pid, 0)
        return text

    return run
