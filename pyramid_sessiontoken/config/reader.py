"""From what stands in the INI to :class:`.settings.Settings`."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from pyramid.exceptions import ConfigurationError

from .authenticators import named_items, split_item
from .kinds import Named
from .registered import Registered
from .row import PREFIX, Setting
from .settings import (
    FIRST_WORDS,
    TABLE,
    Settings,
    rows_of_named,
    settings_of,
)

AUTHENTICATORS = "authenticators"

# A URL with a password (RFC 3986, section 3.2.1).
_USERINFO = re.compile("//[^/]*@")


def read_settings(
    settings: Mapping[str, Any], registered: Registered
) -> tuple[Settings, list[str]]:
    """Parse all keys that begin with ``sessiontoken.``.

    :param settings: the application's settings.
    :return: the settings, with defaults for what is at fault; and the
        faults, a sentence each.
    """
    given = {
        key[len(PREFIX) :]: value
        for key, value in settings.items()
        if key.startswith(PREFIX) and value is not None
    }
    named = _named(given)
    table = {**TABLE, **rows_of_named(named)}
    values, broken = _read_rows(given, table)
    prefixes = _prefixes(values, table)
    parsed = settings_of(
        values,
        _options(given, prefixes, table),
        frozenset(given),
        named,
    )
    contradictions = [
        fault
        for fault in parsed.faults(registered, given)
        # Skip those that a default causes which replaced a bad value.
        if not any(_mentions(fault, key) for key in broken)
    ]
    return parsed, [
        *broken.values(),
        *_unknown_keys(given, prefixes, broken, table),
        *contradictions,
    ]


def named_in(settings: Mapping[str, Any]) -> dict[str, str]:
    """Give the shipped authenticators under other names, by these names, as
    the settings have them now.
    """
    key = TABLE[AUTHENTICATORS].key
    value = settings.get(PREFIX + key)
    return _named({} if value is None else {key: value})


def raise_faults(faults: list[str]) -> None:
    """Raise one ``ConfigurationError`` that lists all faults, if any."""
    if faults:
        raise ConfigurationError(
            f"pyramid_sessiontoken cannot start; faults: {len(faults)}\n"
            + "\n".join(f"- {fault}" for fault in faults)
        )


def _named(given: Mapping[str, Any]) -> dict[str, str]:
    """Give the shipped authenticators under other names, by these names."""
    row = TABLE[AUTHENTICATORS]
    try:
        listed = _read(row, given.get(row.key, row.default))
    except ValueError:
        return {}  # A fault of the row, which is told there.
    return named_items(map(split_item, listed), FIRST_WORDS)


def _read_rows(
    given: Mapping[str, Any], table: Mapping[str, Setting]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Read each row; give values and faults, by key."""
    values: dict[str, Any] = {}
    broken: dict[str, str] = {}
    for row in table.values():
        try:
            values[row.key] = _read(row, given.get(row.key, row.default))
        except ValueError as error:
            broken[row.key] = _fault(row, error, given.get(row.key))
            values[row.key] = _read(row, row.default)
    return values, broken


def _read(row: Setting, value: Any) -> Any:
    return None if value is None else row.kind.read(value)


def _fault(row: Setting, error: ValueError, found: Any) -> str:
    shown = "" if row.kind.secret else _shown(found)
    return f"{PREFIX}{row.key}: {error}{shown}; allowed: {row.kind.allowed}"


def _shown(found: Any) -> str:
    try:
        shown = repr(found)
    except ValueError:
        # Python writes no number of more than 4,300 digits.
        shown = f"a huge {type(found).__name__}"
    return "" if _USERINFO.search(shown) else f", found {shown}"


def _mentions(fault: str, key: str) -> bool:
    """Tell whether a sentence names a setting, not only one below it."""
    return bool(re.search(re.escape(PREFIX + key) + r"(?!\.?\w)", fault))


def _prefixes(
    values: Mapping[str, Any], table: Mapping[str, Setting]
) -> list[str]:
    """Give what the keys of options begin with."""
    factories = [
        row.key
        for row in table.values()
        if row.factory and isinstance(values[row.key], Named)
    ]
    items = map(split_item, values[AUTHENTICATORS])
    return [*factories, *(i.name for i in items if i.dotted is not None)]


def _prefix_of(key: str, prefixes: Collection[str]) -> str | None:
    return next((p for p in prefixes if key.startswith(f"{p}.")), None)


def _options(
    given: Mapping[str, Any],
    prefixes: Collection[str],
    table: Collection[str],
) -> dict[str, dict[str, Any]]:
    """Sort the options of what dotted names make, each as it was given. A
    setting of the library is no option.
    """
    options: dict[str, dict[str, Any]] = {prefix: {} for prefix in prefixes}
    for key, value in given.items():
        prefix = _prefix_of(key, prefixes)
        if prefix is not None and key not in table:
            options[prefix][key[len(prefix) + 1 :]] = value
    return options


def _unknown_keys(
    given: Mapping[str, Any],
    prefixes: Collection[str],
    broken: Collection[str],
    table: Collection[str],
) -> Iterator[str]:
    """Tell which keys are neither settings nor options."""
    for key in given:
        is_known = key in table or _prefix_of(key, prefixes) is not None
        if not is_known and not _may_be_option(key, broken):
            yield _unknown(key, table)


def _may_be_option(key: str, broken: Collection[str]) -> bool:
    """Tell whether a key may be for what is named by a row at fault."""
    if any(key.startswith(f"{row}.") for row in broken):
        return True
    name = key.partition(".")[0]
    return AUTHENTICATORS in broken and name != key and name not in FIRST_WORDS


def _unknown(key: str, table: Collection[str]) -> str:
    near = difflib.get_close_matches(key, table, 1)
    hint = f"; did you mean {PREFIX}{near[0]}?" if near else ""
    return f"{PREFIX}{key}: there is no such setting{hint}"
