"""Tell once what repeats with each request."""

from __future__ import annotations

from hashlib import sha256

#: So many things are remembered.
REMEMBERED = 10_000


class Once:
    """Remembers what was told, without keeping it.

    It may tell a thing again after many others, or where two threads meet.
    """

    def __init__(self, remembered: int = REMEMBERED) -> None:
        self._remembered = remembered
        self._told: dict[bytes, None] = {}

    def is_told(self, *texts: str) -> bool:
        """Tell whether this was asked before with the same texts."""
        digest = sha256()
        for text in texts:
            digest.update(text.encode("utf-8", "surrogatepass") + b"\0")
        key = digest.digest()
        if key in self._told:
            return True
        if len(self._told) >= self._remembered:
            self._told = {}
        self._told[key] = None
        return False
