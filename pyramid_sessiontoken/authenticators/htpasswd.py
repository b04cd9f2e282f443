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

    The file is read again when it changes. If it cannot be read then, the log
    says so, and the former content stays in use.

    :raises OSError: where the file cannot be read at the start.
    :raises ValueError: for a line without a bcrypt or argon2 hash: MD5, SHA-1,
        crypt and plain text do not protect passwords.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._hasher = PasswordHash((BcryptHasher(), Argon2Hasher()))
        self._file = FollowedFile(path, self._read)

    def __call__(self, username: str, password: str, request: Any) -> bool:
        hashes, stand_ins = self._file.content
        known = hashes.get(username)
        # An unknown user must take as long as a wrong password. The choice of
        # a stand-in takes time, too, so it is made for known users as well.
        stand_in = _stand_in(username, stand_ins)
        compared = known or stand_in
        if compared is None:
            return False
        try:
            correct = self._hasher.verify(password, compared)
        except ValueError:
            # bcrypt refuses more than 72 bytes.
            return False
        return correct and known is not None

    def _read(self) -> tuple[dict[str, str], tuple[str, ...]]:
        """Give the hash of each user, and the hashes for unknown users."""
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
    """Choose the hash with which the password of an unknown user is compared;
    ``None`` where the file has no users.

    Hashes of different costs take different times. So a name always gets the
    same hash, in every process, and each cost is chosen as often as users of
    the file have it. Only a person who knows the hashes can tell the choice
    in advance. If one hash changes, most names keep theirs.
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
