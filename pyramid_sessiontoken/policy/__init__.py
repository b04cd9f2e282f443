"""The security policy."""

from __future__ import annotations

from .security_policy import SessionTokenPolicy

__all__ = ["SessionTokenPolicy"]
