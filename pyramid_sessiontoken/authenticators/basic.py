"""A user name and a password (RFC 7617)."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import Any

from zope.interface import implementer

from ..errors import Malformed
from ..identity.identity import Identity
from ..interfaces import IAuthenticator
from ..keys.base64url import decode_base64
from .form_encoded import spellings
from .passwords import Pair, Passwords, has_control_characters
from .schemes import challenge, credential_of

#: A longer credential is refused unread, bytes.
MAX_LENGTH = 8192


@implementer(IAuthenticator)
class BasicAuthenticator:
    """Ask the application, or a password file, about a user and a password.

    :param is_encoded: tells at which requests clients encode the pair as a
        form does.
    """

    scheme = "Basic"
    vary = ("Authorization",)
    #: A browser remembers the password and sends it by itself.
    ambient = True
    #: RFC 8176, section 2.
    amr = "pwd"

    def __init__(
        self,
        passwords: Passwords,
        realm: str = "session",
        is_encoded: Callable[[Any], bool] = lambda _: False,
    ) -> None:
        self.name = passwords.name
        self._passwords = passwords
        self._realm = realm
        self._is_encoded = is_encoded

    def authenticate(self, request: Any) -> Identity | None:
        value = request.environ.get("HTTP_AUTHORIZATION")
        shown = credential_of(value, self.scheme) if value else None
        if shown is None:
            return None
        pair = parse_credential(shown)
        pairs = spellings(pair, request, self._is_encoded)
        return self._passwords.identity_of(request, pairs)

    def challenge(self, request: Any) -> str:
        return challenge(
            self.scheme, {"realm": self._realm, "charset": "UTF-8"}
        )


def parse_credential(text: str) -> Pair:
    """Split a credential into user name and password.

    :raises InvalidCredential: where it is not exactly what RFC 7617,
        section 2, and RFC 4648, section 4, describe.
    """
    if len(text) > MAX_LENGTH:
        raise Malformed(f"it is longer than {MAX_LENGTH} bytes")
    try:
        decoded = decode_base64(text).decode("utf-8")
    except ValueError:
        raise Malformed("it is not UTF-8 in base64") from None
    username, colon, password = decoded.partition(":")
    if not colon or not username or not password:
        raise Malformed("it has no user name, or no password")
    if has_control_characters(decoded):
        raise Malformed("it has control characters")
    return username, password


def require_pair(username: object, password: object) -> Pair:
    """Give back a user name and a password that Basic can carry.

    :raises InvalidCredential: for any others.
    """
    if not isinstance(username, str) or not isinstance(password, str):
        raise Malformed("it is not a text")
    if len(username) + len(password) > MAX_LENGTH:
        raise Malformed(f"it is longer than {MAX_LENGTH} bytes")
    try:
        raw = f"{username}:{password}".encode()
    except UnicodeEncodeError:
        raise Malformed("it is not UTF-8") from None
    pair = parse_credential(b64encode(raw).decode())
    if pair != (username, password):
        raise Malformed("the user name has a colon")
    return pair


def is_script(environ: dict[str, Any]) -> bool:
    """Tell whether a script sent the request, and not the user by opening a
    page.
    """
    if environ.get("HTTP_X_REQUESTED_WITH", "").lower() == "xmlhttprequest":
        return True
    return bool(environ.get("HTTP_SEC_FETCH_MODE", "navigate") != "navigate")
