"""Events, for subscribers such as ``@subscriber(SessionIssued)``.

``request`` is Pyramid's request, ``identity`` is an
:class:`.identity.Identity`, ``ticket`` is a :class:`.ticket.Ticket`, and
``authenticator`` is the name of an authenticator.
"""

from __future__ import annotations

from collections import UserDict
from dataclasses import dataclass, field
from typing import Any


class ResponseFields(UserDict[str, Any]):
    """More fields for the JSON of the token endpoint.

    A name that the endpoint or another subscriber has set raises
    :class:`KeyError`, so that no field is overwritten.
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
            raise KeyError(f"the response already has a field {name!r}")
        self.data[name] = value

    def __ior__(self, other: Any) -> Any:  # type: ignore[misc]
        self.update(other)
        return self


@dataclass(frozen=True)
class SessionIssued:
    """A session begins. ``issued`` is its first token, an
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
    """A session gets a new token. ``ticket`` is the new ticket."""

    request: Any
    identity: Any
    ticket: Any


@dataclass(frozen=True)
class CredentialRefused:
    """The authenticator refused a credential."""

    request: Any
    authenticator: str
    reason: str


@dataclass(frozen=True)
class SessionEnded:
    """A session was ended early by its user: by sign-out, by a new sign-in, or
    at the token endpoint. A session that the application itself revokes sends
    no event.
    """

    request: Any
    identity: Any
    ticket: Any
