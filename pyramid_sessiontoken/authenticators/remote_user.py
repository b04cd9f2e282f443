"""A user whom the server, or a proxy in front of it, signed in."""

from __future__ import annotations

from typing import Any

from zope.interface import implementer

from ..errors import Malformed
from ..identity.identity import Identity
from ..interfaces import IAuthenticator
from .check import identity_of
from .trusted_place import TrustedPlace


@implementer(IAuthenticator)
class RemoteUserAuthenticator:
    """Accept the user whom the server names.

    :param place: where the server says the name.
    """

    scheme = None
    #: A browser may send by itself the credential that the server accepted.
    ambient = True

    def __init__(self, place: TrustedPlace, name: str = "remote_user") -> None:
        self.name = name
        self._place = place
        self.vary = place.vary

    def authenticate(self, request: Any) -> Identity | None:
        value = self._place.read(request.environ)
        if value is None:
            return None
        try:
            # PEP 3333: each byte of the server comes as one character.
            userid = value.encode("latin-1").decode("utf-8")
        except UnicodeError:
            raise Malformed("the user's name is not UTF-8") from None
        if self._place.header is not None and "," in userid:
            # RFC 9110, section 5.3: a comma joins the values of a header that
            # comes twice.
            raise Malformed(
                f"the header {self._place.header!r} contains a comma: it may"
                " have come twice, with two users"
            )
        return identity_of(True, self.name, userid)

    def challenge(self, request: Any) -> str | None:
        return None
