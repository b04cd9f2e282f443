"""Which authenticator judges a credential under the scheme ``Bearer``.

The token tells who is asked. It does not tell whom to believe: the one that
is asked verifies it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any

from ..errors import InvalidCredential, Malformed, WrongIssuer
from ..interfaces import IAuthenticator
from ..tokens.jwt import COMPACT, MAX_READ, decode_segment
from ..tokens.payload import read_object
from .schemes import credential_of
from .state import find_state


class ShownBearer:
    """A credential that was shown under the scheme ``Bearer``.

    :ivar text: the credential.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._claims: dict[str, Any] | None = None

    @property
    def claims(self) -> dict[str, Any]:
        """The claims, without a check of the signature; empty where the text
        is no JWT.
        """
        if self._claims is None:
            self._claims = _peek(self.text)
        return self._claims


#: Tells whether an authenticator takes a credential for its own.
Takes = Callable[[ShownBearer], bool]


class BearerScheme:
    """The authenticators whose credentials come under the scheme ``Bearer``.
    Each credential is judged by one of them.
    """

    def __init__(self) -> None:
        self._takers: dict[str, Takes] = {}

    def add(self, name: str, takes: Takes) -> None:
        """Add an authenticator. One that was added earlier takes first."""
        self._takers[name] = takes

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._takers)

    def shown_to(self, name: str, request: Any) -> str | None:
        """Give the credential that an authenticator is to judge; ``None`` if
        none was shown to it.

        :raises InvalidCredential: as :meth:`is_for` does.
        """
        value = request.environ.get("HTTP_AUTHORIZATION")
        shown = credential_of(value, "Bearer") if value else None
        if shown is None or not self.is_for(name, request, shown):
            return None
        return shown

    def is_for(self, name: str, request: Any, text: str) -> bool:
        """Tell whether an authenticator is to judge a credential. If not, the
        credential counts as not shown to it.

        :raises InvalidCredential: to the last authenticator that is asked in
            the request, if none of them takes the credential for its own.
        """
        state = find_state(request)
        asked = () if state is None else state.asked
        names = [n for n in asked or self._takers if n in self._takers]
        if name not in names:
            # It is asked alone, by a part that needs to know the session.
            names.append(name)
        shown = ShownBearer(text)
        for each, takes in self._takers.items():
            if each in names and takes(shown):
                return each == name
        if name != names[-1] or _has_own(request, asked, self._takers):
            return False
        if shown.claims:
            raise WrongIssuer(
                "its 'iss' is not the issuer in the settings, or its audience"
                " is another one"
            )
        raise Malformed("it is no token of a kind that is accepted here")


def _has_own(
    request: Any, asked: Iterable[str], known: Collection[str]
) -> bool:
    """Tell whether one of those that are asked is the application's own, and
    comes under the scheme ``Bearer``: it may take anything.
    """
    for name in asked:
        if name not in known:
            own = request.registry.queryUtility(IAuthenticator, name)
            if str(getattr(own, "scheme", None)).lower() == "bearer":
                return True
    return False


def _peek(text: str) -> dict[str, Any]:
    if len(text) > MAX_READ or COMPACT.fullmatch(text) is None:
        return {}
    try:
        return read_object(decode_segment(text.split(".")[1]))
    except InvalidCredential:
        return {}
