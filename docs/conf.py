"""Sphinx: ``sphinx-build -W -n -b html docs docs/_build/html``."""

from __future__ import annotations

import sys
from importlib.metadata import version as version_of
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "pyramid_sessiontoken"
release = version = version_of(project)

extensions = ["sphinx.ext.autodoc", "also_called", "reference"]
exclude_patterns = ["_build"]
nitpicky = True
# Elsewhere: no inventory is fetched, so that the docs build without a network.
nitpick_ignore = [
    ("py:class", "uuid.UUID"),
    ("py:exc", "HTTPForbidden"),
    ("py:exc", "HTTPServiceUnavailable"),
    ("py:exc", "HTTPTooManyRequests"),
    # Behind request.sessiontoken, and not documented itself.
    ("py:meth", "StoredSessions.end"),
]

html_theme = "furo"
html_title = project
html_static_path = ["_static"]
html_css_files = ["brand.css"]
html_show_copyright = False

autodoc_member_order = "bysource"
autodoc_typehints = "none"
