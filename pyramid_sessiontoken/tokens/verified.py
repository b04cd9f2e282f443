"""A bounded memory of verified tokens."""

from __future__ import annotations

from typing import Generic, TypeVar

Said = TypeVar("Said")

#: How many tokens a process remembers: for headers, for cookies, and of the
#: repository, each.
REMEMBERED = 10_000


class VerifiedTokens(Generic[Said]):
    """Remember what verified tokens say, by a digest of their text.

    A token that verified once verifies for ever under the same keys, so
    this belongs to one key ring and goes with it. Whether its times still
    hold is never remembered.

    There are two generations. What is asked for lives in the young one; when
    that is full it becomes the old one, and what nobody asked for since is
    gone. No lock is needed: each step is one operation on a ``dict``, and
    the worst that two threads can do is to forget.

    :param size: how many tokens at most, two or more.
    """

    __slots__ = ("_half", "_old", "_young")

    def __init__(self, size: int) -> None:
        self._half = size // 2
        self._young: dict[bytes, Said] = {}
        self._old: dict[bytes, Said] = {}

    def get(self, digest: bytes) -> Said | None:
        said = self._young.get(digest)
        if said is None:
            said = self._old.get(digest)
            if said is not None:
                self.add(digest, said)
        return said

    def add(self, digest: bytes, said: Said) -> None:
        if len(self._young) >= self._half:
            self._old, self._young = self._young, {}
        self._young[digest] = said

    def __len__(self) -> int:
        return len(self._young.keys() | self._old.keys())


class VerifiedUnderKeys(Generic[Said]):
    """What verified under the keys of this moment.

    What verified under other keys is forgotten with them.

    :param size: as for :class:`VerifiedTokens`.
    """

    __slots__ = ("_of_keys", "_size")

    def __init__(self, size: int) -> None:
        self._size = size
        self._of_keys: tuple[object, VerifiedTokens[Said]] | None = None

    def under(self, keys: object) -> VerifiedTokens[Said]:
        """Give the memory that belongs to these keys.

        :param keys: another object once the keys are others.
        """
        there = self._of_keys
        if there is None or there[0] is not keys:
            there = self._of_keys = (keys, VerifiedTokens(self._size))
        return there[1]
