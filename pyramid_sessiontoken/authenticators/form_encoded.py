"""User names and passwords that OAuth 2 clients encode as a form does (RFC
6749, section 2.3.1), before they write them as Basic.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_plus

from .passwords import Pair, has_control_characters

_MALFORMED = re.compile(r"%(?![0-9A-Fa-f]{2})")


def spellings(
    pair: Pair, request: Any, is_encoded: Callable[[Any], bool]
) -> list[Pair]:
    """Give the pairs that a client may mean: the decoded one, then the one
    that it sent, for many clients encode nothing. Only the latter, where both
    are the same or it cannot be decoded.

    :param is_encoded: tells at which requests clients encode.
    """
    username, password = pair
    if not {"%", "+"} & {*username, *password} or not is_encoded(request):
        return [pair]
    decoded = decode(username), decode(password)
    if None in decoded or decoded == pair:
        return [pair]
    return [decoded, pair]  # type: ignore[list-item]


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
