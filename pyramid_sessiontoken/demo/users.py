"""The users of the demo: alice/alice, an administrator, and bob/bob."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

# Slow on purpose, like every hash of a password. A request with a session
# token does not need it. (Real applications use argon2, say with pwdlib.)
_COST = {"n": 2**14, "r": 8, "p": 1}


def _hash(username: str, password: str) -> bytes:
    return hashlib.scrypt(
        password.encode(), salt=f"demo:{username}".encode(), **_COST
    )


_PASSWORDS = {name: _hash(name, name) for name in ("alice", "bob")}
_ROLES = {"alice": ["admin", "user"], "bob": ["user"]}


def check_password(
    username: str, password: str, request: Any
) -> dict[str, Any] | None:
    """Give the claims of a user, or ``None`` for a wrong password."""
    # An unknown user must take as long as a wrong password.
    expected = _PASSWORDS.get(username, bytes(64))
    if not hmac.compare_digest(_hash(username, password), expected):
        return None
    return {"sub": username, "roles": _ROLES[username]}
