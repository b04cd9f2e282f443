"""``{token.path}/jwks``: the keys with which others verify header tokens."""

from __future__ import annotations

from typing import Any

from ..policy.security_policy import policy_of
from .oauth import OAuthError, answer

#: Caches may keep the keys for 120 seconds. A new key signs 300 seconds after
#: it is published, see ``file_ring.PROPAGATION``.
CACHED = "public, max-age=120"

_OK = 200


def jwks(context: Any, request: Any) -> Any:
    """Answer with a JWK Set (RFC 7517, section 5), or 404 where the keys are
    secrets.
    """
    # Before the answer, so that what the answer adds stays.
    request.add_response_callback(_depend_on_nothing)
    response = answer(request, {"GET": _publish, "HEAD": _publish})
    if response.status_code == _OK:
        response.headers["Cache-Control"] = CACHED
        del response.headers["Pragma"]
    return response


def _publish(request: Any) -> dict[str, Any]:
    public_keys = policy_of(request).rules.public_keys
    if public_keys is None:
        raise OAuthError(404, "not_found", "No keys are published here")
    return public_keys()


def _depend_on_nothing(request: Any, response: Any) -> None:
    """The answer is the same for all, also where something asked who the user
    is before the view.
    """
    if response.headers.get("Cache-Control") == CACHED:
        response.vary = None
