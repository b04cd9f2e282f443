"""Make tables of the figures, and compare them with the aims."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

from aims import (
    AIMS,
    DERIVED,
    GARBAGE_AIM,
    KEPT_AIMS,
    SUMS,
    UNASKED_AIMS,
    WAYS,
    Aim,
    derive,
)
from catalogue import (
    CLAIMS,
    CONTENDERS,
    COOKIE,
    KEPT,
    SEVERAL,
    SHORT,
    TOKEN,
    TRIVIAL,
    TRIVIAL_GET,
    UNASKED,
    WIRE,
    Contender,
)
from rounds import Rounds
from tables import Table

#: The tables of the section ``timing``.
TITLES = {
    SHORT: "A request over one with a trivial policy, in short",
    TOKEN: "A request with a header token, over one with a trivial policy",
    COOKIE: "A request with a cookie, over one with a trivial policy",
    SEVERAL: "Several authenticators that find nothing, over a trivial policy",
    CLAIMS: "Claims in a token, over a trivial policy",
}

NAMED = {contender.name: contender.title for contender in CONTENDERS} | DERIVED

SPREAD = "half of the rounds"


class Report:
    """Print each table as soon as it is there, and keep it for the pages.

    :ivar left_out: titles of the contenders that could not run.
    """

    def __init__(self) -> None:
        self.tables: list[Table] = []
        self.left_out: list[str] = []
        self._judged: list[tuple[str, ...]] = []

    def show(self, table: Table) -> None:
        self.tables.append(table)
        print(f"\n{table.as_text()}", flush=True)

    def leave_out(self, reasons: Mapping[str, str]) -> None:
        for name, reason in reasons.items():
            self.left_out.append(NAMED.get(name, name))
            print(f"left out: {name}\n{reason}\n", file=sys.stderr)

    def judge(self, aim: Aim, measured: float, more: str = "") -> None:
        """Compare a figure with its aim, for the table of the aims.

        :param more: says of which measurement, if there are several.
        """
        title = NAMED.get(aim.name, aim.name)
        if aim.over:
            title += f" / {NAMED[aim.over]}"
        wanted, beyond = _limits(aim, measured)
        self._judged.append(
            (
                title + more,
                _write(measured),
                wanted,
                beyond,
                _verdict(aim, measured),
            )
        )

    def judge_ratios(
        self, aims: Iterable[Aim], rounds: Rounds, more: str = ""
    ) -> None:
        for aim in aims:
            if rounds.has(aim.name, aim.over):
                middle = rounds.ratio(aim.name, aim.over).middle
                self.judge(aim, middle, more)

    def show_aims(self) -> None:
        if self._judged:
            header = ("figure", "measured", "aim", "beyond", "result")
            self.show(Table("aims", "Aims", header, self._judged))


def _limits(aim: Aim, measured: float) -> tuple[str, str]:
    if aim.at_least is not None:
        return f"at least {_write(aim.at_least)}", "-"
    wanted = "-" if aim.at_most is None else f"at most {_write(aim.at_most)}"
    return wanted, "-" if aim.beyond is None else _write(aim.beyond)


def _write(figure: float) -> str:
    return f"{figure:,.0f}" if figure >= 100 else f"{figure:.2f}"


def _verdict(aim: Aim, measured: float) -> str:
    """Say whether an aim is met, or by how much it is missed."""
    if aim.at_least is not None and measured < aim.at_least:
        return f"missed by {1 - measured / aim.at_least:.0%}"
    if aim.at_most is not None and measured > aim.at_most:
        return f"missed by {_over(measured, aim.at_most)}"
    if aim.beyond is None:
        return "met"
    if measured <= aim.beyond:
        return "met, and beyond" if aim.at_most is not None else "beyond"
    met = "met; " if aim.at_most is not None else ""
    return f"{met}beyond missed by {_over(measured, aim.beyond)}"


def _over(measured: float, limit: float) -> str:
    if not limit:
        return _write(measured)
    return f"{measured / limit - 1:.1%}"


def show_rounds(report: Report, rounds: Rounds) -> None:
    """Show the section ``timing``."""
    derive(rounds)
    for name, title in TITLES.items():
        _show_ratios(report, rounds, name, title)
    _show_sums(report, rounds)
    report.judge_ratios(AIMS, rounds)


def _show_ratios(
    report: Report, rounds: Rounds, name: str, title: str
) -> None:
    """Show a table whose base is the trivial policy."""
    shown = _contenders_of(name, rounds)
    if [contender.name for contender in shown] == [TRIVIAL]:
        return
    rows = [
        (each.title, *_cells(rounds, each.name, TRIVIAL)) for each in shown
    ]
    trivial = rounds.microseconds(TRIVIAL)
    note = f"A trivial request took {trivial:.1f} us, in this run only."
    header = ("request", "median", SPREAD)
    report.show(Table(name, title, header, rows, [note]))


def _contenders_of(table: str, rounds: Rounds) -> list[Contender]:
    return [
        contender
        for contender in CONTENDERS
        if table in contender.tables and rounds.has(contender.name)
    ]


def _cells(rounds: Rounds, name: str, over: str) -> tuple[str, str]:
    ratio = rounds.ratio(name, over)
    return f"{ratio.middle:.2f}", f"{ratio.low:.2f} - {ratio.high:.2f}"


def _show_sums(report: Report, rounds: Rounds) -> None:
    rows = [
        (
            way.title,
            *(
                f"{rounds.ratio(way.sum_of(number), TRIVIAL).middle:.1f}"
                for number in SUMS
            ),
        )
        for way in WAYS
        if rounds.has(way.first, way.later)
    ]
    if rows:
        title = (
            "The sum of some requests with one credential, over one trivial"
        )
        header = ("requests", *map(str, SUMS))
        report.show(Table("sums", title, header, rows))


def show_kept(report: Report, by_threads: Mapping[int, Rounds]) -> None:
    """Show sessions that the server keeps."""
    columns = [(_threads(number), SPREAD) for number in by_threads]
    first, *_ = by_threads.values()
    rows = [
        (
            contender.title,
            *chain.from_iterable(
                _cells(rounds, contender.name, TRIVIAL_GET)
                for rounds in by_threads.values()
            ),
        )
        for contender in _contenders_of(KEPT, first)
    ]
    took = " and ".join(
        f"{rounds.microseconds(TRIVIAL_GET):.0f} us with {_threads(number)}"
        for number, rounds in by_threads.items()
    )
    report.show(
        Table(
            KEPT,
            "A request of a session that the server keeps, over a trivial"
            " policy that asks one GET, by as many threads",
            ("request", *chain.from_iterable(columns)),
            rows,
            [f"A trivial policy with one GET took {took}, in this run only."],
        )
    )
    for number, rounds in by_threads.items():
        report.judge_ratios(KEPT_AIMS, rounds, f", {_threads(number)}")


def show_unasked(report: Report, rounds: Rounds) -> None:
    """Show kept sessions for which no repository has to be asked."""
    title = "Where the repository need not be asked, over a trivial policy"
    _show_ratios(report, rounds, UNASKED, title)
    report.judge_ratios(UNASKED_AIMS, rounds)


def _threads(number: int) -> str:
    return "one thread" if number == 1 else f"{number} threads"


def show_wire(report: Report, by_server: Mapping[str, Rounds]) -> None:
    """Show contenders behind real servers."""
    if not by_server:
        return
    columns = [(server, SPREAD) for server in by_server]
    first, *_ = by_server.values()
    rows = [
        (
            contender.title,
            *chain.from_iterable(
                _cells(rounds, contender.name, TRIVIAL)
                for rounds in by_server.values()
            ),
        )
        for contender in _contenders_of(WIRE, first)
    ]
    took = " and ".join(
        f"{rounds.microseconds(TRIVIAL):.0f} us by {server}"
        for server, rounds in by_server.items()
    )
    report.show(
        Table(
            WIRE,
            "Processor time of a server for a request, over a trivial policy",
            ("request", *chain.from_iterable(columns)),
            rows,
            [f"A trivial request took {took}, in this run only."],
        )
    )


def show_garbage(report: Report, counted: Mapping[str, float]) -> None:
    rows = [(NAMED[name], f"{count:.2f}") for name, count in counted.items()]
    report.show(
        Table(
            "garbage",
            "Objects in reference cycles that a request leaves behind",
            ("request", "objects"),
            rows,
        )
    )
    ours = [n for name, n in counted.items() if name.startswith("ours")]
    if ours:
        report.judge(GARBAGE_AIM, max(ours))


def show_stalls(
    report: Report, rows: Sequence[tuple[str, ...]], requests: int
) -> None:
    ranks = ("slowest", "second", "third")
    report.show(
        Table(
            "stalls",
            f"Processor time of the slowest of {requests:,} requests, in us,"
            " in this run only",
            ("request", "median", *ranks, "with collector", *ranks),
            rows,
        )
    )
