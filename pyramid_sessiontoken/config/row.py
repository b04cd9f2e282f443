"""Rows of the table of settings, and groups of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeVar

from .kinds import Kind

#: What all keys begin with.
PREFIX = "sessiontoken."


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table.

    :ivar key: without the prefix that all have.
    :ivar default: as one would write it; ``None`` for none.
    """

    key: str
    kind: Kind
    default: str | None
    meaning: str


def setting(
    kind: Kind, default: str | None, meaning: str, *, key: str = ""
) -> Any:
    """Make the field of a row.

    :param key: where it is not the group's name, a dot and the field's name.
    """
    row = Setting(key, kind, default, meaning)
    return field(metadata={"row": row}, repr=not kind.secret)


@dataclass(frozen=True, slots=True)
class Group:
    """Settings whose keys begin alike; each field has one row.

    :ivar group: what the keys begin with. The same rows under another name
        are another group.
    """

    group: str

    def row(self, name: str) -> str:
        """Give the key of a row, as messages write it."""
        return f"{PREFIX}{self.group}.{name}"


def group(rows: type[Group], *, authenticator: str = "") -> Any:
    """Make the field of a group that has the field's name.

    :param authenticator: which of the library's own the group is for.
    """
    return field(metadata={"group": rows, "authenticator": authenticator})


Rows = TypeVar("Rows", bound=Group)


def rows_of(group: type[Group], name: str) -> dict[str, Setting]:
    """Give the rows of a group that has a name, by field."""
    return {
        each.name: replace(row, key=row.key or f"{name}.{each.name}")
        for each in fields(group)
        if (row := each.metadata.get("row")) is not None
    }


def fill(group: type[Rows], name: str, values: Mapping[str, Any]) -> Rows:
    """Make a group of the values that were read, by key."""
    rows = rows_of(group, name)
    return group(name, **{f: values[row.key] for f, row in rows.items()})
