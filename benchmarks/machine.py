"""What a run ran on: the date, the versions, the kind of machine."""

from __future__ import annotations

import os
import platform
import re
from datetime import datetime, timezone
from importlib.metadata import version

PACKAGES = {
    "Pyramid": "pyramid",
    "PyJWT": "pyjwt",
    "cryptography": "cryptography",
    "redis-py": "redis",
    "SQLAlchemy": "sqlalchemy",
}


def describe() -> str:
    """Give a sentence. It has no name of a host."""
    date = datetime.now(timezone.utc).date().isoformat()
    versions = ", ".join(
        f"{name} {version(package)}" for name, package in PACKAGES.items()
    )
    kind = f"{platform.system()} on {_processor()}"
    return (
        f"Measured on {date} with"
        f" {platform.python_implementation()} {platform.python_version()},"
        f" {versions}; {kind}, {os.cpu_count()} cores."
    )


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            found = re.search(r"model name\s*:\s*(.+)", file.read())
    except OSError:
        found = None
    return found[1] if found else platform.processor() or platform.machine()
