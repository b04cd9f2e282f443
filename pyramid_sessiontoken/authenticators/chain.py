"""The chain: ask the authenticators in their order, and weigh the answers.

Each one finds nothing, vouches for a user, or refuses a credential.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, NoReturn

from ..errors import (
    ClaimsError,
    InvalidClaims,
    InvalidCredential,
    RepositoryUnavailable,
    SessionTokenError,
    TooManyAttempts,
    Undecodable,
    UnfitAnswer,
)
from ..identity.identity import Identity
from ..interfaces import IAuthenticator
from .state import Answer, Refusal, RequestState, Status
from .throttle import KeyThrottle

_CROSS_SITE = "another site made the browser send it"

# The weight of an answer in Chain.first. The heavier answer replaces the
# lighter one. If both vouch, the earlier one stays: the list decides.
_NOTHING = 0
_REFUSED_AMBIENT = 1
_VOUCHED_AMBIENT = 2
#: An ambient credential never replaces an explicit one that is refused.
_REFUSED_EXPLICIT = 3
#: The client tried too often, and the credential was not checked.
_THROTTLED = 4
_VOUCHED_EXPLICIT = 5


def is_explicit(authenticator: Any) -> bool:
    """Tell whether a client shows this credential on purpose.

    Basic is ambient and explicit: browsers send it by themselves once they
    know it, and it is in ``Authorization``, which holds one credential only.
    """
    return not authenticator.ambient or authenticator.scheme is not None


class Chain:
    """Asks the authenticators that are registered.

    :param is_cross_site: tells whether another site made the browser send a
        request. Ambient credentials are refused then.
    :param throttle: counts refused keys; ``None``: they are not counted.
    :ivar is_own: tells whether another origin counts as our own for what
        stands in ``Authorization``; ``None``: no other origin does.
    """

    is_own: Callable[[Any], bool] | None = None

    def __init__(
        self,
        is_cross_site: Callable[[Any], bool],
        throttle: KeyThrottle | None = None,
    ) -> None:
        self.is_cross_site = is_cross_site
        self._throttle = throttle
        #: The authenticators that share the scheme ``Bearer``; ``None`` if one
        #: has it alone.
        self.sharing: tuple[str, ...] | None = None

    def first(
        self, request: Any, state: RequestState, names: Iterable[str]
    ) -> Identity | Refusal | None:
        """Give the identity or the refusal with the greatest weight; ``None``
        if no credential was shown. An identity without a userid has no weight.

        :param names: of the authenticators, in order of precedence.
        """
        if self.sharing is not None:
            self._note_asked(state, names)
        find = request.registry.utilities.lookup
        best: Identity | Refusal | None = None
        most = _NOTHING
        for name in names:
            authenticator = find((), IAuthenticator, name) or _missing(name)
            if most >= _VOUCHED_AMBIENT and not is_explicit(authenticator):
                continue
            answer = self._ask(request, state, name, authenticator)
            if answer is None:
                continue
            weight = _weight(answer, authenticator)
            if weight == _VOUCHED_EXPLICIT and most != _VOUCHED_AMBIENT:
                return answer
            if weight > most and weight != _VOUCHED_EXPLICIT:
                best, most = answer, weight
        return best

    def every(
        self, request: Any, state: RequestState, names: Iterable[str]
    ) -> list[Identity] | Refusal:
        """Give all identities in order of precedence, an empty list if no
        credential was shown, or the refusal that decides.

        If an explicit credential is refused, ambient ones do not count. A
        refusal decides if no identity that counts names a user.
        """
        if self.sharing is not None:
            self._note_asked(state, names)
        vouched: list[tuple[bool, Identity]] = []
        refused: list[tuple[bool, Refusal]] = []
        for name in names:
            authenticator = find_authenticator(request, name)
            answer = self._ask(request, state, name, authenticator)
            explicit = is_explicit(authenticator)
            if isinstance(answer, Refusal):
                refused.append((explicit, answer))
            elif answer is not None:
                vouched.append((explicit, answer))
        only_explicit = any(explicit for explicit, _ in refused)
        counting = [i for is_e, i in vouched if is_e or not only_explicit]
        if refused and all(identity.userid is None for identity in counting):
            return max(refused, key=_urgency)[1]
        return counting

    def ask(
        self, request: Any, state: RequestState, name: str
    ) -> Identity | Refusal | None:
        """Ask one authenticator, once a request: passwords are slow to check,
        and a credential may be accepted only once.
        """
        authenticator = find_authenticator(request, name)
        return self._ask(request, state, name, authenticator)

    def _note_asked(self, state: RequestState, names: Iterable[str]) -> None:
        """Note who is asked: a credential that none of them takes is refused
        by the last one.
        """
        # One that found nothing left the credential to another one, which may
        # not be asked now.
        for name in self.sharing or ():
            if state.answers.get(name, name) is None:
                del state.answers[name]
        state.asked = tuple(names)

    def _ask(
        self, request: Any, state: RequestState, name: str, authenticator: Any
    ) -> Identity | Refusal | None:
        answers = state.answers
        if name not in answers:
            state.vary += tuple(authenticator.vary)
            if state.is_strict:
                authenticator = getattr(authenticator, "strict", authenticator)
            try:
                identity = authenticator.authenticate(request)
            except Exception as error:  # noqa: BLE001
                refused = authenticator.ambient and self.is_cross_site(request)
                if isinstance(error, Undecodable) and not refused:
                    state.status = max(state.status, Status.DISCARD)
                # No variable holds the error: it holds this frame, and the
                # two would be a cycle.
                answers[name] = _refuse_or_keep(
                    request,
                    state,
                    name,
                    self._count(request, authenticator, error),
                )
            else:
                if identity is None:
                    answers[name] = None
                    return None
                if (
                    type(identity) is not Identity
                    or identity.authenticator != name
                ):
                    identity = _named(name, identity)
                if (
                    authenticator.ambient
                    and self.is_cross_site(request)
                    and not self._is_let_in(request, authenticator)
                ):
                    identity = state.refuse(
                        name,
                        _CROSS_SITE,
                        code="cross_site",
                        about=identity,
                        environ=request.environ,
                    )
                answers[name] = identity
        answer = answers[name]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _is_let_in(self, request: Any, authenticator: Any) -> bool:
        """Tell whether a page of another origin may spend a credential: it
        had to name it itself.
        """
        return (
            self.is_own is not None
            and is_explicit(authenticator)
            and self.is_own(request)
        )

    def _count(
        self, request: Any, authenticator: Any, error: Exception
    ) -> Exception:
        """Count a refused key; give the error that is the answer then."""
        if (
            self._throttle is not None
            and isinstance(error, InvalidCredential)
            and getattr(authenticator, "counts_refusals", False)
        ):
            try:
                self._throttle.count(request)
            except (TooManyAttempts, RepositoryUnavailable) as instead:
                return instead
        return error


class StampedChain(Chain):
    """Judges each session and access token that an authenticator accepted by
    the user's stamp.

    :param judge: gives the identity that was accepted, or a refusal, or what
        the application raised.
    """

    def __init__(
        self,
        is_cross_site: Callable[[Any], bool],
        throttle: KeyThrottle | None,
        judge: Callable[[Any, Any, Identity], Answer],
    ) -> None:
        super().__init__(is_cross_site, throttle)
        self._judge = judge

    def _ask(
        self, request: Any, state: RequestState, name: str, authenticator: Any
    ) -> Identity | Refusal | None:
        is_known = name in state.answers
        answer = super()._ask(request, state, name, authenticator)
        if is_known or not isinstance(answer, Identity):
            return answer
        if not answer.ticket and not getattr(
            authenticator, "is_stamped", False
        ):
            return answer
        state.answers[name] = self._judge(request, state, answer)
        return super()._ask(request, state, name, authenticator)


def find_authenticator(request: Any, name: str) -> Any:
    """Look an authenticator up.

    :raises SessionTokenError: where none is registered under this name.
    """
    find = request.registry.utilities.lookup
    return find((), IAuthenticator, name) or _missing(name)


def _missing(name: str) -> NoReturn:
    raise SessionTokenError(
        f"sessiontoken.authenticators names {name!r}, and no authenticator is"
        " registered under this name"
        " (config.add_sessiontoken_authenticator)"
    )


def _refuse_or_keep(
    request: Any, state: RequestState, name: str, error: Exception
) -> Answer:
    """Turn an error about the credential into a refusal. Give any other error
    back: it is kept as the answer, and each question for it raises it.
    """
    environ = request.environ
    if isinstance(error, InvalidCredential):
        return state.refuse(
            name,
            str(error),
            getattr(error, "retry_after", None),
            error.ticket,
            error.code,
            about=error.about,
            environ=environ,
            is_told=error.is_told,
        )
    if isinstance(error, ClaimsError) and not isinstance(error, UnfitAnswer):
        code = InvalidClaims.code
        return state.refuse(name, str(error), code=code, environ=environ)
    return error


def _named(name: str, identity: object) -> Identity | Exception:
    """Write into an identity the name of its authenticator."""
    if not isinstance(identity, Identity):
        return TypeError(
            f"the authenticator {name!r} gave {type(identity).__name__},"
            " not an Identity or None"
        )
    return replace(identity, authenticator=name)


def _weight(answer: Identity | Refusal, authenticator: Any) -> int:
    explicit = not authenticator.ambient or is_explicit(authenticator)
    if not isinstance(answer, Refusal):
        if answer.userid is None:
            return _NOTHING
        return _VOUCHED_EXPLICIT if explicit else _VOUCHED_AMBIENT
    if not explicit:
        return _REFUSED_AMBIENT
    throttled = answer.retry_after is not None
    return _THROTTLED if throttled else _REFUSED_EXPLICIT


def _urgency(refused: tuple[bool, Refusal]) -> tuple[bool, bool]:
    """Order refusals: too many attempts come first, then explicit ones."""
    explicit, refusal = refused
    return refusal.retry_after is not None, explicit
