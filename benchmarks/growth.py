"""Measure what an operation costs beside more and more stored sessions: see
README.rst.
"""

from __future__ import annotations

import argparse
import itertools
import random
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import filled
import machine
import pages
import servers
from calls import call
from contenders.ours import issue, show
from contenders.ours_app import make_ours
from job import NOBODY, USERID, USERID_KEY, make_environ
from report import Report
from rounds import Rounds, in_turn
from tables import Table

SIZES = (10_000, 100_000, 1_000_000)

#: The sessions of a user.
EACH = 3

PAGE = "docs/explanation/growing.rst"

#: Sessions of users who sign in before the timing.
GENUINE = 300

CLAIMS = {"roles": ["editor", "auditor"], "tenant": "acme"}
BROWSER = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/131.0.0.0 Safari/537.36"
)

OPERATIONS = {
    "request": "request with a reference",
    "sign-in": "sign-in",
    "list": "list of the three sessions of a user",
    "everywhere": "sign-out everywhere, of three sessions",
}

#: Requests in a turn.
REQUESTS = 5

#: How much more an operation may cost beside more sessions.
MORE = 1.1


@dataclass(frozen=True)
class Place:
    """An application, and where it keeps a number of sessions."""

    kind: str
    size: int
    app: Any
    kept: filled.Kept
    tokens: list[str]

    def name(self, operation: str) -> str:
        return f"{self.kind} {operation} {self.size}"


def main() -> int:
    options = _read_options()
    report, kinds = Report(), options.only or list(filled.KINDS)
    with ExitStack() as stack:
        places = [
            _make_place(kind, size, make())
            for kind in kinds
            for make in [stack.enter_context(filled.KINDS[kind]())]
            for size in options.sizes
        ]
        _show_sizes(report, places)
        rounds = Rounds()
        fresh = itertools.count()
        for place in in_turn(places, options.rounds):
            for operation, took in _take_turn(place, f"fresh-{next(fresh)}"):
                rounds.add(place.name(operation), took)
        versions = {place.kept.version: None for place in places}
    for kind in kinds:
        _show_costs(report, rounds, kind, options.sizes)
    told = (
        f"{machine.describe()} {', '.join(versions)}. {options.rounds} rounds."
    )
    print(f"\n{told}")
    if options.write:
        for path in pages.write(report, told, (PAGE,)):
            print(f"written: {path}")
    return 0


def _make_place(kind: str, size: int, kept: filled.Kept) -> Place:
    begin = time.monotonic()
    app = make_ours(
        {
            **kept.settings,
            "repository.timeout": "30s",
            # Every request asks.
            "repository.cache_ttl": "0",
            "token.form": "reference",
            "token.issuer": "growth",
            "authenticators": "session",
        }
    )
    users = [USERID, *(f"user-{n}" for n in range(GENUINE // EACH - 1))]
    tokens = [_sign_in(app, user) for user in users for _ in range(EACH)]
    kept.copy(size - GENUINE, EACH)
    took = time.monotonic() - begin
    print(f"({kind}, {size:,}: {took:.0f} s)", file=sys.stderr, flush=True)
    return Place(kind, size, app, kept, tokens)


def _sign_in(app: Any, userid: str) -> str:
    return str(issue(app, CLAIMS, userid, USER_AGENT=BROWSER))


def _take_turn(place: Place, fresh: str) -> Iterator[tuple[str, float]]:
    """Give nanoseconds for each operation: processor time of application and
    server.
    """
    app, answers = place.app, []
    first, *requests = map(show, random.sample(place.tokens, REQUESTS + 1))
    answers.append(call(app, first))
    with _counting(place) as took:
        answers += [call(app, request) for request in requests]
    yield "request", took[0] / REQUESTS
    with _counting(place) as took:
        for _ in range(EACH):
            _sign_in(app, fresh)
    yield "sign-in", took[0] / EACH
    for operation in ("list", "everywhere"):
        environ = {**make_environ(f"/{operation}"), USERID_KEY: fresh}
        with _counting(place) as took:
            answers.append(call(app, environ))
        yield operation, took[0]
    assert NOBODY not in answers, answers
    assert answers[-2:] == [b"3", b"ended"], answers


@contextmanager
def _counting(place: Place) -> Iterator[list[float]]:
    """Count what this process and the server work meanwhile."""
    processes, took = place.kept.processes(), [0.0]
    server, own = _worked(processes), time.process_time_ns()
    yield took
    took[0] = time.process_time_ns() - own
    took[0] += _worked(processes) - server


def _worked(processes: list[int]) -> int:
    """Give nanoseconds on a processor, as Linux counts them."""
    worked = 0
    for process in processes:
        with open(f"/proc/{process}/schedstat", encoding="ascii") as file:
            worked += int(file.read().split()[0])
    return worked


def _show_sizes(report: Report, places: list[Place]) -> None:
    rows = [
        (
            place.kind,
            f"{place.size:,}",
            f"{place.kept.measure() / place.size:,.0f}",
            f"{place.kept.count() / place.size:.2f}",
        )
        for place in places
    ]
    header = ("repository", "sessions", "bytes for each", "keys or rows")
    title = "What a session takes: two claims and a device, three for a user"
    report.show(Table("growth_size", title, header, rows))


def _show_costs(
    report: Report, rounds: Rounds, kind: str, sizes: list[int]
) -> None:
    base, *others = sizes
    header = ["operation", f"{base:,} sessions"]
    for size in others:
        header += [f"{size:,}", "half of the rounds"]
    rows = []
    for operation, title in OPERATIONS.items():
        name = f"{kind} {operation}"
        row = [title, f"{rounds.microseconds(f'{name} {base}'):,.0f} us"]
        for size in others:
            ratio = rounds.ratio(f"{name} {size}", f"{name} {base}")
            spread = f"{ratio.low:.2f} - {ratio.high:.2f}"
            row += [f"{ratio.middle:.2f}", spread]
            if ratio.middle > MORE:
                print(f"missed: {title}, {kind}, {size:,}: {ratio.middle:.2f}")
        rows.append(row)
    title = f"{kind}: an operation beside more sessions, over {base:,}"
    report.show(Table(f"growth_{kind.lower()}", title, header, rows))


def _read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument(
        "--sizes",
        type=int,
        nargs="+",
        default=list(SIZES),
        help="how many sessions are stored; the first is the base",
    )
    parser.add_argument("--only", action="append", choices=list(filled.KINDS))
    parser.add_argument(
        "--write",
        choices=["docs"],
        help="write the tables into docs/explanation/growing.rst",
    )
    return parser.parse_args()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except servers.NoServer as missing:
        sys.exit(str(missing))
