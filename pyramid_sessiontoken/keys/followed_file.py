"""A file that is read again when it changes."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

log = logging.getLogger("pyramid_sessiontoken")

Content = TypeVar("Content")


class Stamp(NamedTuple):
    """What differs if a file has changed. Times are in nanoseconds."""

    modified: int
    size: int
    inode: int
    changed: int


def stamp_of(path: str) -> Stamp:
    """Take the stamp of a file without reading the file.

    :raises OSError: if the file does not exist.
    """
    found = os.stat(path)
    return Stamp(
        found.st_mtime_ns, found.st_size, found.st_ino, found.st_ctime_ns
    )


class FollowedFile(Generic[Content]):
    """The content of a file, as it is now.

    The file is read again when it changes. If it cannot be read then, the log
    says so and the previous content stays in use.

    :param read: reads the file, or raises ``OSError`` or ``ValueError``.
    :raises OSError: if the file cannot be read at the start.
    :raises ValueError: likewise.
    """

    def __init__(self, path: str, read: Callable[[], Content]) -> None:
        self._path = path
        self._read = read
        self._lock = threading.Lock()
        # The stamp is taken first: a file that changes while it is read is
        # then read again.
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
                    "%s cannot be read: %s; its previous content stays in use",
                    self._path,
                    error,
                )
        return self._content
