"""``{javascript.path}``: the client for pages."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from .public import publish

#: Seconds for which a cache may keep it.
MAX_AGE = 3600


def javascript(context: Any, request: Any) -> Any:
    """Answer with ``sessiontoken.js``."""
    return publish(request, _script(), MAX_AGE, "text/javascript")


@cache
def _script() -> bytes:
    static = files("pyramid_sessiontoken") / "static"
    return (static / "sessiontoken.js").read_bytes()
