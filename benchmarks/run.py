"""Measure pyramid_sessiontoken beside its peers: see README.rst."""

from __future__ import annotations

import argparse
import sys
from contextlib import closing

import report
from catalogue import (
    BARE_GET,
    CONTENDERS,
    COOKIE,
    KEPT,
    TOKEN,
    TRIVIAL,
    Contender,
)
from pool import Pool
from rounds import run_kept, run_rounds
from servers import NoServer, keeping
from waiting import THREADS

TIMING, GARBAGE, SESSIONS, MEMORY, IMPORTS = SECTIONS = (
    "timing",
    "garbage",
    "kept",
    "memory",
    "imports",
)


def main() -> int:
    """Give the exit code: 1 where a contender could not run."""
    options = _read_options()
    sections = _choose_sections(options.only)
    left_out = 0
    if TIMING in sections or GARBAGE in sections:
        left_out += _compare(options, sections)
    if SESSIONS in sections:
        left_out += _compare_kept(options)
    if MEMORY in sections:
        report.print_memory()
    if IMPORTS in sections:
        report.print_imports()
    return 1 if left_out else 0


def _compare(options: argparse.Namespace, sections: list[str]) -> int:
    """Give the number of contenders that were left out."""
    chosen = _choose(options.only, (TOKEN, COOKIE), TRIVIAL)
    with closing(Pool(chosen)) as pool:
        report.print_left_out(pool.left_out)
        if TIMING in sections:
            rounds = run_rounds(pool, options.rounds, options.requests)
            report.print_rounds(rounds)
        if GARBAGE in sections:
            report.print_garbage(pool, options.requests)
        return len(pool.left_out)


def _compare_kept(options: argparse.Namespace) -> int:
    """Give the number of contenders that were left out."""
    chosen = _choose(options.only, (KEPT,), BARE_GET)
    try:
        with keeping() as told, closing(Pool(chosen, told)) as pool:
            report.print_left_out(pool.left_out)
            if BARE_GET in pool.names:
                report.print_kept(
                    run_kept(pool, options.rounds, options.requests, THREADS)
                )
            return len(pool.left_out)
    except NoServer as error:
        report.print_left_out({KEPT: str(error)})
        return len(chosen)


def _choose_sections(only: list[str]) -> list[str]:
    named = [name for name in only if name in SECTIONS]
    if named or not only:
        return named or list(SECTIONS)
    # Only contenders are named: run the sections that show them.
    tables = {t for c in CONTENDERS if c.name in only for t in c.tables}
    timed = [TIMING, GARBAGE] if tables & {TOKEN, COOKIE} else []
    return [*timed, SESSIONS] if KEPT in tables else timed


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


def _read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=_positive, default=30)
    parser.add_argument(
        "--requests",
        type=_positive,
        default=300,
        help="how many each contender serves in a round",
    )
    names = [*SECTIONS, *(contender.name for contender in CONTENDERS)]
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="NAME",
        choices=names,
        help=f"may come more than once: {', '.join(names)}",
    )
    return parser.parse_args()


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("it is at least 1")
    return number


if __name__ == "__main__":
    sys.exit(main())
