"""Who a request is: userid, claims and ticket."""

from __future__ import annotations

from .identity import Identity

__all__ = ["Identity"]
