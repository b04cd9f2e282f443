"""The mark that ends the sessions of a user that began up to a time."""

from __future__ import annotations

import struct
from typing import NamedTuple

#: Stands for no session that goes on.
NO_SESSION = ""

# The content of the mark of a user: the version 1, before, spared_since; then
# spared.
_HEAD = struct.Struct(">Bqq")
_VERSION = 1


class Mark(NamedTuple):
    """The sessions of a user that were ended together.

    :ivar before: every session that began up to this time has ended, in
        seconds since the epoch.
    :ivar spared: the key of the mark of a session that goes on.
    :ivar spared_since: it goes on only if it began after this time. If it
        did not, an earlier mark had ended it.
    """

    before: int
    spared: str = NO_SESSION
    spared_since: int = -1

    def ends(self, began: int, key: str) -> bool:
        """Tell whether this ends a session.

        :param began: the ``place`` of its ticket.
        :param key: of the mark of the session itself.
        """
        return began <= self.before and (
            began <= self.spared_since or key != self.spared
        )

    def successor(self, now: int, spared: str) -> Mark:
        """Give the mark that also ends the sessions that began since."""
        return Mark(
            # Two marks of one second must differ, so their times run ahead
            # of the clock. A session tells which one it comes after.
            max(now, self.before + 1),
            spared,
            self.spared_since if spared == self.spared else self.before,
        )

    def write(self) -> bytes:
        """Write the content of a record. It is sealed by no key, so a mark
        outlives every key of the ring.
        """
        head = _HEAD.pack(_VERSION, self.before, self.spared_since)
        return head + self.spared.encode()


def read_mark(content: bytes) -> Mark | None:
    """Turn :meth:`Mark.write` round; ``None`` for what it did not write."""
    try:
        version, before, since = _HEAD.unpack_from(content)
        spared = content[_HEAD.size :].decode("ascii")
    except (struct.error, UnicodeDecodeError):
        return None
    return Mark(before, spared, since) if version == _VERSION else None
