"""The operations of the library's own routes in OpenAPI: one function for each
route.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ..authenticators.chain import find_authenticator, is_explicit
from ..config.routes import BELOW, JAVASCRIPT, METADATA, Route
from ..config.settings import Settings
from ..policy.endpoint import TOKEN
from ..policy.form import FORM
from ..policy.rules import Rules
from .openapi_parts import errors, json_of


@dataclass(frozen=True, slots=True)
class Served:
    """What is served.

    :ivar schemes: of the authenticators that can be described, by name.
    """

    request: Any
    settings: Settings
    rules: Rules
    schemes: dict[str, Any]

    def operation(
        self,
        what: str,
        name: str,
        names: Iterable[str] | None,
        answers: dict[str, Any],
        *codes: int,
    ) -> dict[str, Any]:
        """Describe an operation.

        :param name: is unique.
        :param names: of the authenticators that count; ``None``: no credential
            is looked at.
        :param answers: those that are a success.
        :param codes: of the other answers.
        """
        kept = [code for code in codes if self._may_answer(code)]
        return {
            "summary": what,
            "operationId": name,
            "tags": ["session tokens"],
            "security": [] if names is None else self._security(names),
            "responses": {**answers, **errors(*sorted(kept))},
        }

    def _security(self, names: Iterable[str]) -> list[dict[str, list[str]]]:
        found: list[dict[str, list[str]]] = [
            {name: []} for name in names if name in self.schemes
        ]
        return [*found, *_one_without_words(names, self.schemes)]

    def _may_answer(self, code: int) -> bool:
        if code == 403:  # noqa: PLR2004
            limit = self.settings.sessions.over_limit == "refuse"
            return self.rules.require_tls or limit
        if code == 429:  # noqa: PLR2004
            return self.settings.throttle.attempts is not None
        return True


def _one_without_words(
    names: Iterable[str], schemes: dict[str, Any]
) -> list[dict[str, list[str]]]:
    """Give the requirement of nothing, where an authenticator takes what
    OpenAPI has no words for.
    """
    return [] if set(names) <= schemes.keys() else [{}]


def _ok(description: str, schema: str) -> dict[str, Any]:
    return {"200": {"description": description, "content": json_of(schema)}}


def _form(*required: str, **properties: Any) -> dict[str, Any]:
    schema = {
        "type": "object",
        "properties": properties,
        # A parameter comes at most once (RFC 6749, section 3.2).
        "additionalProperties": {"type": "string"},
        **({"required": [*required]} if required else {}),
    }
    return {"required": bool(required), "content": {FORM: {"schema": schema}}}


_TOKEN_FORM = _form(
    "token",
    token={"type": "string", "minLength": 1},
    token_type_hint={"type": "string"},
)


def _token(served: Served) -> dict[str, Any]:
    rules = served.rules
    explicit = [
        name
        for name in rules.exchange
        if is_explicit(find_authenticator(served.request, name))
    ]
    done = _ok("A session token", "Token")
    described = {
        "post": {
            **served.operation(
                "Swap a credential for a session token, or renew one",
                "issueToken",
                rules.exchange,
                done,
                *(400, 401, 403, 413, 415, 429, 503),
            ),
            "requestBody": _form(grant_type={"const": "client_credentials"}),
        },
        "get": served.operation(
            "The same, for credentials in headers alone",
            "getToken",
            explicit,
            done,
            *(400, 401, 403, 429, 503),
        ),
    }
    if rules.stored is not None:
        described["delete"] = served.operation(
            "End the session",
            "endSession",
            rules.carriers,
            {"204": {"description": "The session has ended"}},
            *(401, 403, 429, 503),
        )
    return described


def _status(served: Served) -> dict[str, Any]:
    operation = served.operation(
        "Tell how long the session lasts; never renews it",
        "getStatus",
        served.rules.carriers,
        _ok("The session; active is false where there is none", "Status"),
        *(403, 429, 503),
    )
    # Without a session it says so.
    operation["security"].append({})
    return {"get": operation}


def _renew(served: Served) -> dict[str, Any]:
    token, status = (json_of(name) for name in ("Token", "Status"))
    schemas = [
        body["application/json"]["schema"]
        for body, name in ((token, "session"), (status, "cookie"))
        if name in served.rules.carriers
    ]
    # Where no session counts, the answer is always 401.
    schema = {"anyOf": schemas} if schemas else {"type": "object"}
    content = {"application/json": {"schema": schema}}
    return {
        "post": served.operation(
            "Renew the session, due or not",
            "renewSession",
            served.rules.carriers,
            {
                "200": {
                    "description": "A token, or the status of the cookie",
                    "content": content,
                }
            },
            *(400, 401, 403, 429, 503),
        )
    }


def _introspect(served: Served) -> dict[str, Any]:
    return _about_token(
        served,
        "Ask what a token says (RFC 7662)",
        "introspectToken",
        _ok("What it says", "Introspection"),
    )


def _revoke(served: Served) -> dict[str, Any]:
    empty = {"application/json": {"schema": {"type": "object"}}}
    return _about_token(
        served,
        "End the session of a token (RFC 7009)",
        "revokeToken",
        {"200": {"description": "It has ended", "content": empty}},
    )


def _about_token(
    served: Served, what: str, name: str, answers: dict[str, Any]
) -> dict[str, Any]:
    operation = served.operation(
        what,
        name,
        served.rules.names,
        answers,
        *(400, 401, 403, 413, 415, 429, 503),
    )
    return {"post": {**operation, "requestBody": _TOKEN_FORM}}


def _jwks(served: Served) -> dict[str, Any]:
    if served.rules.public_keys is None:
        return {}
    return {
        "get": served.operation(
            "The keys with which others verify session tokens (RFC 7517)",
            "getKeys",
            None,
            _ok("The keys", "Keys"),
            *(403, 503),
        )
    }


def _metadata(served: Served) -> dict[str, Any]:
    return {
        "get": served.operation(
            "Tell whose tokens this API takes (RFC 9728)",
            "getMetadata",
            None,
            _ok("The metadata", "Metadata"),
            403,
        )
    }


def _logout(served: Served, name: str) -> dict[str, Any]:
    """Describe the path of an issuer's sign-outs.

    :param name: of the authenticator.
    """
    operation = served.operation(
        f"The issuer of {name} tells of a sign-out (OpenID Connect"
        " Back-Channel Logout 1.0)",
        f"issuerSignOut_{name}",
        None,
        {
            "200": {"description": "What it ended has ended"},
            "400": {
                "description": "The logout token is refused",
                "content": json_of("Refused"),
            },
        },
        *(403, 413, 415, 503),
    )
    return {"post": {**operation, "requestBody": _LOGOUT_FORM}}


_LOGOUT_FORM = {
    "required": True,
    "content": {
        FORM: {
            "schema": {
                "type": "object",
                "required": ["logout_token"],
                "properties": {"logout_token": {"type": "string"}},
            }
        }
    },
}


def operations_of(served: Served, route: Route) -> dict[str, Any]:
    """Describe a route; nothing where its path would only answer 404."""
    describe = OPERATIONS.get((route.name, route.below))
    if describe is not None:
        return describe(served)
    return _logout(served, route.name.rpartition(".")[2])


def _script(served: Served) -> dict[str, Any]:
    # A file is no operation of an API.
    return {}


#: By the name of the route, and what its path ends with. Each function gives
#: nothing where the path would only answer 404.
OPERATIONS = {
    (TOKEN, ""): _token,
    (BELOW, "status"): _status,
    (BELOW, "renew"): _renew,
    (BELOW, "introspect"): _introspect,
    (BELOW, "revoke"): _revoke,
    (BELOW, "jwks"): _jwks,
    (METADATA, ""): _metadata,
    (JAVASCRIPT, ""): _script,
}
