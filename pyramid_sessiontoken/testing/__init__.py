"""Help for the tests of applications and of repositories."""

from __future__ import annotations

from .manual_clock import ManualClock
from .repository import RepositoryContract
from .signed_in import signed_in

__all__ = ["ManualClock", "RepositoryContract", "signed_in"]
