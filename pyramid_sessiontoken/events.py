"""What subscribers are told, say by ``@subscriber(SessionIssued)``.

``request`` is Pyramid's, ``identity`` an :class:`.identity.Identity`,
``ticket`` a :class:`.ticket.Ticket`, ``authenticator`` the name of one.
"""

from __future__ import annotations

from collections import UserDict
from dataclasses import dataclass, field
from typing import Any


class ResponseFields(UserDict[str, Any]):
    """More names for the JSON of the token endpoint.

    A name that is there already, be it the endpoint's or another
    subscriber's, raises :class:`KeyError`: nothing is overwritten in silence.
    """

    OWN = frozenset(
        (
            "access_token",
            "token_type",
            "expires_in",
            "session_expires_in",
            "error",
            "error_description",
        )
    )

    def __setitem__(self, name: str, value: Any) -> None:
        if name in self.OWN or name in self.data:
            raise KeyError(f"the response has a field {name!r} already")
        self.data[name] = value

    def __ior__(self, other: Any) -> Any:  # type: ignore[misc]
        self.update(other)
        return self


@dataclass(frozen=True)
class SessionIssued:
    """A session begins; ``issued`` is its first token, an
    :class:`.sessions.IssuedToken`.
    """

    request: Any
    identity: Any
    ticket: Any
    authenticator: str
    issued: Any
    response_fields: ResponseFields = field(default_factory=ResponseFields)


@dataclass(frozen=True)
class SessionRenewed:
    """A session goes on with a new token (``ticket``)."""

    request: Any
    identity: Any
    ticket: Any


@dataclass(frozen=True)
class CredentialRefused:
    """A credential was shown to ``authenticator`` and refused."""

    request: Any
    authenticator: str
    reason: str


@dataclass(frozen=True)
class SessionEnded:
    """A session is over before its time: the user signed out, or revoked its
    token. What the application itself ends, it knows.
    """

    request: Any
    identity: Any
    ticket: Any
