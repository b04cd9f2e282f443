"""Examples, which ``-h`` shows."""

from __future__ import annotations

_EXAMPLES = {
    "keygen": (
        "keygen --out sessiontoken.jwks",
        "keygen --add sessiontoken.jwks",
        "keygen --alg ES256 --out tokens.jwks",
    ),
    "check": (
        "check production.ini",
        "check production.ini --all",
        "check production.ini --set http_port=8080 --json",
    ),
    "issue": (
        "issue development.ini alice",
        "issue development.ini int:42 --claim 'roles=[\"editor\"]'",
    ),
    "explain": (
        "explain production.ini eyJhbGciOi...",
        "explain production.ini 'Cookie: __Host-sessiontoken=0.AbCd...'",
        "explain production.ini - < token.txt",
    ),
    "sessions": ("sessions production.ini", "sessions production.ini 42"),
    "revoke": (
        "revoke production.ini --user 42",
        "revoke production.ini --sid wX0nDqVbCq5kq1m1c7rD2w",
    ),
    "purge": ("purge production.ini",),
    "openapi": ("openapi production.ini > session-tokens.json",),
}


def examples_of(command: str) -> str:
    """Write the examples of a command."""
    lines = (f"  psessiontoken {words}" for words in _EXAMPLES[command])
    return "\n".join(("examples:", *lines))
