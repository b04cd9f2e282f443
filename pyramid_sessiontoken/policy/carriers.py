"""How sessions travel: in a header, or in a cookie."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any, Protocol

from ..authenticators.names import COOKIE, SESSION
from ..cookies.jar import CookieShown, Headers, Jar
from ..errors import ClaimsError
from ..sessions.forms import HeaderForm
from ..sessions.issued import IssuedToken
from ..sessions.lifecycle import Sessions
from .endpoint import scheme_of
from .private_headers import PrivateHeaders
from .sizes import fits_response_header

#: What the name of the cookie ends with in which another one is put aside.
ASIDE = "-own"


class Carrier(Protocol):
    """Puts a renewed token into the headers of a response."""

    @property
    def sessions(self) -> Sessions: ...

    def renews(self, reference: str | None) -> bool:
        """Tell whether a token that is due is renewed.

        :param reference: as in ``forms.Decoded``, of this token.
        """

    def takes(
        self, request: Any, issued: IssuedToken, reference: str | None
    ) -> bool:
        """Tell whether a response may carry a renewed token."""

    def put(
        self,
        request: Any,
        headers: PrivateHeaders,
        issued: IssuedToken,
        reference: str | None,
    ) -> bool:
        """Put a renewed token into the headers of a response; tell whether the
        response carries it then.

        :param reference: as in ``forms.Decoded``, of the token that was
            renewed.
        """


class HeaderCarrier:
    """The client sends the token in a request header, and gets a renewed one
    in a response header.

    :ivar request_header: its name.
    :ivar response_header: its name; ``None`` for no renewal.
    """

    def __init__(
        self,
        sessions: Sessions,
        form: HeaderForm,
        request_header: str,
        response_header: str | None,
    ) -> None:
        self.sessions = sessions
        self.form = form
        self.request_header = request_header
        self.response_header = response_header

    def renews(self, reference: str | None) -> bool:
        return self.response_header is not None or reference is not None

    def takes(
        self, request: Any, issued: IssuedToken, reference: str | None
    ) -> bool:
        return reference is not None or fits_response_header(
            request.registry, issued.access_token
        )

    def put(
        self,
        request: Any,
        headers: PrivateHeaders,
        issued: IssuedToken,
        reference: str | None,
    ) -> bool:
        if self.response_header is None or reference is not None:
            # A reference does not change at renewal.
            return False
        headers.replaced[self.response_header] = issued.access_token
        return True


class CookieCarrier:
    """The browser keeps the token."""

    def __init__(self, sessions: Sessions, jar: Jar) -> None:
        self.sessions = sessions
        self.jar = jar

    def renews(self, reference: str | None) -> bool:
        return True

    def takes(
        self, request: Any, issued: IssuedToken, reference: str | None
    ) -> bool:
        return True  # At sign-in it fitted, or the user saw that it did not.

    def put(
        self,
        request: Any,
        headers: PrivateHeaders,
        issued: IssuedToken,
        reference: str | None,
    ) -> bool:
        headers.added += self.set_headers(request, issued)
        return True

    def set_headers(self, request: Any, issued: IssuedToken) -> Headers:
        """Give the headers that set the cookie.

        :raises ClaimsError: where the token is too long for the cookie.
        """
        return self._jar_for(request).write(
            issued.access_token,
            self._shown(request),
            issued.session_expires_in if issued.ticket.persistent else None,
        )

    def sign_in_headers(self, request: Any, issued: IssuedToken) -> Headers:
        """Give the headers that set the cookie of another session.

        :raises ClaimsError: as :meth:`set_headers`.
        """
        return [*self._clear(request), *self.set_headers(request, issued)]

    def _clear(self, request: Any) -> Headers:
        jar = self._jar_for(request)
        return jar.clear_unpartitioned(self._shown(request))

    def is_shown(self, request: Any) -> bool:
        """Tell whether the request has the cookie, also an invalid one."""
        return self._shown(request) is not None

    def _shown(self, request: Any) -> CookieShown | None:
        return self.jar.read(request.environ)

    def delete_headers(self, request: Any) -> Headers:
        """Give the headers that delete the cookie, and one that was put
        aside.
        """
        deleted = self._jar_for(request).delete(self._shown(request))
        return [
            *self._clear(request),
            *deleted,
            *self.delete_aside(request),
        ]

    def put_aside(self, request: Any, text: str, beside: str) -> Headers:
        """Give the headers that put a cookie aside: its text goes into another
        cookie, which signs nobody in.

        :param text: of the cookie that was shown.
        :param beside: the text that takes its place.
        :raises ClaimsError: where both together are too long for a request.
        """
        most = self.jar.chunk_size * self.jar.max_chunks
        if len(text) + len(beside) > most:
            raise ClaimsError(
                f"the two cookies have {len(text) + len(beside)} bytes, and"
                f" servers take {most}: use fewer claims, or"
                " sessiontoken.cookie.form = reference"
            )
        jar = self._aside_for(request)
        return jar.write(text, jar.read(request.environ), None)

    def bring_back(self, request: Any, issued: IssuedToken) -> Headers:
        """Give the headers that set a cookie again that was put aside."""
        back = self.sign_in_headers(request, issued)
        return [*back, *self.delete_aside(request)]

    def texts_shown(self, request: Any) -> tuple[str, ...]:
        """Give the texts of the cookie that was put aside, and of the cookie
        itself.
        """
        shown = self._shown(request)
        return (*self.texts_aside(request), *(shown.values if shown else ()))

    def texts_aside(self, request: Any) -> tuple[str, ...]:
        """Give the texts of the cookie that was put aside."""
        aside = self._aside_for(request).read(request.environ)
        return aside.values if aside else ()

    def delete_aside(self, request: Any) -> Headers:
        """Give the headers that delete a cookie that was put aside; none if
        none was shown.
        """
        jar = self._aside_for(request)
        shown = jar.read(request.environ)
        return [] if shown is None else jar.delete(shown)

    def _aside_for(self, request: Any) -> Jar:
        jar = self._jar_for(request)
        return replace(jar, name=jar.name + ASIDE)

    def owns(self, header: tuple[str, str]) -> bool:
        """Tell whether a header sets or deletes the cookie, or one that was
        put aside.
        """
        aside = replace(self.jar, name=self.jar.name + ASIDE)
        return self.jar.owns(header) or aside.owns(header)

    def expire(self, request: Any, name: str) -> Headers:
        """Give the headers that delete a cookie that a response sets."""
        return self._jar_for(request).expire((name,))

    def _jar_for(self, request: Any) -> Jar:
        return self.jar.over(scheme_of(request))


@dataclass(frozen=True, slots=True)
class Carriers:
    """The two carriers."""

    header: HeaderCarrier
    cookie: CookieCarrier

    def of(self, names: Collection[str]) -> dict[str, Carrier]:
        """Give the carriers of some authenticators, by their names."""
        both: dict[str, Carrier] = {SESSION: self.header, COOKIE: self.cookie}
        return {name: both[name] for name in both if name in names}
