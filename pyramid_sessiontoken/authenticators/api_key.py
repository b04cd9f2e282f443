"""An API key in a request header."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from zope.interface import implementer

from ..errors import Malformed, WrongApiKey
from ..identity.identity import Identity
from ..interfaces import IAuthenticator
from .check import identity_of, is_refused
from .schemes import environ_key

Check = Callable[[str, Any], object]

#: A longer key is refused unread, bytes.
MAX_LENGTH = 4096

# RFC 9110, section 5.5: VCHAR. WSGI servers join a header that comes twice
# to one value, most often with a comma and a blank. A key has no blank.
_KEY = re.compile(r"[\x21-\x7e]+")


@implementer(IAuthenticator)
class ApiKeyAuthenticator:
    """Ask the application about a key.

    :param check: ``(key, request)``; for its answers see
        :func:`.check.identity_of`. A key shows no user, so the answer
        ``True`` signs no user in.
    """

    scheme = None
    ambient = False
    #: The throttle counts refused keys by address.
    counts_refusals = True
    #: A program shows it by itself.
    is_sign_in = False

    def __init__(
        self,
        check: Check,
        header: str = "X-Api-Key",
        name: str = "api_key",
    ) -> None:
        self.name = name
        self._check = check
        self._environ_key = environ_key(header)
        self.vary = (header,)

    def authenticate(self, request: Any) -> Identity | None:
        shown = request.environ.get(self._environ_key)
        if not shown:
            return None
        if len(shown) > MAX_LENGTH:
            raise Malformed(f"it is longer than {MAX_LENGTH} bytes")
        if _KEY.fullmatch(shown) is None:
            raise Malformed("it has characters that are not visible ASCII")
        answer = self._check(shown, request)
        if is_refused(answer):
            raise WrongApiKey("unknown key")
        return identity_of(answer, self.name)

    def challenge(self, request: Any) -> str | None:
        return None
