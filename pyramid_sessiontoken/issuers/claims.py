"""From the claims of another issuer to a userid and claims of ours."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from ..errors import ClaimsError, InvalidCredential
from ..identity.claims import RESERVED
from ..identity.identity import Identity

log = logging.getLogger("pyramid_sessiontoken")

#: Userid and claims together are no longer, as JSON, bytes, where a session
#: token has to hold them.
MAX_TAKEN = 4500

#: Claims that are lists of names. Some issuers write one name as a text.
_LISTS = ("roles", "groups")

#: The claim of another issuer that is never taken over (RFC 8693, section
#: 4.1): nobody acts for another here because an issuer says so.
_ACTOR = "act"

_ISSUER = "iss"

_BRACED = re.compile(r"\{([^{}]+)\}")

#: Given for a claim that is not there.
ABSENT: Any = object()


def find_claim(claims: Mapping[str, Any], name: str) -> Any:
    """Give a claim, ``ABSENT`` where it is not there.

    A name that is there as it stands wins; else it is split at its dots: the
    longest name of an object counts in which the rest is found.
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
    """A userid made of claims. Different claims make different userids.

    :ivar text: with the names of claims in braces: ``{iss}#{sub}``.
    """

    text: str
    #: The names of claims, each with the text behind it.
    _parts: tuple[tuple[str, str], ...] = field(init=False, repr=False)
    _start: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """:raises ValueError: for braces that do not match, or none, and for
        claims that nothing separates.
        """
        start, *rest = _BRACED.split(self.text)
        parts = tuple(zip(rest[::2], rest[1::2], strict=True))
        if any("{" in text or "}" in text for text in (start, *rest[1::2])):
            raise ValueError("its braces do not match")
        if not parts:
            raise ValueError("it names no claim in braces, say {sub}")
        for (one, text), (other, _) in pairwise(parts):
            # The issuer is the same text in all tokens.
            if not text and one != other and _ISSUER not in (one, other):
                raise ValueError(
                    f"nothing stands between {{{one}}} and {{{other}}}: two"
                    " users could have one userid"
                )
        object.__setattr__(self, "_start", start)
        object.__setattr__(self, "_parts", parts)

    def fill(self, claims: Mapping[str, Any]) -> str:
        """Make the userid.

        Read from the left, each claim but the last ends where the text behind
        it comes for the first time. So two users have one userid only where
        all these claims are equal.

        :raises InvalidCredential: where a claim is lacking, or has the text
            that separates it from the next one.
        """
        filled = [self._start]
        # Name and value of a claim, and the text behind it. The issuer is
        # such a text, and a claim that stands twice in a row is one value.
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
                raise InvalidCredential(
                    f"its {name!r} contains {behind!r}, which stands behind it"
                    " in the userid"
                )
        return "".join(filled)


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = find_claim(claims, name)
    # Not isinstance: True is no number.
    if type(value) is int or (type(value) is str and value):
        return str(value)
    raise InvalidCredential(f"it has no text or number {name!r}")


@dataclass(frozen=True, slots=True)
class Mapped:
    """What is taken over from a token.

    :ivar userid: its template.
    :ivar names: of ours, by those of the token; see :func:`find_claim`.
    :ivar limit: the most bytes of userid and claims, as JSON; ``None`` where
        no token has to hold them.
    """

    userid: Template
    names: Mapping[str, str]
    limit: int | None = MAX_TAKEN
    _lacked: set[str] = field(default_factory=set, init=False, compare=False)

    def identity(self, claims: Mapping[str, Any], name: str) -> Identity:
        """Give who a token vouches for.

        :param name: of the authenticator.
        :raises InvalidCredential: for a userid or claims that no token of
            ours can carry.
        """
        userid = self.userid.fill(claims)
        taken = {}
        for theirs, ours in self.names.items():
            value = find_claim(claims, theirs)
            if value is ABSENT:
                self._tell_lacking(theirs, name)
            elif ours in _LISTS and type(value) is str:
                taken[ours] = [value]
            else:
                taken[ours] = value
        try:
            identity = Identity(userid, taken, name)
        except ClaimsError as error:
            raise InvalidCredential(str(error)) from None
        limit = self.limit
        if limit is not None and len(json.dumps([userid, taken])) > limit:
            raise InvalidCredential(
                f"its userid and claims have more than {limit} bytes"
            )
        return identity

    def _tell_lacking(self, theirs: str, name: str) -> None:
        """Say once that tokens lack a claim: it may be misspelt."""
        if theirs not in self._lacked:
            self._lacked.add(theirs)
            log.warning(
                "sessiontoken.%s.claims: a token has no claim %r; this is said"
                " once",
                name,
                theirs,
            )


def read_names(items: Iterable[str]) -> dict[str, str]:
    """Read ``email groups=roles realm_access.roles=roles``: ours, by those of
    the token.

    :raises ValueError: for a name of ours that is reserved or comes twice,
        for a name with dots that gets no name of ours, and for the actor of
        another issuer.
    """
    names: dict[str, str] = {}
    for item in items:
        # The name of a claim may be a URL with an "=" in it.
        theirs, _, ours = item.rpartition("=")
        theirs = theirs or ours
        if not ours or item.startswith("="):
            raise ValueError(f"{item!r} lacks a name")
        if ours in RESERVED:
            raise ValueError(f"{ours!r} is one of the token's own names")
        if theirs.partition(".")[0] == _ACTOR:
            raise ValueError(
                f"{theirs!r}: who acts for whom is not taken over from"
                " another issuer"
            )
        if theirs == item and "." in theirs:
            raise ValueError(
                f"{item!r} has a dot: name the claim that it becomes, say"
                f" {item}={theirs.rpartition('.')[2] or 'name'}"
            )
        if theirs in names or ours in names.values():
            raise ValueError(f"{item!r} names a claim that is named already")
        names[theirs] = ours
    return names
