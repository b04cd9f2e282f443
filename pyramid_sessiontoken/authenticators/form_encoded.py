"""User names and passwords that OAuth 2 clients encode as a form does (RFC
6749, section 2.3.1), before they write them as Basic.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_plus

from ..errors import InvalidCredential, TooManyAttempts
from .basic import Check, has_control_characters
from .check import is_refused

_MALFORMED = re.compile(r"%(?![0-9A-Fa-f]{2})")


class FormEncoded:
    """Ask a check about the decoded pair; if that is refused, about the pair
    as it was sent: many clients encode nothing. Once, where both are the
    same or the pair cannot be decoded.

    It stands between the authenticator and its check, and is called alike.

    :param check: ``(username, password, request)``.
    :param is_encoded: tells at which requests clients encode.
    """

    def __init__(
        self, check: Check, is_encoded: Callable[[Any], bool]
    ) -> None:
        self._check = check
        self._is_encoded = is_encoded

    def __call__(self, username: str, password: str, request: Any) -> object:
        """Answer as the check does."""
        decoded = self._decoded(username, password, request)
        if decoded is not None:
            answer = self._ask_first(*decoded, request)
            if not is_refused(answer):
                # The name that was accepted, not the one that was sent.
                return decoded[0] if answer is True else answer
        return self._check(username, password, request)

    def names_counted(self, username: str, request: Any) -> tuple[str, ...]:
        """Give the names for which a failure counts."""
        decoded = self._decoded(username, "", request)
        return (username,) if decoded is None else (username, decoded[0])

    def _ask_first(self, username: str, password: str, request: Any) -> object:
        try:
            return self._check(username, password, request)
        except TooManyAttempts:
            raise
        except InvalidCredential:
            return None

    def _decoded(
        self, username: str, password: str, request: Any
    ) -> tuple[str, str] | None:
        """Give the decoded pair, ``None`` where it is the same or none."""
        if not {"%", "+"} & {*username, *password}:
            return None
        if not self._is_encoded(request):
            return None
        decoded = decode(username), decode(password)
        if None in decoded or decoded == (username, password):
            return None
        return decoded  # type: ignore[return-value]


def decode(text: str) -> str | None:
    """Decode a text; ``None`` where it is not encoded, or Basic could not
    carry it (RFC 7617, section 2).
    """
    if _MALFORMED.search(text) is not None:
        return None
    try:
        decoded = unquote_plus(text, errors="strict")
    except UnicodeDecodeError:
        return None
    return None if has_control_characters(decoded) else decoded
