"""When and how the user of a request was authenticated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from .. import clock
from ..authenticators.names import ACCESS_TOKEN
from ..authenticators.state import RequestState
from ..errors import ClaimsError
from ..identity.identity import Identity
from ..identity.ticket import Ticket
from ..identity.userid import Userid
from ..interfaces import IAuthenticator
from ..sessions.amr import amr_of, authenticators_of
from .state import PolicyState

if TYPE_CHECKING:
    from ..sessions.sealed_access_tokens import AccessToken

#: The most methods of one sign-in, and the most characters of each.
MAX_METHODS = 10
MAX_METHOD = 40


class How(NamedTuple):
    """How the user of a session that begins was authenticated.

    :ivar amr: the methods (RFC 8176); ``None`` if the authenticator tells.
    :ivar began: as in ``Ticket.began``.
    :ivar is_told: whether the application names the methods.
    :ivar until: when the session ends at the latest, in seconds since the
        epoch; ``None`` if its settings alone decide.
    :ivar at: when the session began, for tests; ``None`` for now.
    """

    amr: tuple[str, ...] | None = None
    began: Mapping[str, Any] = MappingProxyType({})
    is_told: bool = False
    until: int | None = None
    at: int | None = None

    def ending_with(self, token: AccessToken | None) -> How:
        """Let the session end with an access token, if there is one."""
        if token is None:
            return self
        began = {**self.began, "token": token.id}
        until = min(self.until or token.expires, token.expires)
        return self._replace(began=began, until=until)

    def ending_with_issuer(self, began: Mapping[str, Any]) -> How:
        """Let the session end with that of another issuer, if there is one.

        :param began: members of ``Ticket.began``.
        """
        if not began:
            return self
        return self._replace(began={**self.began, **began})


#: Members of ``Ticket.began``: the session of another issuer with which the
#: session ends.
OF_ISSUER = ("iss_sid", "iss_sub", "iss_at")

#: As the authenticator tells, just now.
BY_AUTHENTICATOR = How()


def auth_time_of(
    request: Any, state: PolicyState, identity: Identity | None
) -> int | None:
    """Give the time at which the user signed in, in seconds since the epoch.
    Of several credentials that name the user, the latest time.

    ``None`` for an unknown user, and where no credential tells a sign-in: a
    program's key is shown again and again by itself.
    """
    if identity is None:
        return None
    times = [
        time
        for each in vouching(state, identity)
        if each.userid is not None
        and (time := _time_of(request, state, each)) is not None
    ]
    return max(times, default=None)


def methods_of(
    request: Any, state: PolicyState, identity: Identity | None
) -> tuple[str, ...]:
    """Tell how the user was authenticated (RFC 8176): the methods of all that
    vouch, each once. Empty for an unknown user.
    """
    if identity is None:
        return ()
    methods: dict[str, None] = {}
    for each in vouching(state, identity):
        if each.ticket is not None:
            methods.update(dict.fromkeys(each.ticket.amr))
        else:
            by = methods_by(request.registry, each.authenticator)
            methods.update(dict.fromkeys(by))
    return tuple(methods)


def is_acted_for(state: PolicyState, identity: Identity) -> bool:
    """Tell whether somebody else acts for the user."""
    return actor_of(state, identity) is not None


def actor_of(state: PolicyState, identity: Identity) -> Userid | None:
    """Name the user who acts for another, in one of the sessions that vouch;
    ``None`` where nobody does.
    """
    for each in vouching(state, identity):
        if each.ticket is not None and each.ticket.actor is not None:
            return each.ticket.actor
    return None


def auth_time_of_session(ticket: Ticket) -> int | None:
    """Give the time at which the user of a session signed in: the credential
    with which it began may tell an earlier one, or none.
    """
    time: int | None = ticket.began.get("at", ticket.auth_time)
    return time


def how_of(request: Any, state: PolicyState, identity: Identity) -> How:
    """Tell how the user of an identity was authenticated, for a session that
    begins now.
    """
    ticket = identity.ticket
    began: dict[str, Any] = {}
    names = identity.authenticator.split()
    if ticket is not None or tells_time_itself(request, names):
        time = auth_time_of(request, state, identity)
        if time is None or time < clock.now(request.registry):
            began["at"] = time
    token = state.access_token if ACCESS_TOKEN in names else None
    for name in names:
        began.update(state.began.get(name, ()))
    if ticket is None:
        return How(began=began).ending_with(token)
    until = None
    if "by" in ticket.began:
        began["by"] = ticket.began["by"]
    for name in OF_ISSUER:
        if name in ticket.began:
            began[name] = ticket.began[name]
    if "token" in ticket.began:
        began["token"] = ticket.began["token"]
        until = ticket.session_end
    return How(ticket.amr, began, until=until).ending_with(token)


def signed_in(request: Any, state: PolicyState, identity: Identity) -> bool:
    """Tell whether the user of a request signed in: in the session that is
    shown, or by showing the credential. A token that tells a sign-in elsewhere
    does not count.
    """
    return any(
        _is_sign_in(request, each.authenticator)
        if each.ticket is None
        else auth_time_of_session(each.ticket) is not None
        for each in vouching(state, identity)
        if each.userid is not None
    )


def methods_by(registry: Any, authenticators: str) -> tuple[str, ...]:
    """Name how authenticators authenticate users (RFC 8176). A shipped one
    under another name has the method of the shipped one.

    :param authenticators: their names, separated by blanks.
    """
    methods: list[str] = []
    for name in authenticators.split():
        found = registry.queryUtility(IAuthenticator, name)
        told = getattr(found, "amr", None)
        methods += (told,) if isinstance(told, str) else amr_of(name)
    return tuple(methods)


def told_by(
    how: How, methods: tuple[str, ...], authenticator: str
) -> dict[str, Any]:
    """Write how a session begins, as in ``Ticket.began``.

    :param methods: how the user was authenticated.
    :param authenticator: that vouches for the user.
    """
    is_kept = how.amr is not None and not how.is_told
    if is_kept or authenticators_of(methods) == authenticator:
        return dict(how.began)
    return {**how.began, "by": authenticator}


def check_amr(value: Any) -> tuple[str, ...]:
    """Check the methods of a sign-in that the application names.

    :param value: a text, or a sequence of texts.
    :raises ClaimsError: for anything that no token can carry.
    """
    methods = (value,) if isinstance(value, str) else value
    if not isinstance(methods, Sequence):
        raise ClaimsError("amr is neither a text nor a sequence of texts")
    if not 1 <= len(methods) <= MAX_METHODS:
        raise ClaimsError(f"amr has 1 to {MAX_METHODS} texts")
    for method in methods:
        if not is_method(method):
            raise ClaimsError(
                f"amr has texts of 1 to {MAX_METHOD} printable ASCII"
                " characters"
            )
    return tuple(map(str, methods))


def is_method(value: Any) -> bool:
    """Tell whether a value can be the name of a method."""
    return (
        isinstance(value, str)
        and 1 <= len(value) <= MAX_METHOD
        and value.isascii()
        and value.isprintable()
    )


def tells_time_itself(request: Any, names: Iterable[str]) -> bool:
    """Tell whether one of some authenticators takes credentials that are shown
    without a sign-in.
    """
    return not all(_is_sign_in(request, name) for name in names)


def vouching(state: RequestState, identity: Identity) -> Iterator[Identity]:
    """Give the identity, or each of those that it is made of."""
    names = identity.authenticator.split()
    if len(names) <= 1:
        yield identity
        return
    for name in names:
        answer = state.answers.get(name)
        if isinstance(answer, Identity):
            yield answer


def _time_of(
    request: Any, state: PolicyState, identity: Identity
) -> int | None:
    if identity.ticket is not None:
        return auth_time_of_session(identity.ticket)
    if _is_sign_in(request, identity.authenticator):
        return clock.now(request.registry)
    return state.times.get(identity.authenticator)


def _is_sign_in(request: Any, name: str) -> bool:
    """Tell whether the user signs in by showing the credential. Authenticators
    of keys and tokens, which programs show, have a false ``is_sign_in``.
    """
    authenticator = request.registry.queryUtility(IAuthenticator, name)
    return bool(getattr(authenticator, "is_sign_in", True))
