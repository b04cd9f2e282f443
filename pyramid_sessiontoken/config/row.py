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
    :ivar factory: whether a dotted name may stand here whose options stand
        under the row's key.
    """

    key: str
    kind: Kind
    default: str | None
    meaning: str
    factory: bool = False


def setting(
    kind: Kind,
    default: str | None,
    meaning: str,
    *,
    key: str = "",
    factory: bool = False,
) -> Any:
    """Make the field of a row.

    :param key: where it is not the group's name, a dot and the field's name.
    """
    row = Setting(key, kind, default, meaning, factory)
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


def group(rows: type[Group], *, authenticator: str | None = None) -> Any:
    """Make the field of a group that has the field's name.

    :param authenticator: which of the library's own the group is for.
    """
    return field(metadata={"group": rows, "authenticator": authenticator})


def rows_of(holder: type[Any], name: str) -> dict[str, Setting]:
    """Give the rows of a group that has a name, by field.

    :param name: empty where the keys are the names of the fields.
    """
    before = f"{name}." if name else ""
    return {
        each.name: replace(row, key=row.key or before + each.name)
        for each in fields(holder)
        if (row := each.metadata.get("row")) is not None
    }


Rows = TypeVar("Rows", bound=Group)


def fill(rows: type[Rows], name: str, values: Mapping[str, Any]) -> Rows:
    """Make a group of the values that were read, by key."""
    read = {
        field: values[row.key] for field, row in rows_of(rows, name).items()
    }
    return rows(name, **read)
