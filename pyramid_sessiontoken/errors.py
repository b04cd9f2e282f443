"""Errors while requests are served, one class for each cause.

Wrong settings stop the start of the application instead, with Pyramid's
``ConfigurationError``.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

#: The only reason that clients are told (RFC 6750, section 3.1).
REASON_EXPIRED = "the token expired"

#: For a reference that points to no session, and for a token of a session that
#: was ended.
REASON_ENDED = "its session was ended, or does not exist"


#: The code of each reason for which a credential is refused, and what it
#: means. The list is fixed: a code never comes from a client.
CODES: Mapping[str, str] = MappingProxyType(
    {
        "malformed": "it is not written as its specification says",
        "undecodable": "the cookie was altered or cut, or its key is lost",
        "unknown_key": "it was signed or encrypted with a key that is not"
        " known here",
        "wrong_signature": "its signature is wrong, or its record was altered",
        "wrong_issuer": "it is a token of another issuer",
        "wrong_audience": "it is a token for another audience",
        "wrong_type": "it is a token of a kind that is not accepted",
        "expired": "the token expired",
        "ended": "its session was ended, or does not exist",
        "not_yet_valid": "it is from the future: compare the clocks",
        "wrong_password": "the user is unknown, or the password is wrong",
        "wrong_api_key": "the API key is unknown",
        "wrong_access_token": "the access token is unknown, or was revoked",
        "invalid_claims": "its userid or its claims cannot be taken",
        "untrusted_proxy": "the header came from no trusted proxy",
        "bad_certificate": "the certificate is not one that is accepted",
        "other_certificate": "the session is bound to another certificate",
        "cross_site": "another site made the browser send it",
        "another_user": "another credential names another user",
        "user_gone": "the user loader does not know the user",
        "stamp": "the stamp of the user is another one",
        "session_limit": "the user has as many sessions as are allowed",
        "throttled": "too many attempts failed",
        "tls_required": "the request came over plain HTTP",
        "repository_unavailable": "the repository could not be asked",
        "keys_unavailable": "the keys of the issuer could not be fetched",
        "throttle_unavailable": "the failures could not be counted",
        "application_error": "code of the application failed",
        "rejected": "the check of the application refused it",
        "refused": "the application refused it, without a code",
    }
)


class SessionTokenError(Exception):
    """Base class of all errors here. Where this class itself is raised, the
    application asked for something that its settings do not allow.
    """


class InvalidCredential(SessionTokenError):
    """A credential is refused. The cause is the client.

    ``reason`` (``str``) is for the log and for ``request.sessiontoken``. The
    client never sees it, and it never contains the credential. ``code``
    (``str``) is the kind of the reason, for audit and metrics: one of
    :data:`.errors.CODES`. ``ticket`` is the ticket of a genuine token that has
    expired, and otherwise ``None``.

    :raises ValueError: for a code that is not in :data:`.errors.CODES`.
    """

    code = "refused"

    # For the log alone: the user or the session of a genuine token, and
    # whether the same was told already.
    about: Any = None
    is_told = False

    def __init__(
        self,
        reason: str,
        ticket: Any = None,
        *,
        code: str | None = None,
        about: Any = None,
        is_told: bool = False,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.ticket = ticket
        self.about = about
        self.is_told = is_told
        if code is not None:
            if code not in CODES:
                raise ValueError(
                    f"{code!r} is not one of pyramid_sessiontoken.errors.CODES"
                )
            self.code = code


# The library raises one of the classes below, whose code says the cause.


class Malformed(InvalidCredential):
    """It is not written as its specification says."""

    code = "malformed"


class Undecodable(InvalidCredential):
    """A cookie cannot be read: it was altered or cut, or its key is lost.
    The response deletes such a cookie.
    """

    code = "undecodable"


class UnknownKey(InvalidCredential):
    """No known key made it."""

    code = "unknown_key"


class WrongSignature(InvalidCredential):
    """It was altered."""

    code = "wrong_signature"


class WrongIssuer(InvalidCredential):
    """Another issuer made it."""

    code = "wrong_issuer"


class WrongAudience(InvalidCredential):
    """It is for another audience."""

    code = "wrong_audience"


class WrongType(InvalidCredential):
    """It is a token of a kind that is not accepted."""

    code = "wrong_type"


class Expired(InvalidCredential):
    """Its time is over."""

    code = "expired"


class Ended(InvalidCredential):
    """Its session was ended, or does not exist."""

    code = "ended"


class NotYetValid(InvalidCredential):
    """Its time has not come."""

    code = "not_yet_valid"


class WrongPassword(InvalidCredential):
    """The user is unknown, or the password is wrong."""

    code = "wrong_password"


class WrongApiKey(InvalidCredential):
    """The API key is unknown."""

    code = "wrong_api_key"


class WrongAccessToken(InvalidCredential):
    """The access token is unknown, or was revoked."""

    code = "wrong_access_token"


class Rejected(InvalidCredential):
    """The check of the application refused it."""

    code = "rejected"


class InvalidClaims(InvalidCredential):
    """Its userid or its claims cannot be taken."""

    code = "invalid_claims"


class UntrustedProxy(InvalidCredential):
    """A header came from a peer that is no trusted proxy."""

    code = "untrusted_proxy"


class BadCertificate(InvalidCredential):
    """The certificate may not stand for a client here."""

    code = "bad_certificate"


class OtherCertificate(InvalidCredential):
    """The session is bound to another certificate."""

    code = "other_certificate"


class TooManyAttempts(InvalidCredential):
    """Too many passwords were wrong, so this one was not checked; or too many
    keys of this address were refused, and this one, too. The cause is the
    client, and it gets 429.

    ``retry_after`` (``int``) is in seconds, at least 1.
    """

    code = "throttled"

    def __init__(self, reason: str, retry_after: int) -> None:
        super().__init__(reason)
        self.retry_after = max(1, retry_after)


class RepositoryUnavailable(SessionTokenError):
    """A storage does not answer, so a credential cannot be checked. The
    client gets 503.
    """

    code = "repository_unavailable"


class KeysUnavailable(RepositoryUnavailable):
    """The keys of another issuer cannot be fetched."""

    code = "keys_unavailable"


class ThrottleUnavailable(RepositoryUnavailable):
    """Failures cannot be counted, so no password is checked."""

    code = "throttle_unavailable"


class SessionLimitReached(SessionTokenError):
    """The user has as many sessions as ``sessiontoken.sessions.limit``
    allows, and ``sessiontoken.sessions.over_limit`` is ``refuse``. The client
    gets 403. ``code`` is one of :data:`CODES`.
    """

    code = "session_limit"


class ClaimsError(SessionTokenError, ValueError):
    """The userid or the claims cannot be written into a token. The cause is
    the application.
    """


class UnfitAnswer(ClaimsError):
    """The check of the application answered with claims that cannot be written
    into a token. The credential was good, so it is not refused.
    """
