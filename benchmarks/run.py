"""Measure pyramid_sessiontoken beside its peers: see README.rst."""

from __future__ import annotations

import argparse
import sys
import time

import machine
import pages
from catalogue import CONTENDERS
from report import Report
from sections import SECTIONS, choose_sections


def main() -> int:
    """Give the exit code: 1 where a contender could not run."""
    options = _read_options()
    report = Report()
    for name in choose_sections(options.only):
        begin = time.monotonic()
        SECTIONS[name](report, options)
        took = time.monotonic() - begin
        print(f"({name}: {took:.0f} s)", file=sys.stderr, flush=True)
    report.show_aims()
    told = (
        f"{machine.describe()} {options.rounds} rounds of {options.requests}"
        " requests."
    )
    print(f"\n{told}")
    if options.write:
        for path in pages.write(report, told):
            print(f"written: {path}")
    return 1 if report.left_out else 0


def _read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=_positive, default=60)
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
    parser.add_argument(
        "--write",
        choices=["docs"],
        help="write the tables into the page how_fast and README.rst",
    )
    options = parser.parse_args()
    if options.write and options.only:
        parser.error("--write needs a whole run, without --only")
    return options


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("it is at least 1")
    return number


if __name__ == "__main__":
    sys.exit(main())
