"""``forbidden_view`` and ``login_url``: the answer to ``HTTPForbidden``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from pyramid.config.predicates import DEFAULT_PHASH, MAX_ORDER
from pyramid.config.views import MultiView
from pyramid.httpexceptions import HTTPForbidden
from pyramid.interfaces import (
    IAcceptOrder,
    IExceptionViewClassifier,
    IMultiView,
    IRequest,
    IRoutesMapper,
    ISecuredView,
    IView,
)
from zope.interface import implementedBy

from ..views.forbidden import forbidden
from .kinds import BOOL, Kind, read_text
from .row import Group, setting
from .setup import Setup

_HOST = re.compile(r"[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]")
_OF_HEADERS = re.compile(r"[\x21-\x7e]*")


def read_login_url(value: Any) -> str:
    text = read_text(value)
    if text.startswith("/"):
        # Browsers take // and /\ for the beginning of a host.
        if text.startswith("//") or "\\" in text:
            raise ValueError("it needs exactly one leading slash, and no \\")
    elif re.match("[a-z]+:/", text, re.IGNORECASE):
        _check_url(text)
    else:
        return text  # The name of a route.
    if _OF_HEADERS.fullmatch(text) is None:
        raise ValueError("what is no ASCII must be percent-encoded")
    return text


def _check_url(text: str) -> None:
    if not text.startswith("https://"):
        raise ValueError("a URL begins with https://")
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:
        raise ValueError("it is no URL") from None
    host = url.netloc.removesuffix(f":{port}")
    if _HOST.fullmatch(host) is None or "\\" in text:
        raise ValueError("a URL has a host, and no user")


LOGIN_URL = Kind(
    "a path that begins with /, an https URL, or the name of a route",
    read_login_url,
)


@dataclass(frozen=True, slots=True)
class ForbiddenSettings(Group):
    """The answer to ``HTTPForbidden``."""

    view: bool = setting(
        BOOL,
        "true",
        "Answer HTTPForbidden, unless the application or a plugin does: 401,"
        " 403, or 302 to login_url.",
        key="forbidden_view",
    )
    login_url: str | None = setting(
        LOGIN_URL,
        None,
        "Where a browser is sent from a page that needs a user: a path below"
        " the application's own, a route name or an https URL; the way back"
        " is added as ?next=.",
        key="login_url",
    )


def check_login_route(setup: Setup, key: str, url: str | None) -> None:
    """Tell where a sign-in page is neither path, nor URL, nor route."""
    if url is None or url.startswith(("/", "https://")):
        return
    mapper = setup.registry.queryUtility(IRoutesMapper)
    route = None if mapper is None else mapper.get_route(url)
    try:
        found = route is not None and bool(route.generate({}))
    except KeyError:
        found = False
    if not found:
        setup.fault(
            key,
            "neither a path that begins with /, nor an https URL, nor a route"
            f" without parts to fill in: {url!r}",
        )


def register_forbidden_view(setup: Setup) -> None:
    """Answer ``HTTPForbidden`` where neither the application nor another
    plugin does, with a warning where one does.
    """
    whole = register_beside(setup.registry, forbidden, HTTPForbidden)
    if whole is not None:
        setup.warn(_REPLACED.format(name_of(whole)))


def register_beside(
    registry: Any, ours: Any, exception: type, request_type: Any = IRequest
) -> Any:
    """Answer an exception where no other view does. This is no action: it
    could conflict with theirs.

    A view with predicates stands beside ours; one without takes its place.

    :param request_type: the interface of a route's requests.
    :return: the view that takes the place of ours, or ``None``.
    """
    adapters = registry.adapters
    required = (
        IExceptionViewClassifier,
        request_type,
        implementedBy(exception),  # type: ignore[no-untyped-call]
    )
    found = [adapters.registered(required, kind) for kind in _KINDS]
    there = next((view for view in found if view is not None), None)
    if there is None:
        registry.registerAdapter(ours, required, IView)
        return None
    whole = _view_for_all(there)
    if whole is not None:
        return whole
    views = there
    if not IMultiView.providedBy(there):
        views = MultiView("")
        views.add(
            there,
            getattr(there, "__order__", MAX_ORDER),
            there.__phash__,
            getattr(there, "__accept__", None),
            registry.queryUtility(IAcceptOrder),
        )
        for kind in (IView, ISecuredView):
            adapters.unregister(required, kind, "")
        registry.registerAdapter(views, required, IMultiView)
    views.add(ours, MAX_ORDER, DEFAULT_PHASH)
    return None


def is_answered(registry: Any, exception: type, request_type: Any) -> bool:
    """Tell whether a view for the requests of one route answers an exception,
    or a base class of it.
    """
    registered = registry.adapters.registered
    bases = implementedBy(exception).__sro__  # type: ignore[no-untyped-call]
    return any(
        registered((IExceptionViewClassifier, request_type, base), kind)
        for base in bases
        for kind in _KINDS
    )


#: As Pyramid looks for views.
_KINDS = (IView, ISecuredView, IMultiView)

_REPLACED = (
    "{} answers HTTPForbidden in place of this library: unknown users may get"
    " 403 without challenges, and no redirect to sessiontoken.login_url"
    " (cornice: handle_exceptions = false; a view of your own:"
    " pyramid_sessiontoken.challenges; sessiontoken.forbidden_view = false"
    " where that is meant)"
)


def _view_for_all(there: Any) -> Any:
    """Give the view without predicates, ``None`` where each has some."""
    if not IMultiView.providedBy(there):
        phash = getattr(there, "__phash__", DEFAULT_PHASH)
        return there if phash == DEFAULT_PHASH else None
    return next(
        (view for _, view, phash in there.views if phash == DEFAULT_PHASH),
        None,
    )


def name_of(view: Any) -> str:
    original = getattr(view, "__original_view__", view)
    name = getattr(original, "__qualname__", None)
    if name is None:
        return repr(original)
    return f"{original.__module__}.{name}"
