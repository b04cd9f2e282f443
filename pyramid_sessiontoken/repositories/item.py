"""What a ``TokenItem`` may hold, and how a repository writes its time."""

from __future__ import annotations

import math
import re
from datetime import datetime

from ..errors import SessionTokenError
from ..interfaces import TokenItem

#: The longest subject, characters.
MAX_SUBJECT = 300

_KEY = re.compile("[A-Za-z0-9_:.-]{1,200}")


def is_key(text: str) -> bool:
    """Tell whether an item can have this key."""
    return _KEY.fullmatch(text) is not None


def check_item(item: TokenItem) -> None:
    """Refuse an item that a repository need not keep.

    :raises SessionTokenError: for its key, or for a longer subject.
    """
    if not is_key(item.key):
        raise SessionTokenError(
            "the key of a TokenItem must have 1 to 200 characters, which are"
            " ASCII letters, digits, '-', '_', ':' and '.'"
        )
    if item.subject is not None and len(item.subject) > MAX_SUBJECT:
        raise SessionTokenError(
            "the subject of a TokenItem must have at most"
            f" {MAX_SUBJECT} characters"
        )


def seconds_of(date: datetime) -> int:
    """Give whole seconds since the epoch."""
    return math.floor(date.timestamp())
