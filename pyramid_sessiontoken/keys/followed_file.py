"""Files that are read again when they change."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

log = logging.getLogger("pyramid_sessiontoken")

Content = TypeVar("Content")


class Stamp(NamedTuple):
    """What tells that a file is another one; times in nanoseconds."""

    modified: int
    size: int
    number: int
    came: int


def stamp_of(path: str) -> Stamp:
    """Look at a file, without reading it.

    :raises OSError: where it is not there.
    """
    found = os.stat(path)
    return Stamp(
        found.st_mtime_ns, found.st_size, found.st_ino, found.st_ctime_ns
    )


class FollowedFile(Generic[Content]):
    """What a file says, as of now.

    It is read again when it changes; where it cannot be read then, that is
    said in the log, and the former content stands.

    :param read: reads it; ``OSError`` or ``ValueError`` says that it cannot.
    :raises OSError: where it cannot be read at the start.
    :raises ValueError: likewise.
    """

    def __init__(self, path: str, read: Callable[[], Content]) -> None:
        self._path = path
        self._read = read
        self._lock = threading.Lock()
        # Before it is read: what changes meanwhile is read next time.
        self._stamp = stamp_of(path)
        self._content = read()

    @property
    def content(self) -> Content:
        with self._lock:
            try:
                stamp = stamp_of(self._path)
                if stamp != self._stamp:
                    self._stamp = stamp
                    self._content = self._read()
            except (OSError, ValueError) as error:
                log.error(
                    "%s cannot be read, its former content stands: %s",
                    self._path,
                    error,
                )
        return self._content
