"""What a userid may be, and how a token writes it."""

from __future__ import annotations

import re
import uuid
from contextlib import suppress

from ..errors import ClaimsError

Userid = int | uuid.UUID | str

#: Principals that only the library gives begin with one of these.
RESERVED_PREFIXES = ("system.", "role:", "group:", "scope:")

MAX_LENGTH = 255

# Control characters (Unicode category Cc), and surrogates, which UTF-8 cannot
# write.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def check_userid(userid: object) -> Userid:
    """Give a userid back that a token can carry and that cannot be mistaken
    for a principal.

    :raises ClaimsError: for any other value.
    """
    if isinstance(userid, str):
        _check_text(userid)
    elif isinstance(userid, bool) or not isinstance(userid, (int, uuid.UUID)):
        raise ClaimsError(
            "a userid must be an int, a uuid.UUID or a text, not"
            f" {type(userid).__name__}"
        )
    elif isinstance(userid, int) and abs(userid) >= 10 ** (MAX_LENGTH - 1):
        raise ClaimsError(f"a userid must have less than {MAX_LENGTH} digits")
    return userid


def _check_text(userid: str) -> None:
    if not 1 <= len(userid) <= MAX_LENGTH:
        raise ClaimsError(f"a userid must have 1 to {MAX_LENGTH} characters")
    # Almost every userid is printable, and then has none of these.
    if not userid.isprintable() and _UNPRINTABLE.search(userid):
        raise ClaimsError(
            "a userid must not contain control characters or surrogates"
        )
    if userid.startswith(RESERVED_PREFIXES):
        begins = next(p for p in RESERVED_PREFIXES if userid.startswith(p))
        raise ClaimsError(f"a userid must not begin with {begins!r}")


def to_subject(userid: Userid) -> tuple[str, str]:
    """Give the text of a userid and the name of its type: ``str``, ``int``
    or ``uuid``.
    """
    # A subclass, such as an enum, may define another __str__.
    if isinstance(userid, str):
        return str.__str__(userid), "str"
    if isinstance(userid, int):
        return str(int(userid)), "int"
    return str(userid), "uuid"


def from_subject(text: str, kind: str) -> Userid:
    """Read what :func:`to_subject` wrote.

    :raises ValueError: for anything else.
    """
    userid: Userid
    if kind == "str":
        return check_userid(text)
    if kind == "int":
        userid = int(text)
    elif kind == "uuid":
        userid = uuid.UUID(text)
    else:
        raise ValueError(f"{kind!r} is not a type of userid")
    if str(userid) != text:
        raise ValueError(
            f"{text!r} is not how a userid of type {kind} is written"
        )
    return check_userid(userid)


def readings(text: str) -> list[Userid]:
    """Give the userids of any type that are written as a text, first the text
    itself.
    """
    found: list[Userid] = []
    for kind in ("str", "int", "uuid"):
        with suppress(ValueError):
            found.append(from_subject(text, kind))
    return found


def subject_of(userid: Userid) -> str:
    """Name a user in a repository: ``str:alice``, ``int:42``, ``uuid:...``."""
    text, kind = to_subject(userid)
    return f"{kind}:{text}"
