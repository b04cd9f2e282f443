"""What people paste: a bare value, a header line, a cookie, several lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

#: Names of header lines; in lower case.
AUTHORIZATION = "authorization"
COOKIE = "cookie"
SET_COOKIE = "set-cookie"

# RFC 9110, section 5.1. A token of ours has no colon.
_LINE = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*)")

# RFC 6265, section 4.1.1: a name, and a value that is not only padding.
_PAIR = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+=[^=;].*")

# RFC 9110, section 11.4.
_CREDENTIAL = re.compile(r"[A-Za-z][!#$%&'*+.^_`|~0-9A-Za-z-]* +\S.*")


class Pasted(NamedTuple):
    """One thing that was pasted.

    :ivar header: where it stood, in lower case; empty for a bare value.
    """

    header: str
    text: str


def read_pasted(text: str) -> Iterator[Pasted]:
    """Tell apart what was pasted, each line by itself."""
    for line in text.splitlines() or [""]:
        stripped = line.strip().strip("\"'").strip()
        if stripped or len(text.splitlines()) < 2:  # noqa: PLR2004
            yield _read_line(stripped)


def _read_line(line: str) -> Pasted:
    found = _LINE.fullmatch(line)
    if found is not None:
        name, value = found[1].lower(), found[2].strip()
        if name == SET_COOKIE:
            return Pasted(COOKIE, value.partition(";")[0])
        return Pasted(name, value)
    if _CREDENTIAL.fullmatch(line) and "=" not in line.partition(" ")[0]:
        return Pasted(AUTHORIZATION, line)
    if _PAIR.fullmatch(line):
        return Pasted(COOKIE, line)
    return Pasted("", line)
