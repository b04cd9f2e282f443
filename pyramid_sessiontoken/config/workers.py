"""Whether other processes serve the same application."""

from __future__ import annotations

import os
import sys


def has_several_workers() -> bool:
    """Guess, from what common servers set or import."""
    several = os.environ.get("WEB_CONCURRENCY", "") not in ("", "0", "1")
    return several or "gunicorn" in sys.modules or "uwsgi" in sys.modules
