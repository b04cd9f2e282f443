"""A genuine session, without signing in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pyramid.request import Request
from pyramid.scripting import prepare

from .. import clock
from ..config.settings import SETTINGS, Settings
from ..cookies.jar import Headers
from ..errors import SessionTokenError
from ..identity.identity import Identity
from ..identity.userid import Userid
from ..interfaces import IForgetfulRepository, ITokenRepository
from ..policy.security_policy import POLICY, policy_of
from ..policy.signin import identity_for, issue, remember

#: Where middleware keeps the application that it wraps.
_INNER = ("app", "application")


def signed_in(  # noqa: PLR0913, PLR0917
    app: Any,
    userid: Userid | Identity,
    claims: Mapping[str, Any] | None = None,
    amr: str | Sequence[str] = (),
    auth_time: int | None = None,
    cookie: bool = False,
) -> dict[str, str]:
    """Begin a session, and give the request headers that carry it.

    It is as genuine as one that ``request.sessiontoken.issue`` begins: the
    claims transformer runs, ``sessiontoken.stamp`` is asked, the limit of
    sessions counts it, and subscribers are told. ::

        app.get("/orders", headers=signed_in(app, "alice"))

    :param app: a Pyramid application, a WebTest ``TestApp`` around one, or
        middleware that keeps it as ``app`` or ``application``.
    :param userid: or an identity, as for ``issue``.
    :param amr: how the user was authenticated (RFC 8176).
    :param auth_time: when, in seconds since the epoch; ``None`` for now, by
        the clock of the application. The session ends as long after it as the
        settings say. Its token is fresh.
    :param cookie: whether the session travels in the cookie.
    :raises TypeError: for another kind of application.
    :raises ValueError: for an ``auth_time`` in the future, and for one whose
        session would have ended by now.
    :raises SessionTokenError: where the application does not take sessions
        from there.
    """
    registry = _registry_of(app)
    if auth_time is not None:
        _let_begin_at(registry, auth_time)
    request = Request.blank("/", base_url="https://localhost")
    request.registry = registry
    with prepare(request=request, registry=registry):
        policy = policy_of(request)
        _require(policy.rules.names, "cookie" if cookie else "session")
        identity = identity_for(request, userid, claims)
        how = policy.how(request, userid, amr or None)._replace(at=auth_time)
        state = policy.state(request)
        # No response tells whether it reached a client.
        state.is_settled = True
        if cookie:
            return _shown_again(remember(request, state, identity, None, how))
        event = issue(request, state, identity, how)
        return _in_header(registry[SETTINGS], event.issued.access_token)


def _registry_of(app: Any) -> Any:
    """Find the registry of an application."""
    seen: set[int] = set()
    inner = app
    while inner is not None and id(inner) not in seen:
        seen.add(id(inner))
        registry = getattr(inner, "registry", None)
        if isinstance(registry, Mapping) and POLICY in registry:
            return registry
        inner = next(
            (
                found
                for name in _INNER
                if (found := getattr(inner, name, None)) is not None
            ),
            None,
        )
    raise TypeError(
        f"{app!r} is not a Pyramid application that includes"
        " pyramid_sessiontoken, nor does it wrap one as 'app' or 'application'"
    )


def _let_begin_at(registry: Any, auth_time: int) -> None:
    """Let a session have begun at a time that was.

    :raises ValueError: for a time that is still to come.
    """
    if auth_time > clock.now(registry):
        raise ValueError("auth_time is in the future")
    repository = registry.queryUtility(ITokenRepository)
    if IForgetfulRepository.providedBy(repository):
        # Sessions from before it began count as ended.
        repository.began = min(repository.began, auth_time)
        revocations = registry[POLICY].rules.stored.revocations
        if revocations is not None:
            revocations.forget_answers()


def _require(names: tuple[str, ...], name: str) -> None:
    if name not in names:
        raise SessionTokenError(
            f"sessiontoken.authenticators does not name {name!r}"
        )


def _in_header(settings: Settings, text: str) -> dict[str, str]:
    header = settings.token.header
    if header.lower() != "authorization":
        return {header: text}
    return {header: f"{settings.token.scheme} {text}"}


def _shown_again(headers: Headers) -> dict[str, str]:
    """Give what a browser sends after it got these headers."""
    pairs = [value.partition(";")[0] for _, value in headers]
    return {"Cookie": "; ".join(p for p in pairs if not p.endswith("="))}
