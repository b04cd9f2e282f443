"""A contender behind a real server: ``served:app`` for WSGI servers, or
``python served.py waitress ADDRESS``.

``/benchmark/draw`` gives headers to send and the right answer, and
``/benchmark/time`` the processor time of this process in nanoseconds.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any
from urllib.parse import parse_qs

import calls
from job import Environ, Job, make_job


class Served:
    """The application of a contender, and two pages beside it."""

    def __init__(self, job: Job) -> None:
        self._job = job

    def __call__(self, environ: Environ, start: Any) -> Any:
        # As behind a proxy that ends TLS, for all contenders.
        environ["wsgi.url_scheme"] = "https"
        path = environ["PATH_INFO"]
        if not path.startswith("/benchmark/"):
            return self._job.app(environ, start)
        if path == "/benchmark/time":
            content = str(time.process_time_ns())
        else:
            (count,) = parse_qs(environ["QUERY_STRING"])["count"]
            content = json.dumps(self._draw(int(count)))
        body = content.encode()
        length = ("Content-Length", str(len(body)))
        start("200 OK", [("Content-Type", "application/json"), length])
        return [body]

    def _draw(self, count: int) -> dict[str, Any]:
        headers = [
            {
                key.removeprefix("HTTP_").replace("_", "-").title(): value
                for key, value in environ.items()
                if key.startswith("HTTP_")
            }
            for environ in self._job.draw(count)
        ]
        return {"headers": headers, "answer": self._job.answer.decode()}


def _make() -> Served:
    job = make_job(os.environ["BENCHMARK_MADE_BY"])
    calls.check(job)
    return Served(job)


app = _make()


def main() -> None:
    import waitress

    waitress.serve(app, listen=sys.argv[-1])


if __name__ == "__main__":
    main()
