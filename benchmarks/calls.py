"""Requests in this process: no socket, no server."""

from __future__ import annotations

import gc
import time
from typing import Any

from job import NOBODY, SIGNED_IN, USERID, Environ, Job, make_environ

#: Requests before the timing, because the caches hold another process.
WARM_UP = 30


def now() -> int:
    """Read the processor time of this process in nanoseconds. Other programs
    do not count, and no contender waits.
    """
    return time.process_time_ns()


if time.get_clock_info("process_time").resolution > 1e-6:
    # Windows counts in steps of 16 ms.
    now = time.perf_counter_ns


def _ignore(status: str, headers: Any, exc_info: Any = None) -> None:
    """Replace the ``start_response`` of a server."""


def call(app: Any, environ: Environ, start: Any = _ignore) -> bytes:
    """Send one request; a server makes a new environ for each."""
    chunks = app(environ.copy(), start)
    try:
        return b"".join(chunks)
    finally:
        if hasattr(chunks, "close"):
            chunks.close()


def respond(app: Any, environ: Environ) -> tuple[str, Any, bytes]:
    """Send one request; give status, headers and body."""
    started: list[Any] = []

    def start(status: str, headers: Any, exc_info: Any = None) -> None:
        started[:] = [status, headers]

    body = call(app, environ, start)
    return started[0], started[1], body


def cookies_of(app: Any, environ: Environ) -> str:
    """Give the ``Cookie`` header that a browser sends after a request."""
    _, headers, _ = respond(app, environ)
    return "; ".join(
        value.partition(";")[0]
        for name, value in headers
        if name.lower() == "set-cookie"
    )


def check(job: Job) -> None:
    """Check that a contender answers as it must.

    :raises AssertionError: where it does not.
    """
    if job.bare is not None:
        assert job.bare() == job.answer
        return
    for environ in job.draw(3):
        status, _, body = respond(job.app, environ)
        assert (status[:3], body) == ("200", job.answer), (status, body)
    if job.good is not None and job.bad is not None:
        status, _, body = respond(job.app, job.good)
        assert (status[:3], body) == ("200", SIGNED_IN), (status, body)
        _check_refused(job, job.bad)
        _check_refused(job, make_environ())
    if job.ended is not None:
        _check_refused(job, job.ended)


def _check_refused(job: Job, environ: Environ) -> None:
    status, _, body = respond(job.app, environ)
    # flask-jwt-extended answers 422 to a wrong signature.
    assert status.startswith("4") or body == NOBODY, (status, body)
    assert USERID.encode() not in body, body


def take(job: Job, count: int) -> int:
    """Time requests; give nanoseconds."""
    app, body = job.app, b""
    environs = job.draw(count + WARM_UP)
    for environ in environs[count:]:
        call(app, environ)
    # The garbage is counted elsewhere. Here, a run of the collector would be
    # timed for the contender that happens to run.
    gc.collect()
    gc.disable()
    try:
        begin = now()
        for environ in environs[:count]:
            body = call(app, environ)
        took = now() - begin
    finally:
        gc.enable()
    assert body == job.answer, body
    return took


def count_garbage(job: Job, count: int) -> int:
    """Count the objects that only the cycle collector can free."""
    environs = job.draw(count + WARM_UP)
    for environ in environs[count:]:
        call(job.app, environ)
    gc.collect()
    gc.disable()
    try:
        for environ in environs[:count]:
            call(job.app, environ)
        return gc.collect()
    finally:
        gc.enable()
