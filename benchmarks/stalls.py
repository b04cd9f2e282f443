"""Requests that take far longer than the others."""

from __future__ import annotations

import gc
import time

from calls import call
from job import Environ, Job

#: So many that the memory of 10,000 tokens has to forget some, twice.
REQUESTS = 24_000

#: How often, to tell a stall from an accident.
REPEATS = 3

#: How many of the slowest are shown.
SLOWEST = 3


def take(job: Job, count: int, collector: bool) -> list[int]:
    """Give the processor time of each request of this thread in nanoseconds.

    :param collector: whether the cycle collector runs, as in production.
    """
    environs = job.draw(count)
    half = count // 2
    gc.collect()
    # What the benchmark itself keeps is not searched for cycles.
    gc.freeze()
    if not collector:
        gc.disable()
    try:
        took = _serve(job, environs[:half])
        if job.disturb is not None:
            job.disturb()
        return took + _serve(job, environs[half:])
    finally:
        gc.enable()
        gc.unfreeze()


def _serve(job: Job, environs: list[Environ]) -> list[int]:
    app, answer, took = job.app, job.answer, []
    for environ in environs:
        begin = time.thread_time_ns()
        body = call(app, environ)
        took.append(time.thread_time_ns() - begin)
        assert body == answer, body
    return took
