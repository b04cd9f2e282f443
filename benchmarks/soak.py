"""Servers under load for a while, to see what must not happen, and whether
memory, files and threads stay the same: see README.rst.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from functools import partial
from importlib.metadata import version
from typing import Any

import machine
import pages
import psutil
from environments import CACHE, python_of, requirements_of
from report import Report
from servers import KEYS, free_port, keeping, wait_for
from tables import Table

FOLDER = os.path.dirname(os.path.abspath(__file__))
ENVIRONMENT = "soak"
PAGE = "docs/explanation/under_load.rst"

#: A connection on which nothing comes for so long is closed: two seconds are
#: too few for a load that waits for its turn on a busy machine. Several
#: gunicorns would share one control socket.
GUNICORN = [
    *("-m", "gunicorn", "--workers=2", "--log-level=error"),
    *("--keep-alive=75", "--no-control-socket"),
]


@dataclass(frozen=True)
class Kind:
    """How a server is started.

    :ivar words: of the command, after the Python; the address follows.
    :ivar keeps: whether it keeps connections from one request to the next.
    """

    title: str
    words: list[str]
    keeps: bool = True


KINDS = {
    "waitress": Kind("waitress, 8 threads", ["soak_app.py"]),
    "gunicorn": Kind(
        "gunicorn, 2 processes, sync",
        [*GUNICORN, "soak_app:app", "--bind"],
        keeps=False,
    ),
    "gthread": Kind(
        "gunicorn, 2 processes of 8 threads",
        [
            *GUNICORN,
            "--worker-class=gthread",
            "--threads=8",
            "soak_app:app",
            "--bind",
        ],
    ),
    "gevent": Kind(
        "gunicorn, 2 processes, gevent",
        [*GUNICORN, "--worker-class=gevent", "soak_app:app", "--bind"],
    ),
    "uwsgi": Kind(
        "uWSGI, 2 processes of 8 threads",
        ["-c", "import os, sys; os.execv(sys.argv[1], sys.argv[1:])"],
        keeps=False,
    ),
}

UWSGI = "--master --processes=2 --threads=8 --lazy-apps --die-on-term"
UWSGI += " --disable-logging --module=soak_app:app --http-socket"


@dataclass
class Samples:
    """What one process had, at several times: seconds, bytes and counts."""

    times: list[float] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    files: list[int] = field(default_factory=list)
    threads: list[int] = field(default_factory=list)

    def take(self, process: psutil.Process) -> None:
        with process.oneshot():
            memory = process.memory_info().rss
            files, threads = process.num_fds(), process.num_threads()
        self.times.append(time.monotonic())
        self.memory.append(memory)
        self.files.append(files)
        self.threads.append(threads)

    def late(self) -> Samples:
        """Give the second half: memory that fills once is full by then."""
        half = len(self.times) // 2
        return Samples(
            self.times[half:],
            self.memory[half:],
            self.files[half:],
            self.threads[half:],
        )

    def growth(self) -> float:
        """Give bytes in a second, by the least squares."""
        times, memory = self.times, self.memory
        middle = sum(times) / len(times)
        mean = sum(memory) / len(memory)
        pairs = zip(times, memory, strict=True)
        above = sum((t - middle) * (m - mean) for t, m in pairs)
        return above / (sum((t - middle) ** 2 for t in times) or 1)


@dataclass(frozen=True)
class Result:
    """What a server did under load.

    :ivar before: open files of each process after a short load.
    :ivar after: the same after the long one.
    :ivar at_once: how many servers were under load at the same time.
    """

    date: str
    seconds: float
    counts: Mapping[str, int]
    faults: list[str]
    processes: list[Samples]
    before: list[int]
    after: list[int]
    at_once: int = 1

    def keep(self, kind: str) -> None:
        with open(_place_of(kind), "w", encoding="utf-8") as file:
            json.dump(asdict(self), file)


def kept_results() -> dict[str, Result]:
    """Give the last result of each server that ran on this machine."""
    found = {}
    for kind in KINDS:
        if os.path.exists(_place_of(kind)):
            with open(_place_of(kind), encoding="utf-8") as file:
                told = json.load(file)
            told["processes"] = [Samples(**each) for each in told["processes"]]
            found[kind] = Result(**told)
    return found


def _place_of(kind: str, ending: str = "json") -> str:
    return os.path.join(CACHE, f"soak-{kind}.{ending}")


@contextmanager
def serving(kind: str, kept: Mapping[str, str]) -> Iterator[Any]:
    """Start a server; give its process and its port. What it prints is kept.

    :raises NoServer: where it does not start.
    """
    python = sys.executable if kind == "waitress" else python_of(ENVIRONMENT)
    words = list(KINDS[kind].words)
    if kind == "uwsgi":
        folder = os.path.dirname(python)
        home = os.path.dirname(folder)
        words += [os.path.join(folder, "uwsgi"), f"--home={home}"]
        words += UWSGI.split()
    port = free_port()
    path = os.pathsep.join([FOLDER, os.path.dirname(FOLDER)])
    with open(_place_of(kind, "log"), "wb") as log:
        process = subprocess.Popen(
            [python, *words, f"127.0.0.1:{port}"],
            env={**os.environ, **kept, "PYTHONPATH": path},
            cwd=FOLDER,
            stdout=log,
            stderr=log,
        )
    try:
        wait_for(process, port, b"GET /a/who HTTP/1.0\r\n\r\n", b"H", 600)
        yield process, port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def processes_of(server: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """Give those that answer requests."""
    one = psutil.Process(server.pid)
    return one.children(recursive=True) or [one]


def put_under_load(
    kind: str,
    options: argparse.Namespace,
    kept: Mapping[str, str],
) -> Result:
    seconds = options.seconds
    with serving(kind, kept) as (server, port):
        # Until threads have started and connections are open.
        begun = _start_load(kind, port, max(seconds / 20, 1))
        _read(begun)
        before = _idle(server)
        load = _start_load(kind, port, seconds)
        samples: dict[int, Samples] = {}
        while load.poll() is None:
            for process in processes_of(server):
                samples.setdefault(process.pid, Samples()).take(process)
            time.sleep(options.every)
        told = _read(load)
        return Result(
            datetime.now(timezone.utc).date().isoformat(),
            seconds,
            told["counts"],
            told["faults"],
            [*samples.values()],
            before,
            _idle(server),
            options.at_once,
        )


def _start_load(kind: str, port: int, seconds: float) -> Any:
    keeps = "keeps" if KINDS[kind].keeps else "closes"
    script = os.path.join(FOLDER, "soak_load.py")
    return subprocess.Popen(
        [sys.executable, script, str(port), str(seconds), keeps],
        stdout=subprocess.PIPE,
    )


def _read(load: Any) -> Any:
    told = load.communicate()[0]
    assert load.returncode == 0, "the load ended with an error"
    return json.loads(told)


def _idle(server: subprocess.Popen[bytes]) -> list[int]:
    """Give the open files of each process when connections are closed."""
    time.sleep(5)
    return [process.num_fds() for process in processes_of(server)]


def variables(kept: Mapping[str, str]) -> dict[str, str]:
    """Give what an application finds in its environment."""
    keys = (secrets.token_bytes(64) for _ in range(2))
    texts = (
        base64.urlsafe_b64encode(key).decode().rstrip("=") for key in keys
    )
    return {**kept, KEYS: " ".join(texts)}


# Tables

MUST_NOT = ("swapped", "accepted", "5xx", "unexpected", "broken")


#: What the table of answers shows, by its header.
ANSWERS = {
    "requests": ["requests"],
    "compared": ["answers compared"],
    "swapped": ["swapped"],
    "hostile": ["hostile"],
    "accepted": ["accepted"],
    "renewals": ["renewals"],
    "sign-ins": ["sign-ins"],
    "sign-outs": ["sign-outs"],
    "5xx": ["5xx"],
    "other faults": ["unexpected", "broken"],
}


def table_of_answers(results: Mapping[str, Result]) -> Table:
    rows = []
    for kind, result in results.items():
        counts = [
            sum(result.counts.get(name, 0) for name in names)
            for names in ANSWERS.values()
        ]
        rows.append([KINDS[kind].title, *(f"{count:,}" for count in counts)])
    return Table("answers", "Answers", ("server", *ANSWERS), rows)


def table_of_resources(results: Mapping[str, Result]) -> Table:
    header = (
        "server",
        "minutes",
        "on",
        "memory",
        "growth in a minute",
        "files",
        "idle before",
        "idle after",
        "threads",
    )
    rows = [
        [KINDS[kind].title, *_write_resources(result)]
        for kind, result in results.items()
    ]
    return Table("resources", "What a process has", header, rows)


def _write_resources(result: Result) -> list[str]:
    """Of several processes, those with the most."""
    late = [each.late() for each in result.processes]
    growth = max(each.growth() for each in late) * 60
    files = [count for each in late for count in each.files]
    threads = [count for each in late for count in each.threads]
    return [
        f"{result.seconds / 60:.1f}",
        result.date,
        f"{max(each.memory[-1] for each in late) / 2**20:.0f} MiB",
        f"{growth / 2**10:+,.0f} KiB",
        f"{min(files)} to {max(files)}",
        str(max(result.before)),
        str(max(result.after)),
        f"{min(threads)} to {max(threads)}",
    ]


def main() -> int:
    """Give the exit code: 1 where something happened that must not."""
    options = _read_options()
    kinds = options.only or list(KINDS)
    options.at_once = min(options.at_once, len(kinds))
    os.makedirs(CACHE, exist_ok=True)
    # Not each server for itself: all have the same.
    python_of(ENVIRONMENT)
    run = partial(_run, options)
    with ThreadPoolExecutor(options.at_once) as crew:
        results = [*crew.map(run, kinds)]
    show(options.write)
    names = [name for result in results for name in result.counts]
    return int(not set(names).isdisjoint(MUST_NOT))


def show(write: Any = None) -> None:
    """Print the tables of all kept results, and write them into the page."""
    report, every = Report(), kept_results()
    report.show(table_of_answers(every))
    report.show(table_of_resources(every))
    told = _tell(every)
    print(f"\n{told}")
    if write:
        for path in pages.write(report, told, (PAGE,)):
            print(f"written: {path}")


def _run(options: argparse.Namespace, kind: str) -> Result:
    with keeping() as kept:
        result = put_under_load(kind, options, variables(kept))
    result.keep(kind)
    print(kind, dict(result.counts), *result.faults, sep="\n", flush=True)
    return result


def _tell(results: Mapping[str, Result]) -> str:
    versions = [
        line.replace("==", " ")
        for line in requirements_of(ENVIRONMENT)
        if line.split("==")[0] in results
    ]
    versions.append(f"waitress {version('waitress')}")
    company = sorted({result.at_once for result in results.values()})
    sentences = [
        f"The servers: {', '.join(versions)}.",
        *(_tell_company(results, at_once) for at_once in company),
    ]
    return " ".join([machine.describe(), *sentences])


def _tell_company(results: Mapping[str, Result], at_once: int) -> str:
    """Tell which servers had the machine alone, and which shared it."""
    titles = [
        KINDS[kind].title
        for kind, result in results.items()
        if result.at_once == at_once
    ]
    how = f"{at_once} at a time, which shared the {os.cpu_count()} cores"
    if at_once == 1:
        how = "One at a time"
    return f"{how}: {'; '.join(titles)}."


def _read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument(
        "--every", type=float, default=3, help="seconds from sample to sample"
    )
    parser.add_argument(
        "--at-once",
        type=int,
        default=1,
        metavar="N",
        help="so many servers at the same time, if their speed matters not",
    )
    parser.add_argument(
        "--only",
        action="append",
        metavar="SERVER",
        choices=list(KINDS),
        help=f"may come more than once: {', '.join(KINDS)}",
    )
    parser.add_argument(
        "--write", choices=["docs"], help=f"write the tables into {PAGE}"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
