"""The security policy: who is it, and may they."""

from __future__ import annotations

from .security_policy import SessionTokenPolicy

__all__ = ["SessionTokenPolicy"]
