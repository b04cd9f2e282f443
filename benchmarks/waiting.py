"""Requests that wait for a server or a file, by one thread or by several."""

from __future__ import annotations

import gc
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from calls import WARM_UP, call
from job import Environ, Job

#: Each contender is timed with these numbers of threads.
THREADS = (1, 4)

# The pools live as long as the worker, because some contenders keep a
# connection for each thread.
_crew = ThreadPoolExecutor(max(THREADS))


def take(job: Job, count: int, threads: int) -> float:
    """Time a number of requests, rounded up to equal shares of the threads.

    :return: nanoseconds of wall time for each request, from the moment when
        all threads are ready until the last one is done.
    """
    share = -(-count // threads)
    environs = job.draw(share + WARM_UP)
    began: list[int] = []
    # The last thread starts the clock, before it releases the others.
    ready = Barrier(
        threads, action=lambda: began.append(time.perf_counter_ns())
    )

    def work() -> tuple[int, int]:
        wrong = _serve(job, environs[share:])
        ready.wait(60)
        wrong += _serve(job, environs[:share])
        return time.perf_counter_ns(), wrong

    gc.collect()
    gc.disable()
    try:
        running = [_crew.submit(work) for _ in range(threads)]
        done = [each.result() for each in running]
    finally:
        gc.enable()
    wrong = sum(each for _, each in done)
    assert not wrong, f"{wrong} answers were wrong"
    took = max(end for end, _ in done) - began[0]
    return took / (share * threads)


def _serve(job: Job, environs: list[Environ]) -> int:
    """Give how many answers were wrong."""
    wrong = 0
    answer = job.answer
    if job.bare is not None:
        for _ in environs:
            wrong += job.bare() != answer
    else:
        for environ in environs:
            wrong += call(job.app, environ) != answer
    return wrong
