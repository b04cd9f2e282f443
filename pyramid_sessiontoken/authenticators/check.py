"""What the check of an application may answer, and what it means."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping
from typing import Any

from ..errors import ClaimsError, InvalidClaims, Rejected, UnfitAnswer
from ..identity.claims import freeze_claims
from ..identity.identity import Identity

log = logging.getLogger("pyramid_sessiontoken")


def is_refused(answer: object) -> bool:
    """Tell whether a check refused: only ``None`` and the object ``False`` do,
    for 0 is a userid.
    """
    return answer is None or answer is False


def identity_of(
    answer: object, authenticator: str, shown: Any = None
) -> Identity:
    """Turn the answer of a check into an identity.

    :param answer: the object ``True``: the user is the one that was shown.
        A mapping: claims, with the userid as ``sub``; without ``sub`` it
        names no user. Anything else: the userid.
    :param shown: the user that was shown.
    :raises InvalidCredential: where the check refused, and for a userid that
        no token can carry.
    :raises UnfitAnswer: for claims that no token can carry.
    """
    if is_refused(answer):
        raise Rejected("the check refused it")
    claims: dict[str, Any] = {}
    userid: Any = shown
    if isinstance(answer, Mapping):
        claims = dict(answer)
        userid = claims.pop("sub", None)
    elif answer is not True:
        userid = answer
    try:
        frozen = freeze_claims(claims)
    except ClaimsError as error:
        raise UnfitAnswer(f"the check of {authenticator!r}: {error}") from None
    try:
        return Identity(userid, frozen, authenticator)
    except ClaimsError as error:
        if not isinstance(userid, (int, uuid.UUID, str)):
            # No credential can cause this, only the check itself. A list of
            # groups is the answer for BasicAuthAuthenticationPolicy.
            log.error(
                "the check of %r: %s; return True for the user who was shown,"
                " or claims",
                authenticator,
                error,
            )
        raise InvalidClaims(str(error)) from None
