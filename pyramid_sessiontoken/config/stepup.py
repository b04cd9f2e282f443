"""``stepup.*``: views that need a new sign-in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pyramid.interfaces import IRouteRequest, IRoutesMapper

from ..policy.stepup import StepUpRequired
from ..views.stepup import step_up
from .forbidden import LOGIN_URL, is_answered, register_beside
from .kinds import DURATION
from .row import Group, setting


@dataclass(frozen=True, slots=True)
class StepUpSettings(Group):
    """Views that need a new sign-in."""

    max_age: int = setting(
        DURATION,
        "5m",
        "How old a sign-in may be for a view with sessiontoken_max_age=True.",
    )
    url: str | None = setting(
        LOGIN_URL,
        None,
        "Where a browser is sent from a page that needs a new sign-in; without"
        " it, to login_url. The way back is added as ?next=, and what is"
        " needed as max_age= or amr=.",
    )


def register_step_up_view(registry: Any) -> None:
    """Answer ``StepUpRequired`` where the application does not, whichever view
    answers ``HTTPForbidden``.
    """
    if register_beside(registry, step_up, StepUpRequired) is not None:
        return
    # A view for one route comes before those for all, even if its exception
    # is a base class of ours.
    mapper = registry.queryUtility(IRoutesMapper)
    routes = [] if mapper is None else mapper.get_routes(include_static=True)
    for route in routes:
        request_type = registry.queryUtility(IRouteRequest, route.name)
        if is_answered(registry, StepUpRequired, request_type):
            register_beside(registry, step_up, StepUpRequired, request_type)
