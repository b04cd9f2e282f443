"""What can go wrong, told apart by whose fault it is.

The deployer's faults stop the start with Pyramid's own
``ConfigurationError``; everything here happens while requests are served.
"""

from __future__ import annotations

from typing import Any

#: The one reason that clients are told (RFC 6750, section 3.1).
REASON_EXPIRED = "the token expired"

#: A reference that points nowhere, or a token of a session that was ended.
REASON_ENDED = "its session ended, or never was"


class SessionTokenError(Exception):
    """Base of all errors of this library, and the application's own fault
    where it is raised itself: the library was asked for what it cannot do.
    """


class InvalidCredential(SessionTokenError):
    """The client's fault: a credential was shown, and it is refused.

    ``reason`` (``str``) is for the log and for ``request.sessiontoken``; the
    client never sees it, and it never contains the credential. ``ticket`` is
    the session that a token spoke of which is genuine and has expired.
    """

    def __init__(self, reason: str, ticket: Any = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.ticket = ticket


class Undecodable(InvalidCredential):
    """A cookie that nobody can read any more: tampered with, cut, mixed, or
    of a lost key. It has no use, and is deleted.
    """


class TooManyAttempts(InvalidCredential):
    """The client's fault: it guesses. What it shows is not looked at, and
    the answer is 429.

    ``retry_after`` (``int``) is in seconds, at least 1.
    """

    def __init__(self, reason: str, retry_after: int) -> None:
        super().__init__(reason)
        self.retry_after = max(1, retry_after)


class RepositoryUnavailable(SessionTokenError):
    """The backend's fault: what would decide cannot be asked just now."""


class ClaimsError(SessionTokenError, ValueError):
    """The application's fault: a userid or claims that no token can carry."""


class UnfitAnswer(ClaimsError):
    """The application's fault: its check answered with claims that no token
    can carry. The credential was good, so it is not refused.
    """
