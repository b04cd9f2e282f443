"""From the claims of another issuer to a userid and claims of ours."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import ClaimsError, InvalidCredential
from ..identity.claims import RESERVED
from ..identity.identity import Identity

#: Userid and claims together are no longer, as JSON, bytes: a session token
#: has to hold them.
MAX_TAKEN = 4500

_BRACED = re.compile(r"\{([^{}]+)\}")


@dataclass(frozen=True, slots=True)
class Template:
    """A userid made of claims.

    :ivar text: with the names of claims in braces: ``{iss}#{sub}``.
    """

    text: str

    def __post_init__(self) -> None:
        """:raises ValueError: for braces that do not match, or none."""
        without, count = _BRACED.subn("", self.text)
        if "{" in without or "}" in without:
            raise ValueError("its braces do not match")
        if not count:
            raise ValueError("it names no claim in braces, say {sub}")

    def fill(self, claims: Mapping[str, Any]) -> str:
        """:raises InvalidCredential: where a claim is lacking."""
        return _BRACED.sub(lambda match: _text(claims, match[1]), self.text)


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    # Not isinstance: True is no number.
    if type(value) is int or (type(value) is str and value):
        return str(value)
    raise InvalidCredential(f"it has no text or number {name!r}")


@dataclass(frozen=True, slots=True)
class Mapped:
    """What is taken over from a token.

    :ivar userid: its template.
    :ivar names: of ours, by those of the token.
    """

    userid: Template
    names: Mapping[str, str]

    def identity(self, claims: Mapping[str, Any], name: str) -> Identity:
        """Give who a token vouches for.

        :param name: of the authenticator.
        :raises InvalidCredential: for a userid or claims that no token of
            ours can carry.
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
    """Read ``email groups=roles``: ours, by those of the token.

    :raises ValueError: for a name of ours that is reserved or comes twice.
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
        if theirs in names or ours in names.values():
            raise ValueError(f"{item!r} names a claim that is named already")
        names[theirs] = ours
    return names
