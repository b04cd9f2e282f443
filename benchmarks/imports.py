"""The cost of ``import pyramid_sessiontoken`` in an application that imports
Pyramid and PyJWT anyway.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from statistics import median

RUNS = 11

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
    :ivar modules: top-level modules that were not imported before.
    """

    alone: float
    ours: float
    modules: list[str]


def measure_import() -> Import:
    # The first writes the byte code.
    runs = [_run() for _ in range(RUNS + 1)][1:]
    return Import(
        median(alone for alone, _, _ in runs),
        median(ours for _, ours, _ in runs),
        runs[0][2],
    )


def _run() -> tuple[float, float, list[str]]:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT],
        check=True,
        capture_output=True,
        text=True,
    )
    alone, ours, modules = json.loads(done.stdout)
    return alone, ours, modules
