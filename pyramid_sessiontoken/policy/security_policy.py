"""The security policy: the five methods that Pyramid calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pyramid.interfaces import ISecurityPolicy
from zope.interface import implementer

from ..authenticators.names import ACCESS_TOKEN
from ..authenticators.state import STATE
from ..cookies.jar import Headers
from ..errors import SessionTokenError
from ..identity.identity import Identity
from ..identity.userid import to_subject
from ..interfaces import IAuthorization, IPrincipals
from . import signin, signout
from .authentication import (
    BY_AUTHENTICATOR,
    How,
    check_amr,
    how_of,
    tells_time_itself,
)
from .authorization import principals_of
from .challenges import challenges
from .judge import judge, notify_refusals
from .rules import Rules
from .settle import settle
from .state import Judged, PolicyState

if TYPE_CHECKING:
    from ..sessions.sealed_access_tokens import AccessToken

#: The key of our policy in the registry, also if another policy is in use.
POLICY = "pyramid_sessiontoken.policy"


@implementer(ISecurityPolicy)
class SessionTokenPolicy:
    """Tells the user of a request, and what the user may do.

    The include registers it. The rules come later, when the settings are
    read.
    """

    rules: Rules

    def identity(self, request: Any) -> Any:
        """Give the identity of the request, or the object of the user loader;
        ``None`` for an unknown user.

        :raises HTTPServiceUnavailable: where the repository cannot be asked.
        """
        judged = self.authenticate(request)
        if judged.error is not None:
            judged.raise_where_answerable(request)
        return judged.user

    def authenticated_userid(self, request: Any) -> Any:
        """Give the userid as it was when the session began."""
        judged = self.authenticate(request)
        if judged.error is not None:
            judged.raise_where_answerable(request)
        identity = judged.identity
        return None if identity is None else identity.userid

    def permits(self, request: Any, context: Any, permission: str) -> Any:
        """Decide as ``sessiontoken.authorization`` says."""
        judged = self.authenticate(request)
        if judged.error is not None:
            raise judged.error
        principals = self.principals(request, judged)
        decide = request.registry.getUtility(IAuthorization)
        return decide(request, context, permission, principals)

    def remember(  # noqa: PLR0913, PLR0917
        self,
        request: Any,
        userid: Any,
        claims: Mapping[str, Any] | None = None,
        persistent: bool | None = None,
        amr: str | Sequence[str] | None = None,
        issuer_session: Mapping[str, str] | None = None,
        **kw: Any,
    ) -> Headers:
        """Begin a session and give the headers that set its cookie.

        :param userid: or an identity, whose claims it takes over.
        :param persistent: whether the cookie outlives the browser, and
            ``expiry.persistent.*`` are the limits of the session; ``None``
            for ``sessiontoken.cookie.persistent``. It is persistent if
            Pyramid's ``max_age`` is given; other arguments are ignored.
        :param amr: how your application authenticated the user just now (RFC
            8176); without it, the authenticator tells.
        :param issuer_session: ``iss``, and ``sub`` or ``sid`` or both: the
            session ends when this issuer signs the user out at
            ``sessiontoken.bearer.logout_path``.
        :raises ClaimsError: for a userid or claims that no cookie carries.
        :raises ValueError: for an issuer whose sign-outs nothing hears of.
        """
        if persistent is None and kw.get("max_age") is not None:
            persistent = True
        identity = signin.identity_for(request, userid, claims)
        how = self.how(request, userid, amr, issuer_session)
        return signin.remember(
            request, self.state(request), identity, persistent, how
        )

    def forget(self, request: Any, **kw: Any) -> Headers:
        """End the session and give the headers that delete its cookie.

        Where nobody is signed in, the challenges of a 401 follow: Pyramid's
        idiom is ``HTTPUnauthorized(headers=forget(request))``.
        """
        state = self.state(request)
        anonymous = not state.is_judging and self._is_anonymous(request)
        headers = signout.forget(request, state)
        return [*headers, *self.challenges(request)] if anonymous else headers

    def challenges(self, request: Any) -> Headers:
        """Give the challenges of a 401 on the request's route."""
        names = self.rules.names_for(request)
        return challenges(request, self.state(request), names)

    def authenticate(
        self, request: Any, names: tuple[str, ...] | None = None
    ) -> Judged:
        """Judge what a request shows to some authenticators, once.

        :param names: ``None`` for the authenticators of the request's route.
        :raises SessionTokenError: where code that helps to judge asks for the
            result.
        """
        state = self.state(request)
        if names is None:
            names = self.rules.names_for(request)
        judged = state.judged.get(names)
        if judged is None:
            if state.is_judging:
                raise SessionTokenError(
                    "an authenticator, a claims transformer, a stamp or a"
                    " user loader asked for request.identity, which it helps"
                    " to decide"
                )
            state.is_judging = True
            try:
                judged = judge(request, state, names)
            finally:
                state.is_judging = False
            state.judged[names] = judged
            if state.untold:
                notify_refusals(request, state)
        return judged

    def authenticate_now(
        self, request: Any, names: tuple[str, ...] | None = None
    ) -> Judged:
        """Judge a request by what the repository itself says of its sessions.
        What was judged by the first-level cache is judged anew.

        :param names: as in :meth:`authenticate`.
        """
        state = self.state(request)
        if not state.is_strict:
            state.is_strict = True
            shown = state.tokens or state.access_token is not None
            if shown and not state.decided:
                state.forget_sessions()
        return self.authenticate(request, names)

    def how(
        self,
        request: Any,
        user: Any,
        amr: Any,
        issuer_session: Mapping[str, str] | None = None,
    ) -> How:
        """Tell how a user was authenticated whom the application signs in. The
        session ends with the access token of the user that is shown in this
        request, if it signed the user in.

        :param user: a userid, or an identity.
        :param amr: ``None`` if the application does not tell it.
        :raises ClaimsError: for methods that no token can carry.
        """
        how = self._how(request, user, amr)
        if self.rules.signouts is not None or issuer_session is not None:
            how = how.ending_with_issuer(
                self._began_at_issuer(request, user, issuer_session)
            )
        return how.ending_with(self._access_token_of(request, user))

    def _began_at_issuer(
        self, request: Any, user: Any, told: Mapping[str, str] | None
    ) -> Mapping[str, Any]:
        """Give what tells the session of another issuer with which a session
        ends: the one that the application names, or that of the token that
        signed the same user in.

        :raises ValueError: for an issuer whose sign-outs nothing hears of.
        """
        signouts = self.rules.signouts
        if signouts is None:
            raise ValueError(
                "issuer_session: no issuer tells of sign-outs: set"
                " sessiontoken.bearer.logout_path"
            )
        if told is not None:
            return signouts.began_with(told)
        state = self.state(request)
        if state.is_judging:
            return {}
        shown = self.authenticate(request).identity
        userid = user.userid if isinstance(user, Identity) else user
        if shown is None or not _is_same(shown.userid, userid):
            return {}
        began: dict[str, Any] = {}
        for name in shown.authenticator.split():
            began.update(state.began.get(name, ()))
        return began

    def _access_token_of(self, request: Any, user: Any) -> AccessToken | None:
        """Give the access token of a user that signed the request in."""
        state = self.state(request)
        names = self.rules.names_for(request)
        if state.is_judging or ACCESS_TOKEN not in names:
            return None
        shown = self.authenticate(request).identity
        token = state.access_token
        if (
            shown is None
            or token is None
            or ACCESS_TOKEN not in shown.authenticator.split()
        ):
            return None
        userid = user.userid if isinstance(user, Identity) else user
        return token if token.is_of(userid) else None

    def _how(self, request: Any, user: Any, amr: Any) -> How:
        """Tell it without the access token.

        A key or a token of a program signs nobody in anew. So the time that
        it tells is that of the session, if it is the credential of the same
        user in this request, and the application does not tell how it
        authenticated the user.
        """
        if amr is not None:
            return How(check_amr(amr), is_told=True)
        state = self.state(request)
        if isinstance(user, Identity):
            return how_of(request, state, user)
        names = self.rules.names_for(request)
        if state.is_judging or not tells_time_itself(request, names):
            return BY_AUTHENTICATOR
        shown = self.authenticate(request).identity
        if (
            shown is None
            or shown.ticket is not None
            or shown.userid is None
            or to_subject(shown.userid) != to_subject(user)
        ):
            return BY_AUTHENTICATOR
        return How(began=how_of(request, state, shown).began)

    def _is_anonymous(self, request: Any) -> bool:
        judged = self.authenticate(request)
        return judged.identity is None and judged.error is None

    def principals(self, request: Any, judged: Judged) -> list[Any]:
        """Give the names of the user for ACLs."""
        name = request.registry.queryUtility(IPrincipals)
        if name is None:
            return principals_of(judged.identity)
        principals: list[Any] = name(judged.user, request)
        return principals

    def state(self, request: Any) -> PolicyState:
        """Give the state of a request; make it at the first question."""
        state: PolicyState | None = request.__dict__.get(STATE)
        if state is None:
            rules = self.rules
            state = request.__dict__[STATE] = PolicyState(rules)
            if rules.is_strict is not None:
                state.is_strict = rules.is_strict(request)
            request.add_response_callback(settle)
        return state


def _is_same(one: Any, other: Any) -> bool:
    """Tell whether two userids are of one user."""
    return to_subject(one) == to_subject(other)


def policy_of(request: Any) -> SessionTokenPolicy:
    """Find our policy, also if another one is in use."""
    policy: SessionTokenPolicy = request.registry[POLICY]
    return policy


def is_in_use(request: Any, policy: SessionTokenPolicy) -> bool:
    """Tell whether Pyramid uses our policy, and not another one."""
    return request.registry.queryUtility(ISecurityPolicy) is policy
