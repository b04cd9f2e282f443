"""A bounded memory of verified tokens."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Generic, TypeVar

Content = TypeVar("Content")

#: How many tokens a process remembers: for headers, for cookies, and of the
#: repository, each.
REMEMBERED = 10_000

#: A longer token takes several places in a memory, one for each so many bytes
#: of its text. Its content takes far more memory than its text.
PLACE = 800


class VerifiedTokens(Generic[Content]):
    """Remember the content of verified tokens by a digest of their text.

    Under the same keys, the result of a verification never changes. So a
    memory belongs to one key ring. It never remembers whether the times of a
    token are valid.

    The memory has two halves, a young and an old one. A token that is used is
    put into the young half. When the young half is full it becomes the old
    one, and the tokens that are left in the previous old half are forgotten.
    To free thousands of them takes milliseconds, so each token that is added
    later frees as many as it takes places, and no request waits for more.

    No lock is needed: each step is one operation on a ``dict`` or a ``list``,
    and if two threads meet, a token may be forgotten, but nothing worse
    happens.

    :param size: the most tokens, two or more; fewer if some are long, see
        :data:`PLACE`.
    :param forgotten: what is to be freed.
    """

    __slots__ = ("_forgotten", "_half", "_old", "_taken", "_young")

    def __init__(
        self, size: int, forgotten: Iterable[dict[bytes, Content]] = ()
    ) -> None:
        self._half = size // 2
        self._young: dict[bytes, Content] = {}
        self._old: dict[bytes, Content] = {}
        # The places that were taken in the young half.
        self._taken = 0
        self._forgotten = list(forgotten)

    def successor(self) -> VerifiedTokens[Content]:
        """Give an empty memory of this size, for other keys. It frees what
        this one remembers.
        """
        forgotten = *self._forgotten, self._old, self._young
        return VerifiedTokens(2 * self._half, forgotten)

    def get(self, digest: bytes, length: int = 0) -> Content | None:
        """Give the content of a token; ``None`` if it is not remembered.

        :param length: of its text, as for :meth:`add`.
        """
        content = self._young.get(digest)
        if content is None:
            content = self._old.get(digest)
            if content is not None:
                self.add(digest, content, length)
        return content

    def add(self, digest: bytes, content: Content, length: int = 0) -> None:
        """Remember the content of a token.

        :param length: of its text.
        """
        if self._taken >= self._half:
            self._forgotten.append(self._old)
            self._old, self._young = self._young, {}
            self._taken = 0
        # Rounded up.
        places = -(-length // PLACE) or 1
        self._young[digest] = content
        self._taken += places
        if self._forgotten:
            self._free(places)

    def _free(self, most: int) -> None:
        forgotten = self._forgotten
        # It ends where nothing is left, or where another thread came first.
        with suppress(LookupError):
            for _ in range(most):
                while not forgotten[-1]:
                    forgotten.pop()
                forgotten[-1].popitem()
            # An empty dict keeps the memory of its table.
            while not forgotten[-1]:
                forgotten.pop()

    def __len__(self) -> int:
        return len(self._young.keys() | self._old.keys())


class VerifiedUnderKeys(Generic[Content]):
    """A memory for the keys of this moment: when the keys change, it is
    another one, and empty.

    :param size: as for :class:`VerifiedTokens`.
    """

    __slots__ = ("_of_keys", "_size")

    def __init__(self, size: int) -> None:
        self._size = size
        self._of_keys: tuple[object, VerifiedTokens[Content]] | None = None

    def under(self, keys: object) -> VerifiedTokens[Content]:
        """Give the memory that belongs to some keys.

        :param keys: another object as soon as the keys change.
        """
        current = self._of_keys
        if current is None or current[0] is not keys:
            if current is None:
                verified = VerifiedTokens[Content](self._size)
            else:
                verified = current[1].successor()
            current = self._of_keys = (keys, verified)
        return current[1]
