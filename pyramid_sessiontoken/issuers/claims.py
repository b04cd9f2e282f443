"""The claims of another issuer to a userid and claims of our own."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from ..errors import ClaimsError, InvalidClaims
from ..identity.claims import RESERVED
from ..identity.identity import Identity

log = logging.getLogger("pyramid_sessiontoken")

#: The most bytes of userid and claims together, as JSON, where a session token
#: must be able to contain them.
MAX_TAKEN = 4500

#: Claims that are lists of names. Some issuers write one name as a text.
_LISTS = ("roles", "groups")

#: The claim of another issuer that is never taken over: who acts for the user
#: (RFC 8693, section 4.1).
_ACTOR = "act"

_ISSUER = "iss"

#: Given for a claim that is missing.
ABSENT: Any = object()

_BRACED = re.compile(r"\{([^{}]+)\}")


def find_claim(claims: Mapping[str, Any], name: str) -> Any:
    """Give a claim; ``ABSENT`` if it is missing.

    A claim with exactly this name counts first. Otherwise the name is a path
    with dots. Names of claims may contain dots, too: the longest name counts
    under which the rest of the path is found.
    """
    if name in claims:
        return claims[name]
    end = name.rfind(".")
    while end > 0:
        inside = claims.get(name[:end])
        if type(inside) is dict:
            found = find_claim(inside, name[end + 1 :])
            if found is not ABSENT:
                return found
        end = name.rfind(".", 0, end)
    return ABSENT


@dataclass(frozen=True, slots=True)
class Template:
    """A template that makes a userid of claims. Different claims make
    different userids.

    :ivar text: contains the names of claims in braces: ``{iss}#{sub}``.
    """

    text: str
    #: The names of the claims, each with the text behind it.
    _parts: tuple[tuple[str, str], ...] = field(init=False, repr=False)
    _start: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """:raises ValueError: for braces that do not match, for no braces, and
        for claims without a text between them.
        """
        start, *rest = _BRACED.split(self.text)
        parts = tuple(zip(rest[::2], rest[1::2], strict=True))
        if any("{" in text or "}" in text for text in (start, *rest[1::2])):
            raise ValueError("its braces do not match")
        if not parts:
            raise ValueError("it has no claim in braces, such as {sub}")
        for (one, text), (other, _) in pairwise(parts):
            # The issuer is the same text in all tokens.
            if not text and one != other and _ISSUER not in (one, other):
                raise ValueError(
                    f"there is no text between {{{one}}} and {{{other}}}, so"
                    " two users could get the same userid"
                )
        object.__setattr__(self, "_start", start)
        object.__setattr__(self, "_parts", parts)

    def fill(self, claims: Mapping[str, Any]) -> str:
        """Make the userid.

        Read from the left, every claim but the last one ends where the text
        behind it comes for the first time. So the userid tells what each claim
        was, and two users get the same userid only if their claims are equal.

        :raises InvalidCredential: if a claim is missing, or contains the text
            that separates it from the next one.
        """
        filled = [self._start]
        # Name and value of a claim, and the text behind it. The issuer is part
        # of that text. A claim that comes twice in a row is one value.
        ends: list[tuple[str, str, str]] = [("", "", self._start)]
        for name, text in self._parts:
            value = _text(claims, name)
            filled += (value, text)
            last, before, behind = ends[-1]
            if name == _ISSUER:
                ends[-1] = (last, before, behind + value + text)
            elif name == last and not behind:
                ends[-1] = (name, before + value, text)
            else:
                ends.append((name, value, text))
        for name, value, behind in ends[:-1]:
            if (value + behind).find(behind) < len(value):
                raise InvalidClaims(
                    f"its {name!r} contains {behind!r}, which separates the"
                    " claims in the userid"
                )
        return "".join(filled)


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = find_claim(claims, name)
    # Not isinstance, which accepts True.
    if type(value) is int or (type(value) is str and value):
        return str(value)
    raise InvalidClaims(
        f"its {name!r} is missing, or is not a text or a number"
    )


@dataclass(frozen=True, slots=True)
class ClaimsMapping:
    """Which claims of a token are taken over, and under which names.

    :ivar userid: the template of the userid.
    :ivar names: the names of our claims by those of the token's claims; see
        :func:`find_claim`.
    :ivar limit: the most bytes of userid and claims, as JSON; ``None`` for no
        limit.
    """

    userid: Template
    names: Mapping[str, str]
    limit: int | None = MAX_TAKEN
    _missing: set[str] = field(default_factory=set, init=False, compare=False)

    def identity(self, claims: Mapping[str, Any], name: str) -> Identity:
        """Make the identity of a token.

        :param name: of the authenticator.
        :raises InvalidCredential: for a userid or claims that a session token
            cannot carry.
        """
        userid = self.userid.fill(claims)
        taken = {}
        for theirs, ours in self.names.items():
            value = find_claim(claims, theirs)
            if value is ABSENT:
                self._warn_of_missing(theirs, name)
            elif ours in _LISTS and type(value) is str:
                taken[ours] = [value]
            else:
                taken[ours] = value
        try:
            identity = Identity(userid, taken, name)
        except ClaimsError as error:
            raise InvalidClaims(str(error)) from None
        limit = self.limit
        if limit is not None and len(json.dumps([userid, taken])) > limit:
            raise InvalidClaims(
                f"its userid and claims have more than {limit} bytes"
            )
        return identity

    def _warn_of_missing(self, theirs: str, name: str) -> None:
        """Warn once for each claim: its name may be misspelt."""
        if theirs not in self._missing:
            self._missing.add(theirs)
            log.warning(
                "sessiontoken.%s.claims: a token has no claim %r (this warning"
                " comes once)",
                name,
                theirs,
            )


def read_names(items: Iterable[str]) -> dict[str, str]:
    """Read ``email groups=roles realm_access.roles=roles``: our names by those
    of the token's claims.

    :raises ValueError: for one of our names that is reserved or comes twice,
        for a name with dots without one of our names, and for ``act``.
    """
    names: dict[str, str] = {}
    for item in items:
        # The name of a claim may be a URL that contains "=".
        theirs, _, ours = item.rpartition("=")
        theirs = theirs or ours
        if not ours or item.startswith("="):
            raise ValueError(f"{item!r} lacks a name")
        if ours in RESERVED:
            raise ValueError(f"{ours!r} is one of the token's own names")
        if theirs.partition(".")[0] == _ACTOR:
            raise ValueError(
                f"{theirs!r} says who acts for the user, and is never taken"
                " over from another issuer"
            )
        if theirs == item and "." in theirs:
            raise ValueError(
                f"{item!r} has a dot and needs a name of ours, such as"
                f" {item}={theirs.rpartition('.')[2] or 'name'}"
            )
        if theirs in names or ours in names.values():
            raise ValueError(f"{item!r} names a claim that is named already")
        names[theirs] = ours
    return names
