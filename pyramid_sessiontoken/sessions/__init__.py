"""Sessions: begun, renewed, kept and ended."""

from __future__ import annotations

from .lifecycle import IssuedToken
from .stored import SessionInfo

__all__ = ["IssuedToken", "SessionInfo"]
