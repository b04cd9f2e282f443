"""Print the figures beside the aims."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from itertools import chain

import imports
import memory
from catalogue import (
    AIMS,
    BARE_GET,
    CONTENDERS,
    COOKIE,
    GARBAGE_AIM,
    KEPT_AIMS,
    MEMORY_AIM,
    TOKEN,
    TRIVIAL,
    Aim,
    Contender,
)
from job import CLAIMS
from pool import Pool
from rounds import Rounds
from tables import print_table

TITLES = {
    TOKEN: "A request with a header token, over one with a trivial policy",
    COOKIE: "A request with a cookie, over one with a trivial policy",
}

NAMED = {contender.name: contender.title for contender in CONTENDERS}


def print_left_out(left_out: Mapping[str, str]) -> None:
    for name, reason in left_out.items():
        print(f"left out: {name}\n{reason}\n", file=sys.stderr)


def print_rounds(rounds: Rounds) -> None:
    for table, title in TITLES.items():
        shown = [
            contender
            for contender in CONTENDERS
            if table in contender.tables and contender.name in rounds.taken
        ]
        header = ("", "median", "half of the rounds", "aim")
        print_table(title, header, [_row(c, rounds) for c in shown])
    _print_aims(AIMS, rounds)
    trivial = rounds.microseconds(TRIVIAL)
    print(f"\nIn this run only: a trivial request took {trivial:.1f} us.")


def _row(contender: Contender, rounds: Rounds) -> tuple[str, ...]:
    ratio = rounds.ratio(contender.name, TRIVIAL)
    aims = [
        f"{aim.at_most:.2f}"
        for aim in AIMS
        if (aim.name, aim.over) == (contender.name, TRIVIAL)
    ]
    return (
        contender.title,
        f"{ratio.middle:.2f}",
        f"{ratio.low:.2f} - {ratio.high:.2f}",
        *(aims or ("",)),
    )


def print_kept(by_threads: Mapping[int, Rounds]) -> None:
    """Print sessions that the server keeps."""
    columns = [
        (_threads(number), "half of the rounds") for number in by_threads
    ]
    rows = [
        (contender.title, *_kept_cells(contender.name, by_threads.values()))
        for contender in CONTENDERS
        if all(contender.name in each.taken for each in by_threads.values())
    ]
    print_table(
        "A request of a session that the server keeps, over a bare GET by as"
        " many threads",
        ("", *chain.from_iterable(columns)),
        rows,
    )
    for number, rounds in by_threads.items():
        _print_aims(KEPT_AIMS, rounds, f", {_threads(number)}")
    took = " and ".join(
        f"{rounds.microseconds(BARE_GET):.0f} us with {_threads(number)}"
        for number, rounds in by_threads.items()
    )
    print(f"\nIn this run only: a bare GET took {took}.")


def _kept_cells(name: str, each: Iterable[Rounds]) -> list[str]:
    cells = []
    for rounds in each:
        ratio = rounds.ratio(name, BARE_GET)
        cells += [f"{ratio.middle:.2f}", f"{ratio.low:.2f} - {ratio.high:.2f}"]
    return cells


def _threads(number: int) -> str:
    return "one thread" if number == 1 else f"{number} threads"


def _print_aims(aims: Iterable[Aim], rounds: Rounds, more: str = "") -> None:
    rows = [
        _judge(aim, rounds.ratio(aim.name, aim.over).middle)
        for aim in aims
        if aim.name in rounds.taken and aim.over in rounds.taken
    ]
    if rows:
        print_table(f"Aims{more}", ("", "measured", "aim", ""), rows)


def _judge(aim: Aim, measured: float) -> tuple[str, ...]:
    if aim.at_most is not None:
        words, bound, missed = "at most", aim.at_most, measured > aim.at_most
    else:
        bound = aim.at_least or 0
        words, missed = "at least", measured < bound
    verdict = f"missed by {abs(measured / bound - 1):.0%}" if missed else "met"
    return (
        f"{NAMED[aim.name]} / {NAMED[aim.over]}",
        f"{measured:.2f}",
        f"{words} {bound:.2f}",
        verdict,
    )


def print_garbage(pool: Pool, requests: int) -> None:
    rows = []
    for name in pool.names:
        count = pool.ask("count_garbage", name, count=requests)
        rows.append((NAMED[name], f"{count / requests:.2f}"))
    print_table(
        f"Objects in reference cycles that a request leaves behind"
        f" (aim for ours: {GARBAGE_AIM})",
        ("", "objects"),
        rows,
    )


def print_memory() -> None:
    rows = [
        (title, f"{memory.measure_entry(claims):.0f}", str(MEMORY_AIM))
        for title, claims in (
            ("no claims of the user's own", {}),
            ("three claims of the user's own", CLAIMS),
        )
    ]
    print_table(
        f"Bytes for each of {memory.ENTRIES:,} remembered tokens",
        ("", "bytes", "aim"),
        rows,
    )
    _print_bound(memory.try_bound(size) for size in memory.SIZES)


def _print_bound(tried: Iterable[memory.Kept]) -> None:
    rows = [
        (
            f"{kept.size:,}",
            f"{kept.most:,}",
            "holds" if kept.most <= kept.size else "BROKEN",
        )
        for kept in tried
    ]
    print_table(
        "The most tokens kept, of five times as many as there is room for",
        ("room", "kept", "bound"),
        rows,
    )


def print_imports() -> None:
    measured = imports.measure_import()
    more = measured.ours / measured.alone
    print_table(
        "Import time, over Pyramid and PyJWT alone",
        ("", "ratio", "ms, in this run only"),
        [
            (
                "Pyramid and PyJWT",
                "1.00",
                f"{measured.alone * 1000:.0f}",
            ),
            (
                "and pyramid_sessiontoken",
                f"{1 + more:.2f}",
                f"{(measured.alone + measured.ours) * 1000:.0f}",
            ),
        ],
    )
    print(f"\nTop-level modules it adds: {', '.join(measured.modules)}.")
