"""The applications of the docs."""

import os
import sys

from support.pages import DOCS

APPLICATIONS = DOCS / "applications"


def environment(folder):
    """Give what a process needs to import the application of a folder."""
    paths = [str(folder), *filter(None, sys.path)]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def put(text, changes):
    """Put what is here in the place of what the docs name."""
    for shown, here in changes.items():
        assert shown in text, shown
        text = text.replace(shown, str(here))
    return text
