"""Run contenders in this environment, by orders from a pipe.

One JSON object a line: ``{"do": "take", "name": "trivial", "count": 300}``
is answered by ``{"result": ...}`` or ``{"error": ...}``.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import traceback
from collections.abc import Callable
from statistics import median
from typing import Any

import calls
import stalls
import waiting
from job import Job, make_job

Claims = dict[str, Any]


class Worker:
    """The contenders that were loaded, by name."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}

    def load(self, name: str, made_by: str) -> None:
        """Make a contender and check it."""
        job = make_job(made_by)
        calls.check(job)
        self._jobs[name] = job

    def take(self, name: str, count: int) -> int:
        return calls.take(self._jobs[name], count)

    def take_waiting(self, name: str, count: int, threads: int) -> float:
        return waiting.take(self._jobs[name], count, threads)

    def find_stalls(
        self, name: str, count: int, collector: bool
    ) -> list[float]:
        """Give the median, and the slowest, in nanoseconds."""
        took = sorted(stalls.take(self._jobs[name], count, collector))
        return [median(took), *took[: -stalls.SLOWEST - 1 : -1]]

    def measure_entry(self, claims: Claims) -> float:
        # Peers' environments lack the library.
        import memory

        return memory.measure_entry(claims)

    def measure_most(self, claims: Claims, count: int) -> list[float]:
        import memory

        return memory.measure_most(claims, count)

    def count_garbage(self, name: str, count: int) -> int:
        return calls.count_garbage(self._jobs[name], count)


def serve(lines: Any, answer: Callable[[Any], None]) -> None:
    worker = Worker()
    for line in lines:
        order = json.loads(line)
        try:
            result = getattr(worker, order.pop("do"))(**order)
            answer({"result": result})
        except Exception:  # noqa: BLE001
            # Any error of a contender is sent to the benchmark to be printed.
            answer({"error": traceback.format_exc()})


def main() -> None:
    # The output of a contender must not come between the answers.
    pipe = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    # As in production: warnings are logged, to no place.
    logging.basicConfig(
        level=logging.WARNING, handlers=[logging.NullHandler()]
    )

    def answer(message: Any) -> None:
        pipe.write(json.dumps(message) + "\n")
        pipe.flush()

    serve(sys.stdin, answer)


if __name__ == "__main__":
    main()
