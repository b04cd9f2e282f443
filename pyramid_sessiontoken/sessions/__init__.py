"""Sessions: issue, redeem, renew, revoke."""

from __future__ import annotations

from .issued import IssuedToken
from .stored import SessionInfo

__all__ = ["IssuedToken", "SessionInfo"]
