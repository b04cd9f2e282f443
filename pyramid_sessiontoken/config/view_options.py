"""What a view may ask of the session: ``sessiontoken_max_age``,
``sessiontoken_amr`` and ``sessiontoken_check``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Any

from pyramid.exceptions import ConfigurationError
from pyramid.httpexceptions import HTTPException, HTTPForbidden
from pyramid.viewderivers import INGRESS

from ..policy.authentication import is_method
from ..policy.stepup import Demand, StepUpRequired, require_sign_in
from ..policy.strict import check_now
from ..views.forbidden import forbidden
from ..views.stepup import step_up
from .forbidden import name_of
from .kinds import DURATION
from .setup import Setup

MAX_AGE = "sessiontoken_max_age"
AMR = "sessiontoken_amr"
CHECK = "sessiontoken_check"

#: The only value of ``sessiontoken_check``.
NOW = "now"

#: Where the registry keeps the names of views that have it.
CHECKED = "pyramid_sessiontoken.checked_views"

#: Where the registry keeps whether a session can be ended, once the settings
#: are read.
CAN_REVOKE = "pyramid_sessiontoken.can_revoke"

NOT_REVOCABLE = (
    "nothing can be revoked, so there is nothing to ask: it needs"
    " sessiontoken.repository, and revocation = on or tokens that are"
    " references"
)

View = Callable[[Any, Any], Any]


def add_view_options(config: Any) -> None:
    """Add the options to ``config.add_view`` (Pyramid's view derivers)."""
    for name, deriver, under, over in (
        # Before the permission: another answer may decide then.
        ("check", check_view, INGRESS, "secured_view"),
        # Pyramid may call a view without its permission; see
        # pyramid.view.render_view.
        ("check_inside", check_view, "secured_view", "sessiontoken_sign_in"),
        ("sign_in", sign_in_view, "secured_view", "csrf_view"),
    ):
        config.add_view_deriver(
            deriver, f"sessiontoken_{name}", under=under, over=over
        )


def check_view(view: View, info: Any) -> View:
    """Derive a view for which the repository itself is asked."""
    value = info.options.get(CHECK)
    if value is None:
        return view
    if value != NOW:
        raise ConfigurationError(f"{CHECK}: found {value!r}; allowed: {NOW!r}")
    registry = info.registry
    registry.setdefault(CHECKED, set()).add(name_of(info.original_view))
    if not registry.get(CAN_REVOKE, True):
        raise ConfigurationError(f"{CHECK}: {NOT_REVOCABLE}")
    return _after(view, check_now)


check_view.options = (CHECK,)  # type: ignore[attr-defined]


def sign_in_view(view: View, info: Any) -> View:
    """Derive a view that needs a new sign-in."""
    max_age, amr = info.options.get(MAX_AGE), info.options.get(AMR)
    if max_age is None and amr is None:
        return view
    demand = Demand(
        None if max_age is None else _read_max_age(max_age),
        () if amr is None else _read_amr(amr),
    )
    return _after(view, lambda request: require_sign_in(request, demand))


sign_in_view.options = (MAX_AGE, AMR)  # type: ignore[attr-defined]


def check_strict(setup: Setup, strict: str, *, can_revoke: bool) -> None:
    """Tell what asks the repository where it could say nothing.

    :param strict: ``revocation.strict``.
    """
    registry = setup.registry
    registry[CAN_REVOKE] = can_revoke
    if can_revoke:
        return
    if strict != "never":
        setup.fault("revocation.strict", NOT_REVOCABLE)
    views: Iterable[str] = registry.get(CHECKED, ())
    setup.faults.extend(
        f"{CHECK} of the view {name}: {NOT_REVOCABLE}"
        for name in sorted(views)
    )


def _after(view: View, require: Callable[[Any], None]) -> View:
    """Derive a view that is called if a requirement holds."""

    def derived(context: Any, request: Any) -> Any:
        try:
            require(request)
        except HTTPException as error:
            if request.exception is None or context is not request.exception:
                raise
            return _answer_in_exception_view(error, request)
        return view(context, request)

    return derived


def _answer_in_exception_view(error: HTTPException, request: Any) -> Any:
    """Answer what an exception view needs and lacks. Pyramid finds no view for
    an exception that an exception view raises.
    """
    if not isinstance(request.exception, HTTPForbidden):
        return request.invoke_exception_view(sys.exc_info())
    # The view for this exception may be the one that raised it.
    if isinstance(error, StepUpRequired):
        return step_up(error, request)
    if isinstance(error, HTTPForbidden):
        return forbidden(error, request)
    return error


def _read_max_age(value: Any) -> int:
    if value is True:
        return value
    try:
        return int(DURATION.read(value))
    except ValueError as error:
        raise ConfigurationError(
            f"{MAX_AGE}: {error}, found {value!r}; allowed: True, or"
            f" {DURATION.allowed}"
        ) from error


def _read_amr(value: Any) -> tuple[str, ...]:
    methods = (value,) if isinstance(value, str) else value
    good = isinstance(methods, tuple) and all(map(is_method, methods))
    if not good or not methods:
        raise ConfigurationError(
            f"{AMR}: found {value!r}; allowed: a text of 1 to 40 printable"
            " ASCII characters, or a tuple of such texts"
        )
    return tuple(methods)
