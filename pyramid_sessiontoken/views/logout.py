"""``logout_path``: here an issuer says that it signed a user out (OpenID
Connect Back-Channel Logout 1.0, section 2.5).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from .. import clock
from ..errors import InvalidCredential
from ..events import ISSUER
from ..policy.ending import tell
from ..policy.security_policy import policy_of
from .oauth import OAuthError, answer, invalid_request, read_pairs

log = logging.getLogger("pyramid_sessiontoken")

_FIELD = "logout_token"


def logout_view(name: str) -> Callable[[Any, Any], Any]:
    """Make the view of an issuer.

    :param name: of the authenticator that accepts its tokens.
    """

    def logout(context: Any, request: Any) -> Any:
        """Answer POST: end what the issuer ended."""
        verbs = {"POST": partial(_end, name=name)}
        return answer(request, verbs, empty=200, is_for_pages=False)

    return logout


def _end(request: Any, name: str) -> None:
    rules = policy_of(request).rules
    tokens = rules.logouts[name]
    # Where there is no such thing, the start fails.
    signouts: Any = rules.signouts
    try:
        pairs = read_pairs(request)
    except OAuthError as error:
        if error.status != 400:  # noqa: PLR2004
            raise
        raise _refused(name, "its body cannot be read as a form") from None
    texts = [text for field, text in pairs if field == _FIELD]
    if len(texts) != 1:
        raise _refused(name, f"{len(texts)} fields {_FIELD!r} came, not one")
    now = clock.now(request.registry)
    try:
        sign_out = tokens.read(texts[0], now)
    except InvalidCredential as error:
        raise _refused(name, error.reason) from None
    signouts.end(sign_out)
    userid = tokens.userid_of(sign_out)
    log.info("%s: the issuer signed out %r", name, userid)
    tell(request, ISSUER, userid=userid, authenticator=name)


def _refused(name: str, reason: str) -> OAuthError:
    log.info("%s: a logout token is refused: %s", name, reason)
    error = invalid_request("")
    # Section 2.8. The client learns no reason.
    error.body = {"error": "invalid_request"}
    return error
