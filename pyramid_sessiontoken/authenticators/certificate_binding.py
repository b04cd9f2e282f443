"""Session tokens that work only with the client's certificate (RFC 8705,
section 3).
"""

from __future__ import annotations

from typing import Any

from ..errors import InvalidCredential
from ..interfaces import IAuthenticator
from .state import find_state

#: The authenticator that knows certificates.
CLIENT_CERTIFICATE = "client_certificate"


def require_certificate(request: Any, thumbprint: str) -> None:
    """Refuse a session token without the certificate that it is bound to.

    :raises InvalidCredential: where the request does not show it.
    """
    authenticator = request.registry.utilities.lookup(
        (), IAuthenticator, CLIENT_CERTIFICATE
    )
    thumbprint_of = getattr(authenticator, "thumbprint_of", None)
    if thumbprint_of is None:
        raise InvalidCredential(
            "it is bound to a certificate, and no authenticator here knows"
            " certificates"
        )
    state = find_state(request)
    if state is not None:
        state.vary += tuple(authenticator.vary)
    if thumbprint_of(request) != thumbprint:
        raise InvalidCredential(
            "the certificate that it is bound to is not shown"
        )
