"""The applications of the docs pass their own tests."""

import subprocess
import sys

import pytest
from support.applications import APPLICATIONS, environment


@pytest.mark.server
@pytest.mark.parametrize("name", ["api", "pages"])
def test_an_application_passes_its_own_tests(name, request):
    folder = APPLICATIONS / name
    warnings = "\n".join(request.config.getini("filterwarnings"))
    words = [f"-ofilterwarnings={warnings}", "-q", "-pno:cacheprovider"]

    run = subprocess.run(  # noqa: S603
        [sys.executable, "-B", "-m", "pytest", *words],
        cwd=folder,
        # The plugins that are installed here are slow to import.
        env={**environment(folder), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stdout
