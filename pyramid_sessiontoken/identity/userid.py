"""Whom a token names: an ``int``, a ``uuid.UUID`` or a text."""

from __future__ import annotations

import re
import uuid

from ..errors import ClaimsError

Userid = int | uuid.UUID | str

#: Principals that only the library hands out begin so.
RESERVED_PREFIXES = ("system.", "role:", "group:", "scope:")

MAX_LENGTH = 255

# Control characters (Unicode category Cc), and surrogates, which no UTF-8
# text can hold.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def check_userid(userid: object) -> Userid:
    """Refuse a userid that could be mistaken, or cannot be written.

    :raises ClaimsError: naming what is wrong.
    """
    if isinstance(userid, bool) or not isinstance(
        userid, (int, uuid.UUID, str)
    ):
        raise ClaimsError(
            "a userid is an int, a uuid.UUID or a text, not"
            f" {type(userid).__name__}"
        )
    if isinstance(userid, int) and abs(userid) >= 10 ** (MAX_LENGTH - 1):
        raise ClaimsError(f"a userid has at most {MAX_LENGTH} digits")
    if isinstance(userid, str):
        _check_text(userid)
    return userid


def _check_text(userid: str) -> None:
    if not 1 <= len(userid) <= MAX_LENGTH:
        raise ClaimsError(f"a userid has 1 to {MAX_LENGTH} characters")
    if _UNPRINTABLE.search(userid):
        raise ClaimsError("a userid has no control characters")
    if userid.startswith(RESERVED_PREFIXES):
        begins = next(p for p in RESERVED_PREFIXES if userid.startswith(p))
        raise ClaimsError(f"a userid does not begin with {begins!r}")


def to_subject(userid: Userid) -> tuple[str, str]:
    """Give the text of a userid and the name of its type: ``str``, ``int``
    or ``uuid``.
    """
    # The plain value, also of a subclass that prints itself otherwise.
    if isinstance(userid, str):
        return str.__str__(userid), "str"
    if isinstance(userid, int):
        return str(int(userid)), "int"
    return str(userid), "uuid"


def from_subject(text: str, kind: str) -> Userid:
    """Turn :func:`to_subject` round.

    :raises ValueError: for what it cannot have written.
    """
    userid: Userid
    if kind == "str":
        userid = text
    elif kind == "int":
        userid = int(text)
    elif kind == "uuid":
        userid = uuid.UUID(text)
    else:
        raise ValueError(f"no such type of userid: {kind!r}")
    if str(userid) != text:
        raise ValueError(f"not how {kind} is written: {text!r}")
    return check_userid(userid)


def subject_of(userid: Userid) -> str:
    """Write whose a session is: ``str:alice``, ``int:42``, ``uuid:...``."""
    text, kind = to_subject(userid)
    return f"{kind}:{text}"
