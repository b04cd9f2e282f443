"""Programs that tests start."""

import os

import pytest


def lack(what):
    """Skip for want of something; where everybody relies on the answer (the
    variable ``CI``), fail.
    """
    if os.environ.get("CI"):
        pytest.fail(f"{what} is needed, and is not here")
    pytest.skip(f"{what} is not here")
