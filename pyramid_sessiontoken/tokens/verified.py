"""A bounded memory of verified tokens."""

from __future__ import annotations

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
    one, and the tokens in the previous old half are forgotten. No lock is
    needed: each step is one operation on a ``dict``, and if two threads meet,
    a token may be forgotten, but nothing worse happens.

    :param size: the most tokens, two or more; fewer if some are long, see
        :data:`PLACE`.
    """

    __slots__ = ("_half", "_long", "_more", "_old", "_old_long", "_young")

    def __init__(self, size: int) -> None:
        self._half = size // 2
        self._young: dict[bytes, Content] = {}
        self._old: dict[bytes, Content] = {}
        # The lengths of long tokens, and the places that those in the young
        # half take besides their own.
        self._long: dict[bytes, int] = {}
        self._old_long: dict[bytes, int] = {}
        self._more = 0

    def get(self, digest: bytes) -> Content | None:
        content = self._young.get(digest)
        if content is None:
            content = self._old.get(digest)
            if content is not None:
                self.add(digest, content, self._old_long.get(digest, 0))
        return content

    def add(self, digest: bytes, content: Content, length: int = 0) -> None:
        """Remember the content of a token.

        :param length: of its text.
        """
        if len(self._young) + self._more >= self._half:
            self._old, self._young = self._young, {}
            self._old_long, self._long = self._long, {}
            self._more = 0
        self._young[digest] = content
        if length > PLACE:
            self._long[digest] = length
            self._more += length // PLACE

    def __len__(self) -> int:
        return len(self._young.keys() | self._old.keys())


class VerifiedUnderKeys(Generic[Content]):
    """A memory for the keys of this moment: when the keys change, it is
    emptied.

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
            current = self._of_keys = (keys, VerifiedTokens(self._size))
        return current[1]
