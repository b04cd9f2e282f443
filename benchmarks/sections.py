"""The sections of a run: each measures something and shows it."""

from __future__ import annotations

import subprocess
import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import closing, contextmanager
from statistics import median

import imports
import report as reports
from aims import IMPORT_AIM, MEMORY_AIMS
from catalogue import (
    CLAIMS,
    CONTENDERS,
    COOKIE,
    KEPT,
    SEVERAL,
    SHORT,
    STALLS,
    TOKEN,
    TRIVIAL,
    TRIVIAL_GET,
    UNASKED,
    WIRE,
    Contender,
)
from environments import python_of
from job import CLAIMS as OUR_CLAIMS
from job import make_claims
from pool import Pool, Process
from report import Report
from rounds import Rounds, run_kept, run_rounds
from servers import NoServer, keeping
from stalls import REPEATS, REQUESTS
from tables import Table
from waiting import THREADS
from wire import ENVIRONMENT, SERVERS, run_wire

#: Tables whose contenders are timed in the same rounds.
TIMED = (TOKEN, COOKIE, SEVERAL, CLAIMS, SHORT)

#: So many claims make a token of some 7 KB, near to the limit.
MANY = 220

#: Claims of tokens, and how many tokens are shown, to see whether the memory
#: is bounded. It is fullest after one and a half of the 10,000 that it holds:
#: what is forgotten is freed bit by bit. Each half is more than that.
SHOWN = {
    "no claims": (40_000, {}),
    "3 claims": (40_000, OUR_CLAIMS),
    f"{MANY} claims": (8_000, make_claims(MANY)),
}


def time_requests(report: Report, options: Namespace) -> None:
    with _pool(report, options, TIMED, TRIVIAL) as pool:
        rounds = run_rounds(pool, options.rounds, options.requests)
        reports.show_rounds(report, rounds)


def count_garbage(report: Report, options: Namespace) -> None:
    with _pool(report, options, (TOKEN, COOKIE), TRIVIAL) as pool:
        count = options.requests
        counted = {
            name: pool.ask("count_garbage", name, count=count) / count
            for name in pool.names
        }
        reports.show_garbage(report, counted)


def time_kept(report: Report, options: Namespace) -> None:
    try:
        with (
            keeping() as told,
            _pool(report, options, (KEPT,), TRIVIAL_GET, told) as pool,
        ):
            if TRIVIAL_GET in pool.names:
                rounds, requests = options.rounds, options.requests
                kept = run_kept(pool, rounds, requests, THREADS)
                reports.show_kept(report, kept)
        with (
            keeping() as told,
            _pool(report, options, (UNASKED,), TRIVIAL, told) as pool,
        ):
            unasked = run_rounds(pool, options.rounds, options.requests)
            reports.show_unasked(report, unasked)
    except NoServer as error:
        report.leave_out({KEPT: str(error)})


def time_servers(report: Report, options: Namespace) -> None:
    chosen = _choose(options.only, (WIRE,), TRIVIAL)
    by_server: dict[str, Rounds] = {}
    # They are slow, and half as many say enough.
    rounds = -(-options.rounds // 2)
    for server in SERVERS:
        try:
            python_of(ENVIRONMENT)
            by_server[server] = run_wire(
                server, chosen, rounds, options.requests
            )
        # ImportError: a package whose version is needed is not installed.
        except (
            subprocess.CalledProcessError,
            ImportError,
            NoServer,
            OSError,
        ) as error:
            report.leave_out({server: str(error)})
    reports.show_wire(report, by_server)


def find_stalls(report: Report, options: Namespace) -> None:
    with _pool(report, options, (STALLS,), TRIVIAL) as pool:
        rows = [
            (
                reports.NAMED[name],
                *_slowest(pool, name, collector=False),
                *_slowest(pool, name, collector=True),
            )
            for name in pool.names
        ]
    reports.show_stalls(report, rows, REQUESTS)


def _slowest(pool: Pool, name: str, *, collector: bool) -> list[str]:
    """Give the median and the slowest, each as the median of repeats."""
    repeats = [
        pool.ask("find_stalls", name, count=REQUESTS, collector=collector)
        for _ in range(REPEATS)
    ]
    ranks = zip(*repeats, strict=True)
    return [f"{median(rank) / 1000:,.0f}" for rank in ranks]


def measure_memory(report: Report, options: Namespace) -> None:
    with closing(Process(sys.executable, {})) as process:
        _measure_entries(report, process)
        _measure_bound(report, process)


def _measure_entries(report: Report, process: Process) -> None:
    rows = []
    for kind, aim in MEMORY_AIMS.items():
        _, claims = SHOWN[kind]
        entry = process.ask("measure_entry", claims=claims)
        report.judge(aim, entry)
        rows.append((kind, f"{entry:,.0f}"))
    title = "Bytes for each remembered token"
    report.show(Table("memory", title, ("a token with", "bytes"), rows))


def _measure_bound(report: Report, process: Process) -> None:
    rows = []
    for kind, (count, claims) in SHOWN.items():
        ask = process.ask("measure_most", claims=claims, count=count)
        first, second = (most / 1e6 for most in ask)
        # Without a bound, the second would be twice the first.
        verdict = "holds" if second <= first * 1.05 else "BROKEN"
        cells = (f"{count:,}", f"{first:.1f}", f"{second:.1f}", verdict)
        rows.append((kind, *cells))
    header = ("tokens with", "shown", "MB, first half", "MB, second", "bound")
    title = "The most memory that all remembered tokens take"
    report.show(Table("bound", title, header, rows))


def measure_imports(report: Report, options: Namespace) -> None:
    measured = imports.measure_import()
    both = measured.alone + measured.ours
    report.judge(IMPORT_AIM, measured.ratio)
    modules = ", ".join(measured.modules)
    report.show(
        Table(
            "imports",
            "Import time, over Pyramid and PyJWT alone",
            ("import of", "ratio", "ms, in this run only"),
            [
                ("Pyramid and PyJWT", "1.00", f"{measured.alone * 1e3:.0f}"),
                (
                    "and pyramid_sessiontoken",
                    f"{measured.ratio:.2f}",
                    f"{both * 1e3:.0f}",
                ),
            ],
            [f"It adds modules of: {modules}."],
        )
    )


#: In the order of a run.
SECTIONS = {
    "timing": time_requests,
    "garbage": count_garbage,
    "kept": time_kept,
    "wire": time_servers,
    "stalls": find_stalls,
    "memory": measure_memory,
    "imports": measure_imports,
}

#: The sections that show the contenders of a table.
SHOWING = {
    **dict.fromkeys(TIMED, "timing"),
    KEPT: "kept",
    UNASKED: "kept",
    WIRE: "wire",
    STALLS: "stalls",
}


def choose_sections(only: list[str]) -> list[str]:
    """Give the sections that the command line asks for."""
    named = [name for name in SECTIONS if name in only]
    if named or not only:
        return named or list(SECTIONS)
    # Only contenders are named: run the sections that show them.
    tables = {t for c in CONTENDERS if c.name in only for t in c.tables}
    shown = {SHOWING[table] for table in tables}
    return [name for name in SECTIONS if name in shown]


@contextmanager
def _pool(
    report: Report,
    options: Namespace,
    tables: tuple[str, ...],
    base: str,
    told: dict[str, str] | None = None,
) -> Iterator[Pool]:
    chosen = _choose(options.only, tables, base)
    with closing(Pool(chosen, told)) as pool:
        report.leave_out(pool.left_out)
        yield pool


def _choose(
    only: list[str], tables: tuple[str, ...], base: str
) -> list[Contender]:
    """Give the contenders of some tables that the command line asks for.

    :param base: is always among them, because the ratios need it.
    """
    named = [name for name in only if name not in SECTIONS]
    return [
        contender
        for contender in CONTENDERS
        if set(tables).intersection(contender.tables)
        and (not named or contender.name in (*named, base))
    ]
