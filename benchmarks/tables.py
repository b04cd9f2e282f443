"""Tables, as plain text and as reStructuredText."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

Row = Sequence[str]


@dataclass(frozen=True)
class Table:
    """Figures under a name, by which a page asks for them.

    :ivar header: none is empty, because reStructuredText takes an empty first
        cell for a continued row.
    :ivar notes: paragraphs below the table.
    """

    name: str
    title: str
    header: Row
    rows: Sequence[Row]
    notes: Sequence[str] = ()

    def as_text(self) -> str:
        lines = self._lines("-")
        return "\n".join([self.title, "", *lines[1:-1], *self._after()])

    def as_rst(self) -> str:
        return "\n".join([*self._lines("="), *self._after()])

    def _lines(self, drawn: str) -> list[str]:
        """Give the lines, with a rule before, below the header and after."""
        columns = zip(self.header, *self.rows, strict=True)
        widths = [max(map(len, column)) for column in columns]
        rule = "  ".join(drawn * width for width in widths)
        rows = [_line(row, widths) for row in self.rows]
        return [rule, _line(self.header, widths), rule, *rows, rule]

    def _after(self) -> list[str]:
        return [line for note in self.notes for line in ("", wrap(note))]


def wrap(text: str) -> str:
    return textwrap.fill(text, 79, break_on_hyphens=False)


def _line(cells: Row, widths: Sequence[int]) -> str:
    """Write the first cell to the left, figures to the right."""
    first, *others = (
        cell.rjust(width) if column else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "  ".join([first, *others]).rstrip()
