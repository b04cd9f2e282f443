"""The security policy: Pyramid's five verbs. The work is done next door."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from pyramid.interfaces import ISecurityPolicy
from zope.interface import implementer

from ..authenticators.state import (
    Judged,
    RequestState,
    begin_state,
    find_state,
)
from ..cookies.jar import Headers
from ..errors import SessionTokenError
from ..interfaces import IAuthorization, IPrincipals
from . import signin
from .authorization import principals_of
from .judge import judge, reveal, tell_refusals
from .rules import Rules
from .settle import settle

_IN_THE_MAKING = Judged()


@implementer(ISecurityPolicy)
class SessionTokenPolicy:
    """Who is it, and may they.

    It is registered at the include, and learns its rules when the settings
    are read.
    """

    rules: Rules
    settings: Any

    def identity(self, request: Any) -> Any:
        """Give who the request is, or the user loader's object; ``None`` for
        an unknown user.

        :raises HTTPServiceUnavailable: where nobody can tell just now.
        """
        judged = self.judge(request)
        if judged.error is not None:
            judged = reveal(request, judged)
        return judged.user

    def authenticated_userid(self, request: Any) -> Any:
        """Give the userid as it was when the session began."""
        judged = self.judge(request)
        if judged.error is not None:
            judged = reveal(request, judged)
        identity = judged.identity
        return None if identity is None else identity.userid

    def permits(self, request: Any, context: Any, permission: str) -> Any:
        """Decide as ``sessiontoken.authorization`` says."""
        judged = self.judge(request)
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
            for ``sessiontoken.cookie.persistent``. Pyramid's ``max_age``
            means that it does; other arguments are ignored.
        :raises ClaimsError: for a userid or claims that no cookie carries.
        """
        if persistent is None and kw.get("max_age") is not None:
            persistent = True
        identity = signin.vouch(request, userid, claims)
        state = self.state(request)
        return signin.remember(
            request, self.rules, state, identity, persistent
        )

    def forget(self, request: Any, **kw: Any) -> Headers:
        """End the session and give the headers that delete its cookie."""
        return signin.forget(request, self.rules, self.state(request))

    def judge(
        self, request: Any, names: tuple[str, ...] | None = None
    ) -> Judged:
        """Judge what a request shows to some authenticators, once.

        :param names: ``None`` for those of the request's route.
        """
        state = find_state(request) or self._begin(request)
        if names is None:
            names = self.rules.names_for(request)
        judged = state.judged.get(names)
        if judged is None:
            # Who asks while it is in the making would ask for ever.
            state.judged[names] = _IN_THE_MAKING
            try:
                judged = judge(request, self.rules, state, names)
            except BaseException:
                del state.judged[names]
                raise
            state.judged[names] = judged
            if state.untold:
                tell_refusals(request, state)
        if judged is _IN_THE_MAKING:
            raise SessionTokenError(
                "request.identity was asked for by what decides it: an"
                " authenticator, a claims transformer or a user loader"
            )
        return judged

    def principals(self, request: Any, judged: Judged) -> list[Any]:
        """Name who was judged, for ACLs."""
        name = request.registry.queryUtility(IPrincipals)
        if name is None:
            return principals_of(judged.identity)
        principals: list[Any] = name(judged.user, request)
        return principals

    def state(self, request: Any) -> RequestState:
        """Give what is known of a request, from its first question on."""
        return find_state(request) or self._begin(request)

    def _begin(self, request: Any) -> RequestState:
        state = begin_state(request)
        request.add_response_callback(partial(settle, self.rules, state))
        return state


def policy_of(request: Any) -> SessionTokenPolicy:
    policy: SessionTokenPolicy = request.registry[POLICY]
    return policy


def is_ours(request: Any, policy: SessionTokenPolicy) -> bool:
    """Tell whether our policy is the one that counts."""
    return request.registry.queryUtility(ISecurityPolicy) is policy


#: Where the registry keeps the policy, also when another one wins.
POLICY = "pyramid_sessiontoken.policy"
