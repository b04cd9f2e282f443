"""Session tokens that work only with the client's certificate (RFC 8705,
section 3).
"""

from __future__ import annotations

from typing import Any

from ..errors import InvalidCredential
from ..interfaces import IAuthenticator
from .names import CLIENT_CERTIFICATE
from .state import find_state


def require_certificate(request: Any, thumbprint: str) -> None:
    """Refuse a session token without the certificate to which it is bound.

    :raises InvalidCredential: where the request does not show it.
    """
    authenticator = request.registry.utilities.lookup(
        (), IAuthenticator, CLIENT_CERTIFICATE
    )
    thumbprint_of = getattr(authenticator, "thumbprint_of", None)
    if thumbprint_of is None:
        raise InvalidCredential(
            "it is bound to a certificate (cnf), and"
            f" sessiontoken.authenticators has no {CLIENT_CERTIFICATE!r} that"
            " reads certificates"
        )
    state = find_state(request)
    if state is not None:
        state.vary += tuple(authenticator.vary)
    if thumbprint_of(request) != thumbprint:
        raise InvalidCredential(
            "the request does not show the certificate to which it is bound"
            " (cnf)"
        )
