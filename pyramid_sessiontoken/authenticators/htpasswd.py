"""Passwords in an Apache htpasswd file."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from pwdlib.hashers.bcrypt import BcryptHasher

from ..keys.followed_file import FollowedFile


class Htpasswd:
    """Check passwords against a file of ``user:hash`` lines.

    The file is read again when it changes; one that cannot be read then is
    said in the log, and the former content stands.

    :raises OSError: where the file cannot be read at the start.
    :raises ValueError: for a line that is no user and a bcrypt or argon2
        hash: MD5, SHA-1, crypt and plain text are no protection.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._hasher = PasswordHash((BcryptHasher(), Argon2Hasher()))
        self._file = FollowedFile(path, self._read)

    def __call__(self, username: str, password: str, request: Any) -> bool:
        hashes, stand_ins = self._file.content
        known = hashes.get(username)
        # An unknown user costs the same work as a wrong password. Also this
        # choice is work, so it is made for everybody.
        stand_in = _stand_in(username, stand_ins)
        compared = known or stand_in
        if compared is None:
            return False
        try:
            correct = self._hasher.verify(password, compared)
        except ValueError:
            # bcrypt: more than 72 bytes.
            return False
        return correct and known is not None

    def _read(self) -> tuple[dict[str, str], tuple[str, ...]]:
        """Give the hashes by user, and those that unknown users get."""
        with open(self._path, encoding="utf-8") as file:
            lines = [line.strip() for line in file]
        entries = {}
        for number, line in enumerate(lines, 1):
            if not line or line.startswith("#"):
                continue
            username, _, hashed = line.partition(":")
            if not any(h.identify(hashed) for h in self._hasher.hashers):
                raise ValueError(
                    f"line {number} has no bcrypt or argon2 hash"
                    " (make one with: htpasswd -B)"
                )
            entries[username] = hashed
        stand_ins = tuple(entries.values())
        if len({_cost(hashed) for hashed in stand_ins}) == 1:
            stand_ins = stand_ins[:1]
        return entries, stand_ins


def _stand_in(username: str, hashes: tuple[str, ...]) -> str | None:
    """Choose whose hash an unknown user has; ``None`` where there is none.

    Hashes of several costs take several times. So the choice is as it would
    be for a user of the file: the same for a name again and again, in every
    process, and no cost more often than in the file. Nobody without the
    hashes can foresee it, and a change of one leaves the most choices alone.
    """
    name = username.encode("utf-8", "surrogatepass")
    return max(
        hashes,
        key=lambda hashed: sha256(hashed.encode() + name).digest(),
        default=None,
    )


def _cost(hashed: str) -> str:
    """Give the part that says how slow a hash is."""
    parts = hashed.split("$")
    return parts[2] if parts[1].startswith("2") else "$".join(parts[1:4])
