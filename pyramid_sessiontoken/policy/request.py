"""``request.sessiontoken``: the session of a request, for views."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

from ..authenticators.names import ACCESS_TOKEN
from ..cookies.jar import Headers
from ..errors import SessionTokenError
from ..events import REVOKED, REVOKED_ALL
from ..identity.claims import NO_CLAIMS
from ..identity.identity import Identity
from ..identity.ticket import Ticket
from ..identity.userid import Userid, check_userid
from ..sessions.issued import IssuedToken
from ..sessions.stored import SessionInfo, StoredSessions
from .answers import repository_or_503
from .authentication import actor_of, auth_time_of, methods_of
from .ending import tell, who_acts
from .impersonation import act_as
from .password import check_password
from .security_policy import POLICY, policy_of
from .signin import identity_for, issue
from .update import update

if TYPE_CHECKING:
    from ..sessions.access_tokens import AccessTokenInfo, AccessTokens
    from .state import Judged, PolicyState


class SessionTokenAttribute:
    """The attribute ``sessiontoken`` of Pyramid's class ``Request``.

    It is set on the class, because ``add_request_method`` is slow (see
    docs/development/decisions.rst). Tests may set another value on a request.
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
    def auth_time(self) -> int | None:
        """When the user signed in, in seconds since the epoch. A password, a
        certificate and a user whom the server names are a sign-in now. A
        bearer token says it itself.

        ``None`` for an unknown user, and where no credential tells a sign-in:
        an API key, an access token, and a session that began with one.
        """
        identity = self.identity
        return auth_time_of(self._request, self._state, identity)

    @property
    def amr(self) -> tuple[str, ...]:
        """How the user was authenticated (RFC 8176); empty for an unknown
        user.
        """
        identity = self.identity
        return methods_of(self._request, self._state, identity)

    @property
    def actor(self) -> Userid | None:
        """The userid of the user who acts for the user of this request;
        ``None`` where nobody does.
        """
        identity = self.identity
        return None if identity is None else actor_of(self._state, identity)

    @property
    def failure(self) -> str | None:
        """The reason why no user is signed in, for developers; ``None`` if a
        user is signed in, or no credential was shown.
        """
        refusal = self._judged.refusal
        return None if refusal is None else str(refusal)

    def check_password(
        self,
        username: object,
        password: object,
        authenticator: str = "basic",
    ) -> Identity | None:
        """Check the password that a sign-in form got, as Basic does: by the
        same check and within the same limit. Give the user, for ``remember``;
        ``None`` for an unknown user or a wrong password.

        The user of this request stays the same.

        :raises SessionTokenError: where no setting says how to check it.
        :raises HTTPForbidden: over plain HTTP.
        :raises HTTPTooManyRequests: where too many passwords failed.
        :raises HTTPServiceUnavailable: where the failures cannot be counted.
        """
        request = self._request
        state = policy_of(request).state(request)
        return check_password(
            request, state, username, password, authenticator
        )

    @property
    def failure_code(self) -> str | None:
        """The code of ``failure``: one of :data:`.errors.CODES`; ``None``
        where ``failure`` is ``None``.
        """
        refusal = self._judged.refusal
        return None if refusal is None else refusal.code

    def issue(
        self,
        userid: Userid | Identity,
        claims: Mapping[str, Any] | None = None,
        *,
        amr: str | Sequence[str] | None = None,
        persistent: bool = False,
        issuer_session: Mapping[str, str] | None = None,
    ) -> IssuedToken:
        """Begin a session for a user and give its first token.

        :param userid: or an identity, for example of :meth:`check_password`.
            The claims are put over those of the identity.
        :param amr: how your application authenticated the user just now (RFC
            8176); without it, the authenticator tells.
        :param persistent: whether ``sessiontoken.expiry.persistent.*`` are the
            limits of the session.
        :param issuer_session: ``iss``, and ``sub`` or ``sid`` or both: the
            session ends when this issuer signs the user out at
            ``sessiontoken.bearer.logout_path``.
        :raises ValueError: for an issuer whose sign-outs nothing hears of.
        :raises ClaimsError: for a userid or claims that no token can carry.
        :raises InvalidCredential: where the claims transformer refuses, or
            ``sessiontoken.stamp`` does not know the user.
        """
        request, policy = self._request, policy_of(self._request)
        identity = identity_for(request, userid, claims)
        how = policy.how(request, userid, amr, issuer_session)
        state = policy.state(request)
        event = issue(request, state, identity, how, persistent=persistent)
        issued: IssuedToken = event.issued
        return issued

    def update(self, claims: Mapping[str, Any]) -> None:
        """Put claims over those of the session of this request. A value
        ``None`` takes a claim away. ``request.identity`` is at once the new
        one, and the response carries the new token.

        It is the same session, with the same end, and it is renewed. The
        claims transformer is given the claims together.

        :raises SessionTokenError: where the request has no session, where the
            session ended meanwhile, or where no response can carry the new
            token. Nothing has changed then.
        :raises ClaimsError: for claims that cannot be carried.
        :raises InvalidCredential: where the claims transformer refuses.
        """
        state = policy_of(self._request).state(self._request)
        update(self._request, state, self.identity, claims)

    def act_as(
        self,
        userid: Userid,
        reason: str,
        lifetime: int | str = "30m",
        claims: Mapping[str, Any] | None = None,
    ) -> IssuedToken | Headers:
        """Begin a session as another user, and say who acts. It ends with the
        session of this request.

        Where this request's session came in a header, give its first token;
        where it came in the cookie, the headers that set the cookie.
        ``forget`` ends it, and brings the own cookie back.

        :param reason: for the log, the event and the audit: 1 to 300
            characters.
        :param lifetime: seconds, or a duration as in the settings; at most
            ``sessiontoken.expiry.absolute``. It ends no later than the own
            session.
        :raises HTTPForbidden: where the user of this request may not act for
            this user.
        :raises SessionTokenError: where ``impersonation.principals`` is not
            set, without a reason, without a session of one's own, and while
            acting.
        :raises ValueError: for a lifetime that is none.
        :raises ClaimsError: for a userid or claims that no token can carry.
        """
        request, policy = self._request, policy_of(self._request)
        return act_as(request, policy, userid, reason, lifetime, claims)

    def sessions(self, userid: Userid | None = None) -> list[SessionInfo]:
        """List the stored sessions of a user, the latest first.

        :param userid: ``None`` for the user of this request.
        :raises SessionTokenError: where the server keeps no sessions, or its
            repository cannot find those of a user.
        """
        with repository_or_503(self._request):
            return self._stored.of(self._userid(userid), self._sid)

    def revoke(self, sid: str) -> None:
        """End a session, of any user. To end it twice is no error.

        :param sid: as in :class:`.stored.SessionInfo`.
        :raises SessionTokenError: where the server keeps no sessions.
        """
        stored, own = self._stored, self._own
        ticket = None if own is None else own.ticket
        is_own = ticket is not None and ticket.sid == sid
        with repository_or_503(self._request):
            if not is_own:
                ticket = stored.find(sid)
            stored.end(sid, ticket=ticket)
        tell(
            self._request,
            REVOKED,
            identity=own if is_own else None,
            ticket=ticket,
            sid=sid,
            actor=who_acts(own),
            authenticator=own.authenticator if own and is_own else None,
        )

    def create_access_token(
        self,
        name: str,
        claims: Mapping[str, Any] | None = None,
        lifetime: int | str | None = None,
    ) -> str:
        """Make an access token for a program of the user of this request. Give
        its text, which cannot be had again.

        :param name: for the user to know it by: 1 to 100 characters.
        :param claims: some of the user's claims; of a list, or of the words of
            ``scope``, a part is enough. ``None`` for all.
        :param lifetime: seconds, or a duration as in the settings; at most
            ``sessiontoken.access_token.lifetime``, as where it is ``None``.
        :raises HTTPForbidden: for a user who did not sign in, but shows a key
            or a token, and while acting for another user.
        :raises ClaimsError: for claims that say more than the user's own.
        :raises ValueError: for a name or a lifetime that is none.
        :raises SessionTokenError: where ``access_token`` is not listed.
        """
        from .access_tokens import create_access_token

        request, policy = self._request, policy_of(self._request)
        return create_access_token(request, policy, name, claims, lifetime)

    def access_tokens(
        self, userid: Userid | None = None
    ) -> list[AccessTokenInfo]:
        """List the access tokens of a user, the latest first.

        :param userid: ``None`` for the user of this request.
        :raises SessionTokenError: where ``access_token`` is not listed, or the
            repository cannot find those of a user.
        """
        tokens = self._access_tokens
        with repository_or_503(self._request):
            return tokens.of(self._userid(userid))

    def revoke_access_token(
        self,
        id: str,  # noqa: A002
        userid: Userid | None = None,
    ) -> bool:
        """End an access token of a user, and the sessions that began with it.
        ``False`` if the user has no such access token.

        :param id: as in :class:`.sessions.access_tokens.AccessTokenInfo`.
        :param userid: ``None`` for the user of this request.
        :raises SessionTokenError: where ``access_token`` is not listed.
        """
        from .access_tokens import end_access_token

        tokens = self._access_tokens
        with repository_or_503(self._request):
            token = tokens.find(id, self._userid(userid))
            return end_access_token(self._request, tokens, token, self._own)

    def revoke_all(
        self,
        userid: Userid | None = None,
        keep_current: bool = False,
        access_tokens: bool = False,
    ) -> None:
        """End every session that a user began up to now. A session that begins
        after the call goes on.

        :param userid: ``None`` for the user of this request. A text that is
            also an ``int`` or a ``uuid.UUID`` means the user of that type,
            too, unless only one of them has stored sessions.
        :param keep_current: whether the session of this request goes on.
        :param access_tokens: whether the user's access tokens end, too.
        :raises SessionTokenError: where the server keeps no sessions, or the
            repository cannot find the access tokens of a user. Nothing has
            ended then.
        """
        keep = self._sid if keep_current else None
        own = self._own
        tokens = None
        with repository_or_503(self._request):
            if access_tokens:
                tokens = self._access_tokens
                tokens.require_listing()
            users = self._users(userid, access_tokens=access_tokens)
            for user in users:
                self._stored.end_all(user, keep)
                if tokens is not None:
                    tokens.end_all(user)
        for user, authenticator in product(
            users, (None, ACCESS_TOKEN) if access_tokens else (None,)
        ):
            tell(
                self._request,
                REVOKED_ALL,
                userid=user,
                identity=own if own and own.userid == user else None,
                actor=who_acts(own),
                authenticator=authenticator,
            )

    def _users(
        self, userid: Userid | None, *, access_tokens: bool
    ) -> list[Userid]:
        """Give the users whose sessions are to end."""
        user = self._userid(userid)
        if not isinstance(user, str) or userid is None:
            return [user]
        own = self._judged.identity
        if own is not None and own.userid == user:
            return [user]
        return self._stored.meant_by(user, access_tokens=access_tokens)

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
    def _access_tokens(self) -> AccessTokens:
        from .access_tokens import access_tokens_of

        return access_tokens_of(policy_of(self._request).rules.stored)

    @property
    def _own(self) -> Identity | None:
        """The user of the request; ``None`` also while it is judged."""
        request = self._request
        if policy_of(request).state(request).is_judging:
            return None
        return self._judged.identity

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
    def _state(self) -> PolicyState:
        return policy_of(self._request).state(self._request)

    @property
    def _judged(self) -> Judged:
        return policy_of(self._request).authenticate(self._request)
