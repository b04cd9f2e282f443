"""A user whom the server, or a proxy in front of it, signed in."""

from __future__ import annotations

from typing import Any

from zope.interface import implementer

from ..errors import InvalidCredential
from ..identity.identity import Identity
from ..interfaces import IAuthenticator
from .check import identity_of
from .trusted_place import Place


@implementer(IAuthenticator)
class RemoteUserAuthenticator:
    """Believe who the server says it is.

    :param place: where the user is named.
    """

    name = "remote_user"
    scheme = None
    #: Browsers send by themselves whatever convinced the server.
    ambient = True

    def __init__(self, place: Place) -> None:
        self._place = place
        self.vary = place.vary

    def authenticate(self, request: Any) -> Identity | None:
        value = self._place.read(request.environ)
        if value is None:
            return None
        try:
            # PEP 3333: the bytes of the server, each as one character.
            userid = value.encode("latin-1").decode("utf-8")
        except UnicodeError:
            raise InvalidCredential("the user's name is not UTF-8") from None
        if self._place.header is not None and "," in userid:
            # RFC 9110, section 5.3: a header that comes twice is joined so.
            raise InvalidCredential(
                f"the header {self._place.header!r} names two users, or one"
                " with a comma, which cannot be told apart"
            )
        return identity_of(True, self.name, userid)

    def challenge(self, request: Any) -> str | None:
        return None
