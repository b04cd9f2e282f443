"""Names of authenticators that other files ask for."""

from __future__ import annotations

SESSION = "session"
COOKIE = "cookie"
CLIENT_CERTIFICATE = "client_certificate"
ACCESS_TOKEN = "access_token"  # noqa: S105
