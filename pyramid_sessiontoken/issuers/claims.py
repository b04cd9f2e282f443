"""The claims of another issuer to a userid and claims of our own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import ClaimsError, InvalidCredential
from ..identity.claims import RESERVED
from ..identity.identity import Identity

#: The most bytes of userid and claims together, as JSON: a session token must
#: be able to contain them.
MAX_TAKEN = 4500

_BRACED = re.compile(r"\{([^{}]+)\}")


@dataclass(frozen=True, slots=True)
class Template:
    """A template that makes a userid of claims.

    :ivar text: contains the names of claims in braces: ``{iss}#{sub}``.
    """

    text: str

    def __post_init__(self) -> None:
        """:raises ValueError: for braces that do not match, or no braces."""
        without, count = _BRACED.subn("", self.text)
        if "{" in without or "}" in without:
            raise ValueError("its braces do not match")
        if not count:
            raise ValueError("it has no claim in braces, such as {sub}")

    def fill(self, claims: Mapping[str, Any]) -> str:
        """:raises InvalidCredential: if a claim is missing."""
        return _BRACED.sub(lambda match: _text(claims, match[1]), self.text)


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    # Not isinstance, which accepts True.
    if type(value) is int or (type(value) is str and value):
        return str(value)
    raise InvalidCredential(
        f"its {name!r} is missing, or is not a text or a number"
    )


@dataclass(frozen=True, slots=True)
class ClaimsMapping:
    """Which claims of a token are taken over, and under which names.

    :ivar userid: the template of the userid.
    :ivar names: the names of our claims by those of the token's claims.
    """

    userid: Template
    names: Mapping[str, str]

    def identity(self, claims: Mapping[str, Any], name: str) -> Identity:
        """Make the identity of a token.

        :param name: of the authenticator.
        :raises InvalidCredential: for a userid or claims that a session token
            cannot carry.
        """
        userid = self.userid.fill(claims)
        taken = {
            ours: claims[theirs]
            for theirs, ours in self.names.items()
            if theirs in claims
        }
        try:
            identity = Identity(userid, taken, name)
        except ClaimsError as error:
            raise InvalidCredential(str(error)) from None
        if len(json.dumps([userid, taken])) > MAX_TAKEN:
            raise InvalidCredential(
                f"its userid and claims have more than {MAX_TAKEN} bytes"
            )
        return identity


def read_names(items: Iterable[str]) -> dict[str, str]:
    """Read ``email groups=roles``: our names by those of the token's claims.

    :raises ValueError: for one of our names that is reserved or comes twice.
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
        if theirs in names or ours in names.values():
            raise ValueError(f"{item!r} names a claim that is named already")
        names[theirs] = ours
    return names
