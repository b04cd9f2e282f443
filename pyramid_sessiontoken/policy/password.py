"""A password that a form of the application asked for."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from ..authenticators.basic import require_pair
from ..authenticators.log_line import log_line
from ..authenticators.passwords import Passwords
from ..authenticators.state import Refusal
from ..authenticators.throttle import BASIC
from ..errors import (
    ClaimsError,
    InvalidClaims,
    InvalidCredential,
    SessionTokenError,
    UnfitAnswer,
)
from ..identity.identity import Identity
from .answers import repository_or_503, require_tls, too_many
from .judge import notify_refusals
from .state import PolicyState

log = logging.getLogger("pyramid_sessiontoken")


def check_password(
    request: Any,
    state: PolicyState,
    username: object,
    password: object,
    authenticator: str,
) -> Identity | None:
    """Check a password as the authenticator does that is named; ``None`` if it
    is refused. The user of the request stays the same.

    :raises SessionTokenError: where no setting says how to check it.
    :raises HTTPForbidden: over plain HTTP.
    :raises HTTPTooManyRequests: where too many passwords failed.
    :raises HTTPServiceUnavailable: where the failures cannot be counted.
    """
    passwords = _find(state.rules.passwords, authenticator)
    if passwords is None:
        raise SessionTokenError(
            f"no password is checked for {authenticator!r}: set"
            f" sessiontoken.{authenticator}.check, or .htpasswd"
        )
    require_tls(request, state.rules)
    with repository_or_503(request):
        answer = _ask(request, passwords, username, password)
    if isinstance(answer, Identity):
        if answer.userid is not None:
            return answer
        log.info("%s: the check names no user", authenticator)
        return None
    line = log_line(
        answer, answer.code, address=state.address_of(request.environ)
    )
    log.info("%s", line)
    state.untold += (answer,)
    # While a request is judged, subscribers cannot ask who the user is. They
    # are told when it is judged.
    if not state.is_judging:
        notify_refusals(request, state)
    error = too_many(answer)
    if error is not None:
        raise error
    return None


def _find(
    passwords: Mapping[str, Passwords], authenticator: str
) -> Passwords | None:
    """Give what checks the passwords of an authenticator. ``basic`` also means
    the only one, under whatever name.
    """
    if authenticator == BASIC and len(passwords) == 1:
        [only] = passwords.values()
        return only
    return passwords.get(authenticator)


def _ask(
    request: Any, passwords: Passwords, username: object, password: object
) -> Identity | Refusal:
    try:
        pair = require_pair(username, password)
        return passwords.identity_of(request, [pair])
    except UnfitAnswer:
        raise
    except (InvalidCredential, ClaimsError) as error:
        return Refusal(
            passwords.name,
            str(error),
            getattr(error, "retry_after", None),
            code=getattr(error, "code", InvalidClaims.code),
        )
