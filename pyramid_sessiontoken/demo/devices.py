"""What a browser calls itself, for people to read."""

from __future__ import annotations

#: What User-Agent has, and what it means; the first that fits counts.
_PROGRAMS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
    ("python", "a Python program"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)

#: A phone that signs in where nobody has one at hand.
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605"
    " (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604"
)


def device_name(user_agent: str) -> str:
    """Name a browser and its system, say "Chrome on Linux"."""
    program = _first(_PROGRAMS, user_agent) or "An unknown program"
    system = _first(_SYSTEMS, user_agent)
    return f"{program} on {system}" if system else program


def ago(seconds: float) -> str:
    """Tell how long ago something was, say "2 minutes ago"."""
    for size, unit in ((3600, "hour"), (60, "minute"), (1, "second")):
        count = int(seconds) // size
        if count > 0:
            return f"{count} {unit}{'s' * (count > 1)} ago"
    return "just now"


def _first(names: tuple[tuple[str, str], ...], text: str) -> str | None:
    return next((name for sign, name in names if sign in text), None)
