"""What an application's own check may answer, and what it means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import ClaimsError, InvalidCredential
from ..identity.identity import Identity


def identity_of(
    answer: object, authenticator: str, shown: Any = None
) -> Identity:
    """Turn the answer of a check into an identity.

    :param answer: the object ``True`` vouches for the name that was shown;
        a userid; or a mapping of claims with ``sub`` as the userid
        (without: claims only).
    :raises InvalidCredential: for ``None`` and the object ``False``, and
        for a userid or claims that no token can carry.
    """
    if answer is None or answer is False:
        raise InvalidCredential("the check refused it")
    claims: dict[str, Any] = {}
    userid: Any = shown
    if isinstance(answer, Mapping):
        claims = dict(answer)
        userid = claims.pop("sub", None)
    elif answer is not True:
        # Whatever it is, it names the user, or is refused as a userid.
        userid = answer
    try:
        return Identity(userid, claims, authenticator)
    except ClaimsError as error:
        raise InvalidCredential(str(error)) from None
