"""Events, for subscribers such as ``@subscriber(SessionIssued)``.

``request`` is Pyramid's request, or ``None`` where a command of
``psessiontoken`` did it. ``identity`` is an :class:`.identity.Identity`,
``ticket`` is a :class:`.ticket.Ticket`, and ``authenticator`` is the name of
an authenticator.
"""

from __future__ import annotations

from collections import UserDict
from dataclasses import dataclass, field
from typing import Any

from .identity.identity import Identity
from .identity.ticket import Ticket
from .identity.userid import Userid
from .sessions.issued import IssuedToken


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


#: Why a session was ended: ``SessionEnded.reason``.
#: By sign-out: ``forget``, or ``DELETE`` at the token endpoint.
SIGNED_OUT = "signed_out"
#: By a new sign-in with the cookie.
REPLACED = "replaced"
#: Alone: ``request.sessiontoken.revoke``, ``/revoke``, the command line.
REVOKED = "revoked"
#: With all sessions of its user: ``revoke_all``, the command line.
REVOKED_ALL = "revoked_all"
#: By a later sign-in, over ``sessions.limit``.
EVICTED = "evicted"
#: By another stamp of its user.
STAMP = "stamp"
#: By the issuer of the token with which it began.
ISSUER = "issuer"


@dataclass(frozen=True)
class SessionIssued:
    """A session begins, or a user makes an access token: then
    ``authenticator`` is ``access_token``. ``issued`` is the first token, an
    :class:`.sessions.IssuedToken`. ``reason`` is the reason that was given
    for acting as another user, and otherwise ``None``.
    """

    request: Any
    identity: Identity
    ticket: Ticket
    authenticator: str
    issued: IssuedToken
    response_fields: ResponseFields = field(default_factory=ResponseFields)
    reason: str | None = None


@dataclass(frozen=True)
class SessionRenewed:
    """A session gets a new token. ``ticket`` is the new ticket."""

    request: Any
    identity: Identity
    ticket: Ticket


@dataclass(frozen=True)
class SessionEnded:
    """A session or an access token was ended before its time, or all sessions
    or access tokens of a user were. What expires sends no event.

    ``identity`` and ``ticket`` are ``None`` where the session is not at hand.
    ``reason`` is one of ``signed_out``, ``replaced``, ``revoked``,
    ``revoked_all``, ``evicted``, ``stamp`` and ``issuer``. ``sid`` is the
    session; ``None`` where several were ended together. ``userid`` is its
    user, if known. ``actor`` is the userid of the user who ended it: the user
    behind the session, where one user acts for another; ``None`` where no user
    did. ``authenticator`` is the one that accepted the token of the session,
    if one did.
    """

    request: Any
    identity: Identity | None
    ticket: Ticket | None
    reason: str
    sid: str | None = None
    userid: Userid | None = None
    actor: Userid | None = None
    authenticator: str | None = None


@dataclass(frozen=True)
class CredentialRefused:
    """The authenticator refused a credential. ``code`` is of the list in
    :mod:`.errors`, and ``reason`` is its sentence. ``ticket`` is that of a
    token that is genuine, and has expired or was ended; else ``None``.
    """

    request: Any
    authenticator: str
    reason: str
    code: str
    ticket: Ticket | None = None


@dataclass(frozen=True)
class CredentialThrottled:
    """The client tried too often, and gets 429. No ``CredentialRefused`` is
    sent then. ``retry_after`` is in seconds.
    """

    request: Any
    authenticator: str
    retry_after: int
