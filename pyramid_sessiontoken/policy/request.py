"""``request.sessiontoken``: the session of a request, for views."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..errors import SessionTokenError
from ..identity.claims import NO_CLAIMS
from ..identity.identity import Identity
from ..identity.ticket import Ticket
from ..identity.userid import Userid, check_userid
from ..sessions.lifecycle import IssuedToken
from ..sessions.stored import SessionInfo, StoredSessions
from .answers import repository_or_503
from .security_policy import POLICY, policy_of
from .signin import identity_for, issue

if TYPE_CHECKING:
    from .state import Judged


class SessionTokenAttribute:
    """The attribute ``sessiontoken`` of Pyramid's class ``Request``.

    It is set on the class, because ``add_request_method`` is slow (see
    docs/decisions.rst). Tests may set another value on a request.
    """

    def __get__(self, request: Any, owner: type | None = None) -> Any:
        if request is None:
            return self
        if POLICY not in getattr(request, "registry", ()):
            raise AttributeError(
                "sessiontoken: the application does not include"
                " pyramid_sessiontoken"
            )
        return RequestSession(request)


class RequestSession:
    """The session of a request, and the sessions of users."""

    def __init__(self, request: Any) -> None:
        self._request = request

    @property
    def identity(self) -> Identity | None:
        """The user of the request and the claims, also where a user loader
        gives ``request.identity``; ``None`` for an unknown user.

        :raises HTTPServiceUnavailable: where ``request.identity`` does.
        """
        judged = self._judged
        judged.raise_where_answerable(self._request)
        return judged.identity

    @property
    def ticket(self) -> Ticket | None:
        """The ticket of the session; ``None`` without a session."""
        identity = self.identity
        return None if identity is None else identity.ticket

    @property
    def claims(self) -> Mapping[str, Any]:
        """The claims of the user; empty for an unknown user."""
        identity = self.identity
        return NO_CLAIMS if identity is None else identity.claims

    @property
    def failure(self) -> str | None:
        """The reason why no user is signed in, for developers; ``None`` if a
        user is signed in, or no credential was shown.
        """
        refusal = self._judged.refusal
        return None if refusal is None else str(refusal)

    def issue(
        self, userid: Userid, claims: Mapping[str, Any] | None = None
    ) -> IssuedToken:
        """Begin a session for a user and give its first token.

        :raises ClaimsError: for a userid or claims that no token can carry.
        :raises InvalidCredential: where the claims transformer refuses.
        """
        identity = identity_for(self._request, userid, claims)
        state = policy_of(self._request).state(self._request)
        event = issue(self._request, state, identity)
        issued: IssuedToken = event.issued
        return issued

    def sessions(self, userid: Userid | None = None) -> list[SessionInfo]:
        """List the stored sessions of a user, the latest first.

        :param userid: ``None`` for the user of this request.
        :raises SessionTokenError: where the server keeps no sessions, or its
            repository cannot find those of a user.
        """
        with repository_or_503():
            return self._stored.of(self._userid(userid), self._sid)

    def revoke(self, sid: str) -> None:
        """End a session, of any user. To end it twice is no error.

        :param sid: as in :class:`.stored.SessionInfo`.
        :raises SessionTokenError: where the server keeps no sessions.
        """
        with repository_or_503():
            self._stored.end(sid)

    def revoke_all(
        self, userid: Userid | None = None, keep_current: bool = False
    ) -> None:
        """End every session that a user began up to now. A session that begins
        after the call goes on.

        :param userid: ``None`` for the user of this request. A text that is
            also an ``int`` or a ``uuid.UUID`` means the user of that type,
            too, unless only one of them has stored sessions.
        :param keep_current: whether the session of this request goes on.
        :raises SessionTokenError: where the server keeps no sessions.
        """
        keep = self._sid if keep_current else None
        with repository_or_503():
            for user in self._users(userid):
                self._stored.end_all(user, keep)

    def _users(self, userid: Userid | None) -> list[Userid]:
        """Give the users whose sessions are to end."""
        user = self._userid(userid)
        if not isinstance(user, str) or userid is None:
            return [user]
        own = self._judged.identity
        if own is not None and own.userid == user:
            return [user]
        return self._stored.meant_by(user)

    def _userid(self, userid: Userid | None) -> Userid:
        if userid is not None:
            return check_userid(userid)
        identity = self.identity
        if identity is None or identity.userid is None:
            raise SessionTokenError(
                "no user is signed in: give the argument userid"
            )
        return identity.userid

    @property
    def _sid(self) -> str | None:
        ticket = self.ticket
        return None if ticket is None else ticket.sid

    @property
    def _stored(self) -> StoredSessions:
        stored = policy_of(self._request).rules.stored
        if stored is None:
            raise SessionTokenError(
                "the server keeps no sessions: sessiontoken.repository is not"
                " set"
            )
        return stored

    @property
    def _judged(self) -> Judged:
        return policy_of(self._request).authenticate(self._request)
