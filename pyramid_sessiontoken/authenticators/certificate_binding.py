"""Session tokens that work only with the client's certificate (RFC 8705,
section 3).
"""

from __future__ import annotations

from typing import Any

from ..errors import InvalidCredential, OtherCertificate
from ..interfaces import IAuthenticator
from .names import CLIENT_CERTIFICATE
from .state import find_state


def require_certificate(request: Any, thumbprint: str) -> None:
    """Refuse a session token without the certificate to which it is bound.

    :raises InvalidCredential: where the request does not show it.
    """
    readers = [
        authenticator
        for _, authenticator in request.registry.getUtilitiesFor(
            IAuthenticator
        )
        if hasattr(authenticator, "thumbprint_of")
    ]
    if not readers:
        raise OtherCertificate(
            "it is bound to a certificate (cnf), and"
            f" sessiontoken.authenticators has no {CLIENT_CERTIFICATE!r} that"
            " reads certificates"
        )
    state = find_state(request)
    refused: InvalidCredential | None = None
    for reader in readers:
        if state is not None:
            state.vary += tuple(reader.vary)
        try:
            if reader.thumbprint_of(request) == thumbprint:
                return
        except InvalidCredential as error:
            refused = error
    if refused is not None:
        raise InvalidCredential(refused.reason, code=refused.code)
    raise OtherCertificate(
        "the request does not show the certificate to which it is bound (cnf)"
    )
