"""What is known of one request: what it showed, and how it was judged."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..authenticators.state import Refusal, RequestState, Status
from ..identity.identity import Identity
from .rules import Rules


class Judged(NamedTuple):
    """What the credentials of a request came to.

    :ivar identity: who the request is; ``None`` for an unknown user.
    :ivar user: what ``request.identity`` gives.
    :ivar refusal: why nobody is signed in; ``None`` where somebody is, or
        where nothing was shown.
    :ivar error: what is raised instead of an answer.
    """

    identity: Identity | None = None
    user: Any = None
    refusal: Refusal | None = None
    error: Exception | None = None

    def raise_where_answerable(self, request: Any) -> None:
        """Raise the error, if there is one and an exception view can answer
        it: not before routing, where pyramid_tm asks, and not inside an
        exception view.
        """
        if self.error is None or request.exception is not None:
            return
        if request.matched_route is None and "context" not in vars(request):
            return
        raise self.error


class PolicyState(RequestState):
    """The state of a request under the security policy.

    :ivar rules: what the settings say.
    :ivar judged: what the credentials came to, by the names of the
        authenticators that were asked.
    :ivar is_judging: whether this is being decided just now.
    :ivar slides: whether a token that is due may be renewed.
    :ivar carries_token: whether the response's body may show a token.
    :ivar signed_in: whom ``remember`` signed in; ``None`` after ``forget``.
    """

    is_judging = False
    slides = True
    carries_token = False
    signed_in: Identity | None = None

    def __init__(self, rules: Rules) -> None:
        # Each request makes one: no call of the base class.
        self.answers = {}
        self.rules = rules
        self.judged: dict[tuple[str, ...], Judged] = {}

    @property
    def decided(self) -> bool:
        """Whether ``remember`` or ``forget`` ran."""
        return self.status >= Status.SET

    def sign_in(self, identity: Identity | None) -> None:
        """From now on this is who the request is; ``None`` for nobody."""
        self.status = Status.DELETE if identity is None else Status.SET
        self.signed_in = identity
        self.judged.clear()
