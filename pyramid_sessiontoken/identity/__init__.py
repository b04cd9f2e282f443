"""Who a user is, and the times of a session."""

from __future__ import annotations

from .identity import Identity

__all__ = ["Identity"]
