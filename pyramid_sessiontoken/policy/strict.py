"""Requests for which the repository itself is asked about sessions."""

from __future__ import annotations

from typing import Any

from pyramid.httpexceptions import HTTPForbidden

from ..errors import Ended, WrongAccessToken
from ..events import STAMP
from .cross_site import SAFE_METHODS
from .endpoint import is_for_endpoint, is_handshake
from .security_policy import policy_of
from .stepup import require_policy

#: The codes of what was good once, and was ended.
_OVER = (Ended.code, STAMP, WrongAccessToken.code)


def is_unsafe(request: Any) -> bool:
    """Tell whether a request may change something: by its method (RFC 9110,
    section 9.2.1), as the handshake of a WebSocket, or because it is for the
    token endpoint or what stands below it.
    """
    return (
        request.method not in SAFE_METHODS
        or is_handshake(request)
        or is_for_endpoint(request)
    )


def check_now(request: Any) -> None:
    """Judge a request by what the repository itself says of its sessions.

    :raises HTTPForbidden: where a session was shown that was ended, and no
        other credential counts; and where another security policy is in use.
    """
    require_policy(request)
    judged = policy_of(request).authenticate_now(request)
    if judged.error is not None:
        raise judged.error
    refusal = judged.refusal
    if refusal is not None and refusal.code in _OVER:
        raise HTTPForbidden("The session was ended")
