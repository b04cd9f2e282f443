"""Errors while requests are served, one class for each cause.

Wrong settings stop the start of the application instead, with Pyramid's
``ConfigurationError``.
"""

from __future__ import annotations

from typing import Any

#: The only reason that clients are told (RFC 6750, section 3.1).
REASON_EXPIRED = "the token expired"

#: For a reference that points to no session, and for a token of a session that
#: was ended.
REASON_ENDED = "its session was ended, or does not exist"


class SessionTokenError(Exception):
    """Base class of all errors here. Where this class itself is raised, the
    application asked for something that its settings do not allow.
    """


class InvalidCredential(SessionTokenError):
    """A credential is refused. The cause is the client.

    ``reason`` (``str``) is for the log and for ``request.sessiontoken``. The
    client never sees it, and it never contains the credential. ``ticket`` is
    the ticket of a genuine token that has expired, and otherwise ``None``.
    """

    def __init__(self, reason: str, ticket: Any = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.ticket = ticket


class Undecodable(InvalidCredential):
    """A cookie cannot be read: it was altered or cut, or its key is lost.
    The response deletes such a cookie.
    """


class TooManyAttempts(InvalidCredential):
    """Too many passwords were wrong, so this one was not checked. The cause is
    the client, and it gets 429.

    ``retry_after`` (``int``) is in seconds, at least 1.
    """

    def __init__(self, reason: str, retry_after: int) -> None:
        super().__init__(reason)
        self.retry_after = max(1, retry_after)


class RepositoryUnavailable(SessionTokenError):
    """A storage does not answer, so a credential cannot be checked. The
    client gets 503.
    """


class ClaimsError(SessionTokenError, ValueError):
    """The userid or the claims cannot be written into a token. The cause is
    the application.
    """


class UnfitAnswer(ClaimsError):
    """The check of the application answered with claims that cannot be written
    into a token. The credential was good, so it is not refused.
    """
