"""A panel for pyramid_debugtoolbar (see docs/howto/debugtoolbar.rst)."""

from .panel import SessionTokenPanel, includeme

__all__ = ["SessionTokenPanel", "includeme"]
