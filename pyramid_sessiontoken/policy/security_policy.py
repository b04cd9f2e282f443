"""The security policy: the five methods that Pyramid calls."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from pyramid.interfaces import ISecurityPolicy
from zope.interface import implementer

from ..authenticators.state import STATE
from ..cookies.jar import Headers
from ..errors import SessionTokenError
from ..interfaces import IAuthorization, IPrincipals
from . import signin
from .authorization import principals_of
from .challenges import challenges
from .judge import judge, notify_refusals
from .rules import Rules
from .settle import settle
from .state import Judged, PolicyState

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

    def remember(
        self,
        request: Any,
        userid: Any,
        claims: Mapping[str, Any] | None = None,
        persistent: bool | None = None,
        **kw: Any,
    ) -> Headers:
        """Begin a session and give the headers that set its cookie.

        :param persistent: whether the cookie outlives the browser; ``None``
            for ``sessiontoken.cookie.persistent``. It does if Pyramid's
            ``max_age`` is given; other arguments are ignored.
        :raises ClaimsError: for a userid or claims that no cookie carries.
        """
        if persistent is None and kw.get("max_age") is not None:
            persistent = True
        identity = signin.identity_for(request, userid, claims)
        return signin.remember(
            request, self.state(request), identity, persistent
        )

    def forget(self, request: Any, **kw: Any) -> Headers:
        """End the session and give the headers that delete its cookie.

        Where nobody is signed in, the challenges of a 401 follow: Pyramid's
        idiom is ``HTTPUnauthorized(headers=forget(request))``.
        """
        state = self.state(request)
        anonymous = not state.is_judging and self._is_anonymous(request)
        headers = signin.forget(request, state)
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
                    "an authenticator, a claims transformer or a user loader"
                    " asked for request.identity, which it helps to decide"
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
            state = request.__dict__[STATE] = PolicyState(self.rules)
            request.add_response_callback(partial(settle, state))
        return state


def policy_of(request: Any) -> SessionTokenPolicy:
    """Find our policy, also if another one is in use."""
    policy: SessionTokenPolicy = request.registry[POLICY]
    return policy


def is_in_use(request: Any, policy: SessionTokenPolicy) -> bool:
    """Tell whether Pyramid uses our policy, and not another one."""
    return request.registry.queryUtility(ISecurityPolicy) is policy
