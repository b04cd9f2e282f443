"""Passwords in an Apache htpasswd file."""

from __future__ import annotations

import logging
import os
import threading
from typing import Any

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from pwdlib.hashers.bcrypt import BcryptHasher

log = logging.getLogger("pyramid_sessiontoken")


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
        self._lock = threading.Lock()
        self._hasher = PasswordHash((BcryptHasher(), Argon2Hasher()))
        self._stamp = self._stat()
        self._hashes = self._read()

    def __call__(self, username: str, password: str, request: Any) -> bool:
        self._refresh()
        hashes = self._hashes
        known = hashes.get(username)
        # An unknown user costs the same work as a wrong password.
        compared = known or next(iter(hashes.values()), None)
        if compared is None:
            return False
        try:
            correct = self._hasher.verify(password, compared)
        except ValueError:
            # bcrypt: more than 72 bytes.
            return False
        return correct and known is not None

    def _refresh(self) -> None:
        with self._lock:
            try:
                stamp = self._stat()
                if stamp != self._stamp:
                    self._stamp = stamp
                    self._hashes = self._read()
            except (OSError, ValueError) as error:
                log.error(
                    "%s cannot be read, its former content stands: %s",
                    self._path,
                    error,
                )

    def _stat(self) -> tuple[int, int, int]:
        found = os.stat(self._path)
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _read(self) -> dict[str, str]:
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
        if len({_cost(hashed) for hashed in entries.values()}) > 1:
            log.warning(
                "%s has hashes of several costs: by the time that an answer"
                " takes, guessers can tell which users there are",
                self._path,
            )
        return entries


def _cost(hashed: str) -> str:
    """Give the part that says how slow a hash is."""
    parts = hashed.split("$")
    return parts[2] if parts[1].startswith("2") else "$".join(parts[1:4])
