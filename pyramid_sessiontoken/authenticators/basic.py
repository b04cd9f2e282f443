"""A user name and a password (RFC 7617)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from zope.interface import implementer

from ..errors import InvalidCredential
from ..identity.identity import Identity
from ..interfaces import IAuthenticator
from ..keys.base64url import decode_base64
from .check import identity_of, is_refused
from .schemes import challenge, credential_of

Check = Callable[[str, str, Any], object]

#: A longer credential is refused unread, bytes.
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
    #: A browser remembers the password and sends it by itself.
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
        if is_refused(answer):
            # One sentence for both: the log does not tell which users exist.
            raise InvalidCredential(
                f"unknown user or wrong password for {username!r}"
            )
        return identity_of(answer, self.name, username)

    def challenge(self, request: Any) -> str | None:
        """Give no challenge to a script: its browser would open a password
        box over the page.
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
        raise InvalidCredential(f"it is longer than {MAX_LENGTH} bytes")
    try:
        decoded = decode_base64(text).decode("utf-8")
    except ValueError:
        raise InvalidCredential("it is not UTF-8 in base64") from None
    username, colon, password = decoded.partition(":")
    if not colon or not username or not password:
        raise InvalidCredential("it has no user name, or no password")
    if has_control_characters(decoded):
        raise InvalidCredential("it has control characters")
    return username, password


def has_control_characters(text: str) -> bool:
    return _CONTROL.search(text) is not None


def is_script(environ: dict[str, Any]) -> bool:
    """Tell whether a script sent the request, and not the user by opening a
    page.
    """
    if environ.get("HTTP_X_REQUESTED_WITH", "").lower() == "xmlhttprequest":
        return True
    return bool(environ.get("HTTP_SEC_FETCH_MODE", "navigate") != "navigate")
