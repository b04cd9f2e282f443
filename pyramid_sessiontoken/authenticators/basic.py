"""A user name and a password (RFC 7617)."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from typing import Any

from zope.interface import implementer

from ..errors import InvalidCredential
from ..identity.identity import Identity
from ..interfaces import IAuthenticator
from .check import identity_of
from .schemes import challenge, credential_of

Check = Callable[[str, str, Any], object]

#: Longer credentials are not looked at, bytes.
MAX_LENGTH = 8192

# RFC 7617, section 2: neither part contains control characters.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")


@implementer(IAuthenticator)
class BasicAuthenticator:
    """Ask the application, or a password file, about a user and a password.

    :param check: ``(username, password, request)``; for its answers see
        :func:`.check.identity_of`.
    """

    name = "basic"
    scheme = "Basic"
    vary = ("Authorization",)
    #: Browsers remember it and send it by themselves.
    ambient = True

    def __init__(self, check: Check, realm: str = "session") -> None:
        self._check = check
        self._realm = realm

    def authenticate(self, request: Any) -> Identity | None:
        value = request.environ.get("HTTP_AUTHORIZATION")
        shown = credential_of(value, self.scheme) if value else None
        if shown is None:
            return None
        username, password = parse_credential(shown)
        answer = self._check(username, password, request)
        if answer is None or answer is False:
            # One sentence for both: who reads logs learns no more of which
            # users exist than who guesses.
            raise InvalidCredential(
                f"unknown user or wrong password for {username!r}"
            )
        return identity_of(answer, self.name, username)

    def challenge(self, request: Any) -> str | None:
        """No password box shall open over a page, so scripts are told
        nothing.
        """
        if is_script(request.environ):
            return None
        return challenge(
            self.scheme, {"realm": self._realm, "charset": "UTF-8"}
        )


def parse_credential(text: str) -> tuple[str, str]:
    """Split a credential into user name and password.

    :raises InvalidCredential: where it is not exactly what RFC 7617,
        section 2, and RFC 4648, section 4, describe.
    """
    if len(text) > MAX_LENGTH:
        raise InvalidCredential(f"longer than {MAX_LENGTH} bytes")
    try:
        raw = base64.b64decode(text, validate=True)
        decoded = raw.decode("utf-8")
    except ValueError:
        raise InvalidCredential("neither base64 nor UTF-8") from None
    if base64.b64encode(raw).decode("ascii") != text:
        raise InvalidCredential("base64 with stray bits")
    username, colon, password = decoded.partition(":")
    if not colon or not username or not password:
        raise InvalidCredential("no user name or no password")
    if has_control_characters(decoded):
        raise InvalidCredential("control characters")
    return username, password


def has_control_characters(text: str) -> bool:
    return _CONTROL.search(text) is not None


def is_script(environ: dict[str, Any]) -> bool:
    """Tell whether a script, not a page navigation, sends the request."""
    if environ.get("HTTP_X_REQUESTED_WITH", "").lower() == "xmlhttprequest":
        return True
    return bool(environ.get("HTTP_SEC_FETCH_MODE", "navigate") != "navigate")
