"""pyramid_sessiontoken, with authenticators that find no credential."""

from __future__ import annotations

from typing import Any

from contenders.ours import issue, show
from contenders.ours_app import make_ours
from job import CLAIMS, NOBODY, Job, break_signature, make_environ, same

#: In this order.
NAMES = ("session", "basic", "api_key", "remote_user", "cookie")


def find_nothing(number: int) -> Job:
    """Send no credential."""
    settings = {"authenticators": " ".join(NAMES[:number])}
    for name in ("basic", "api_key"):
        if name in NAMES[:number]:
            settings[f"{name}.check"] = f"{__name__}.refuse"
    app = make_ours(settings)
    token = issue(app, CLAIMS)
    good, bad = show(token), show(break_signature(token))
    return Job(app, same(make_environ()), NOBODY, good, bad)


def refuse(*shown: Any) -> None:
    """Check a password or an API key. No request of the benchmark has one."""
