"""What several operations of the token endpoint share in OpenAPI."""

from __future__ import annotations

from typing import Any

_SECONDS = {"type": "integer", "minimum": 0}
_TEXT = {"type": "string"}


def _object(required: str, **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "required": required.split(),
        "properties": properties,
    }


SCHEMAS = {
    # RFC 6749, section 5.2.
    "Error": _object(
        "error error_description", error=_TEXT, error_description=_TEXT
    ),
    "Refused": _object("error", error=_TEXT),
    "Token": _object(
        "access_token token_type expires_in session_expires_in",
        access_token=_TEXT,
        token_type=_TEXT,
        expires_in=_SECONDS,
        session_expires_in=_SECONDS,
    ),
    "Status": _object(
        "active",
        active={"type": "boolean"},
        sub=_TEXT,
        expires_in=_SECONDS,
        session_expires_in=_SECONDS,
        renews_in={"type": ["integer", "null"]},
        auth_time={"type": "integer"},
        amr={"type": "array", "items": _TEXT},
        actor=_TEXT,
    ),
    # RFC 7662, section 2.2.
    "Introspection": _object("active", active={"type": "boolean"}),
    # RFC 7517, section 5.
    "Keys": _object(
        "keys", keys={"type": "array", "items": {"type": "object"}}
    ),
    # RFC 9728, section 2.
    "Metadata": _object(
        "resource authorization_servers bearer_methods_supported",
        resource=_TEXT,
        authorization_servers={"type": "array", "items": _TEXT},
        scopes_supported={"type": "array", "items": _TEXT},
        bearer_methods_supported={"type": "array", "items": _TEXT},
    ),
}


def json_of(name: str) -> dict[str, Any]:
    """Describe a body of JSON by the name of its schema."""
    schema = {"$ref": f"#/components/schemas/{name}"}
    return {"application/json": {"schema": schema}}


def _error(description: str, *headers: str) -> dict[str, Any]:
    told = {name: {"schema": _TEXT} for name in headers}
    return {
        "description": description,
        **({"headers": told} if told else {}),
        "content": json_of("Error"),
    }


#: The answers that are no success, by the names under which they are kept.
RESPONSES = {
    "BadRequest": _error(
        "The form is malformed, or asks for what is not there"
    ),
    "Unauthorized": _error(
        "No credential counts here, or it was refused", "WWW-Authenticate"
    ),
    "Forbidden": _error(
        "The request came over plain HTTP, or the user has too many sessions"
    ),
    "TooLarge": _error("The body is too large"),
    "UnsupportedBody": _error("The body is no form"),
    "TooManyAttempts": _error("Too many attempts failed", "Retry-After"),
    "Unavailable": _error("A backend cannot be asked just now", "Retry-After"),
}

_NAMES = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    413: "TooLarge",
    415: "UnsupportedBody",
    429: "TooManyAttempts",
    503: "Unavailable",
}


def errors(*codes: int) -> dict[str, Any]:
    """Refer to the answers with some status codes."""
    return {
        str(code): {"$ref": f"#/components/responses/{_NAMES[code]}"}
        for code in codes
    }
