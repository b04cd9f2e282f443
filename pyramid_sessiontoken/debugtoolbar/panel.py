"""The panel in the toolbar."""

from __future__ import annotations

import logging
from typing import Any

from pyramid.exceptions import ConfigurationError
from pyramid_debugtoolbar.panels import DebugPanel

from .findings import Findings, find, not_known

log = logging.getLogger("pyramid_sessiontoken")

_UNFINISHED = not_known("The request is not finished.")


class SessionTokenPanel(DebugPanel):  # type: ignore[misc]
    """Shows what became of the credentials and the session of a request.

    The library decides after the toolbar has seen the response, so the panel
    looks when the request is finished. It keeps texts, never a credential.
    """

    name = "sessiontoken"
    title = nav_title = "Session token"
    template = "pyramid_sessiontoken:debugtoolbar/panel.dbtmako"
    has_content = True

    def __init__(self, request: Any) -> None:
        self._findings = _UNFINISHED
        request.add_finished_callback(self._finish)

    @property
    def nav_subtitle(self) -> str:
        return self._findings.verdict

    def _finish(self, request: Any) -> None:
        try:
            self._findings = find(request)
        except Exception as error:
            # The request must not fail because it is looked at. The error may
            # contain what the panel must not show.
            log.exception("the toolbar panel cannot tell of a request")
            self._findings = not_known(
                f"The panel failed with {type(error).__name__}: see the log."
            )

    def render_vars(self, request: Any) -> dict[str, Findings]:
        return {"findings": self._findings}


def includeme(config: Any) -> None:
    """Add the panel. ``debugtoolbar.includes`` names this module."""
    if not hasattr(config, "add_debugtoolbar_panel"):
        raise ConfigurationError(
            "pyramid_sessiontoken.debugtoolbar is for debugtoolbar.includes,"
            " not for pyramid.includes"
        )
    config.add_debugtoolbar_panel(SessionTokenPanel)
