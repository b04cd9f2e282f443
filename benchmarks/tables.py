"""Tables of plain text."""

from __future__ import annotations

from collections.abc import Sequence


def print_table(
    title: str, header: Sequence[str], rows: Sequence[Sequence[str]]
) -> None:
    """Print a table: the first column to the left, figures to the right."""
    widths = [
        max(map(len, column)) for column in zip(header, *rows, strict=True)
    ]
    rule = "  ".join("-" * width for width in widths)
    print(f"\n{title}\n")
    print(_line(header, widths))
    print(rule)
    for row in rows:
        print(_line(row, widths))


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = (
        cell.rjust(width) if column else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "  ".join([first, *others]).rstrip()
