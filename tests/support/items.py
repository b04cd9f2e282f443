"""Items of a repository, and how long it takes to give up."""

import time
from datetime import timedelta

import pytest

from pyramid_sessiontoken.clock import moment
from pyramid_sessiontoken.errors import RepositoryUnavailable
from pyramid_sessiontoken.interfaces import TokenItem


def item_of(clock, key="key", seconds=60, subject="str:alice"):
    """Make an item that expires after some seconds."""
    now = moment(clock.now())
    return TokenItem(key, now + timedelta(seconds=seconds), b"token", subject)


def seconds_until_unavailable(call):
    """Call what raises an outage; give how long that takes."""
    start = time.monotonic()
    with pytest.raises(RepositoryUnavailable):
        call()
    return time.monotonic() - start
