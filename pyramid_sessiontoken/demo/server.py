"""The server of the demo: waitress, at a port that the command line names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import waitress


def serve(app: Any, global_config: Mapping[str, str], listen: str) -> None:
    """Serve the demo, until it is interrupted.

    :param global_config: what stands behind the INI on the command line; its
        ``http_port`` counts before that of ``listen``.
    """
    host, _, port = listen.rpartition(":")
    port = global_config.get("http_port", port)
    waitress.serve(app, listen=f"{host}:{port}")
