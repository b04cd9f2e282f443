"""The words of the line ``Also called: ...`` are entries of the index.

The search of the pages finds entries of the index, also numbers such as 401,
which it does not look for in the text.
"""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.transforms import SphinxTransform

BEGINNING = "Also called:"


def words_of(line: str) -> list[str]:
    """Give the words of a line, which commas separate."""
    words = line.removeprefix(BEGINNING).strip().removesuffix(".")
    return [" ".join(word.split()).strip('"') for word in words.split(",")]


class AlsoCalled(SphinxTransform):
    """Add the entries before the domain of the index collects them (850)."""

    default_priority = 500

    def apply(self, **_: Any) -> None:
        for line in self.document.findall(nodes.paragraph):
            text = line.astext()
            if not text.startswith(BEGINNING):
                continue
            target = nodes.make_id(BEGINNING)
            entries = [
                ("single", word, target, "", None) for word in words_of(text)
            ]
            index = addnodes.index(entries=entries)
            place = nodes.target("", "", ids=[target])
            line["classes"].append("also-called")
            line.parent.insert(line.parent.index(line), [index, place])
            return


def setup(app: Any) -> dict[str, bool]:
    app.add_transform(AlsoCalled)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
