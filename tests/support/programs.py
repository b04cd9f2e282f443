"""Programs that tests start."""

import os

import pytest


def lack(what):
    """Skip a test that lacks something; fail it where the variable ``CI`` is
    set.
    """
    if os.environ.get("CI"):
        pytest.fail(f"{what} is needed, and is not here")
    pytest.skip(f"{what} is not here")
