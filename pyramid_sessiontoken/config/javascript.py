"""``javascript.*``: the client for pages."""

from __future__ import annotations

from dataclasses import dataclass

from .kinds import Kind, off_or, read_path
from .row import Group, setting

PATH_OR_OFF = Kind("a path such as /sessiontoken.js or off", off_or(read_path))


@dataclass(frozen=True, slots=True)
class JavaScriptSettings(Group):
    """The client for pages."""

    path: str | None = setting(
        PATH_OR_OFF,
        "off",
        "Where sessiontoken.js is served, the client for pages, under the"
        " include's route_prefix.",
    )
