"""What the reference is made from: the table of settings, the codes of
refusals, and interfaces as zope.interface knows them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from importlib import import_module
from inspect import cleandoc
from itertools import groupby
from textwrap import indent
from typing import Any

from docutils import nodes
from sphinx.util.docutils import SphinxDirective
from zope.interface.interface import Method

from pyramid_sessiontoken import interfaces
from pyramid_sessiontoken.config.row import PREFIX, Setting
from pyramid_sessiontoken.config.settings import TABLE
from pyramid_sessiontoken.errors import CODES

#: Groups of settings, by what stands before the first dot of a key.
TITLES = {
    "": "Who, and whether they may",
    "expiry": "How long",
    "expiry.persistent": "How long, for sessions that are persistent",
    "token": "The token and its endpoint",
    "cookie": "The cookie",
    "metadata": "What programs are told of the API",
    "cors": "Pages of other origins",
    "basic": "User name and password",
    "throttle": "Guessing passwords",
    "address": "The address of the client",
    "api_key": "API keys",
    "repository": "What the server keeps",
    "sessions": "What is kept of a session",
    "revocation": "How soon a sign-out is noticed",
    "stepup": "Views that need a new sign-in",
    "stamp": "What ends the sessions of a user",
}

_NAME = re.compile(r"\b(?:[a-z_]+\.[a-z_]+|I[A-Z][A-Za-z]+)\b")


class SettingsTable(SphinxDirective):
    """``.. settings-table::`` writes all rows of the table, in groups."""

    def run(self) -> list[nodes.Node]:
        rows = sorted(TABLE.values(), key=_place)
        text = "\n".join(
            _heading(group) + "\n".join(map(_entry, members))
            for group, members in groupby(rows, _group)
        )
        return self.parse_text_to_nodes(text, allow_section_headings=True)


class CodesTable(SphinxDirective):
    """``.. codes-table::`` writes the codes of refusals and their meaning."""

    def run(self) -> list[nodes.Node]:
        rows = (
            f"   * - ``{code}``\n     - {_sentence(meaning)}\n"
            for code, meaning in CODES.items()
        )
        text = (
            ".. list-table::\n   :header-rows: 1\n   :widths: 30 70\n\n"
            "   * - Code\n     - Meaning\n" + "".join(rows)
        )
        return self.parse_text_to_nodes(text)


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:] + "."


class InterfaceDirective(SphinxDirective):
    """``.. interface:: module.IName`` writes an interface of
    zope.interface, with its attributes and verbs.
    """

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        module, _, name = self.arguments[0].rpartition(".")
        interface = getattr(import_module(module), name)
        parts = [
            f".. py:currentmodule:: {module}",
            f".. py:class:: {name}",
            _body(interface.__doc__),
        ]
        for member in map(interface.get, interface.names()):
            parts.extend(_member(member))
        return self.parse_text_to_nodes("\n\n".join(parts))


def _member(member: Any) -> Iterator[str]:
    role, signature = "attribute", ""
    if isinstance(member, Method):
        role, signature = "method", member.getSignatureString()
    yield f"   .. py:{role}:: {member.getName()}{signature}"
    yield indent(_body(member.getDoc()), "   ")


def _body(doc: str) -> str:
    return indent(cleandoc(doc), "   ")


def _group(row: Setting) -> str:
    return row.key.rpartition(".")[0]


def _place(row: Setting) -> tuple[int, str]:
    """Known groups first, in their order; others by their name."""
    group = _group(row)
    known: Iterable[str] = TITLES
    return [*known, group].index(group), group


def _heading(group: str) -> str:
    title = TITLES.get(group, group)
    return f"\n{title}\n{'~' * len(title)}\n\n"


def _entry(row: Setting) -> str:
    default = "none" if row.default is None else f"``{row.default}``"
    return (
        f".. setting:: {PREFIX}{row.key}\n\n"
        f"   {_prose(row.meaning)}\n\n"
        f"   | Allowed: {_escape(row.kind.allowed)}.\n"
        f"   | Default: {default}.\n"
    )


def _prose(text: str) -> str:
    """Escape a text, and make links of the settings and interfaces that it
    names.
    """

    def link(match: re.Match[str]) -> str:
        name = match[0]
        if name in TABLE:
            return f":setting:`{name} <{PREFIX}{name}>`"
        if hasattr(interfaces, name):
            return f":class:`~{interfaces.__name__}.{name}`"
        return name

    return _NAME.sub(link, _escape(text))


def _escape(text: str) -> str:
    return re.sub(r"([*`|\\]|_\b)", r"\\\1", text)


def setup(app: Any) -> dict[str, bool]:
    app.add_object_type("setting", "setting", "single: %s; setting")
    app.add_directive("settings-table", SettingsTable)
    app.add_directive("codes-table", CodesTable)
    app.add_directive("interface", InterfaceDirective)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
