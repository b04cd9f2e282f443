"""The command line: ``psessiontoken``."""

from .main import main

__all__ = ["main"]
