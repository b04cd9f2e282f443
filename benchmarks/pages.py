"""Write the tables into the pages that show them.

A page has a place for each table that it shows::

    .. benchmark NAME begins

    .. benchmark NAME ends

What is between these comments is replaced. The name ``told`` is for the
sentence about the run.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping

from report import Report
from tables import wrap

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

PAGES = ("docs/explanation/how_fast.rst", "README.rst")

PLACE = re.compile(
    r"^\.\. benchmark (?P<name>\w+) begins\n.*?"
    r"^\.\. benchmark (?P=name) ends\n",
    re.MULTILINE | re.DOTALL,
)


def write(
    report: Report, told: str, pages: Iterable[str] = PAGES
) -> list[str]:
    """Write some pages; give their paths."""
    if report.left_out:
        told += f" Left out: {', '.join(report.left_out)}."
    texts = {"told": wrap(told)}
    texts |= {table.name: table.as_rst() for table in report.tables}
    paths = [os.path.join(ROOT, *page.split("/")) for page in pages]
    written = {path: _fill(_read(path), texts) for path in paths}
    for path, text in written.items():
        with open(path, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
    return paths


def _fill(page: str, texts: Mapping[str, str]) -> str:
    return PLACE.sub(lambda place: _write_place(place["name"], texts), page)


def _write_place(name: str, texts: Mapping[str, str]) -> str:
    # A section that could not run has no table.
    text = texts.get(name, "Not measured in this run.")
    lines = (
        f".. benchmark {name} begins\n",
        f"{text}\n",
        f".. benchmark {name} ends\n",
    )
    return "\n".join(lines)


def _read(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()
