"""The cost of ``import pyramid_sessiontoken`` in an application that imports
Pyramid and PyJWT anyway. The byte code is there already, as in production.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from statistics import median

RUNS = 21

#: It runs in a new process, because modules are imported once.
SCRIPT = """
import json, sys, time
begin = time.perf_counter()
import jwt, pyramid.authorization, pyramid.config, pyramid.router
middle = time.perf_counter()
before = set(sys.modules)
import pyramid_sessiontoken
end = time.perf_counter()
more = {name.partition(".")[0] for name in set(sys.modules) - before}
print(json.dumps([middle - begin, end - middle, sorted(more)]))
"""


@dataclass(frozen=True)
class Import:
    """Seconds, and the modules that were imported.

    :ivar alone: for Pyramid and PyJWT.
    :ivar ours: for the package, after them.
    :ivar ratio: of both together over Pyramid and PyJWT alone.
    :ivar modules: packages of the modules that were not imported before.
    """

    alone: float
    ours: float
    ratio: float
    modules: list[str]


def measure_import() -> Import:
    with tempfile.TemporaryDirectory(prefix="benchmark") as cache:
        environ = {**os.environ, "PYTHONPYCACHEPREFIX": cache}
        # Where it is set, every run would compile the package again.
        environ.pop("PYTHONDONTWRITEBYTECODE", None)
        # The first writes the byte code.
        runs = [_run(environ) for _ in range(RUNS + 1)][1:]
    return Import(
        median(alone for alone, _, _ in runs),
        median(ours for _, ours, _ in runs),
        median(1 + ours / alone for alone, ours, _ in runs),
        runs[0][2],
    )


def _run(environ: dict[str, str]) -> tuple[float, float, list[str]]:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT],
        check=True,
        capture_output=True,
        text=True,
        env=environ,
    )
    alone, ours, modules = json.loads(done.stdout)
    return alone, ours, modules
