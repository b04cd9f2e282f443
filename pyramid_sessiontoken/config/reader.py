"""From what stands in the INI to :class:`.settings.Settings`."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from pyramid.exceptions import ConfigurationError

from .authenticators import split_item
from .kinds import Named
from .registered import Registered
from .row import PREFIX, Setting
from .settings import FIRST_WORDS, PLANNED, TABLE, Settings, settings_of

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
    values, broken = _read_rows(given)
    prefixes = _prefixes(values)
    parsed = settings_of(
        values, _options(given, values, prefixes), frozenset(given)
    )
    contradictions = [
        fault
        for fault in parsed.faults(registered)
        # Skip those that a default causes which replaced a bad value.
        if not any(_mentions(fault, key) for key in broken)
    ]
    return parsed, [
        *broken.values(),
        *_unknown_keys(given, prefixes, broken),
        *contradictions,
    ]


def raise_faults(faults: list[str]) -> None:
    """Raise one ``ConfigurationError`` that lists all faults, if any."""
    if faults:
        raise ConfigurationError(
            f"pyramid_sessiontoken cannot start; faults: {len(faults)}\n"
            + "\n".join(f"- {fault}" for fault in faults)
        )


def _read_rows(
    given: Mapping[str, Any],
) -> tuple[dict[str, Any], dict[str, str]]:
    """Read each row; give values and faults, by key."""
    values: dict[str, Any] = {}
    broken: dict[str, str] = {}
    for row in TABLE.values():
        try:
            values[row.key] = _read(row, given.get(row.key, row.default))
        except ValueError as error:
            broken[row.key] = _fault(row, error, given.get(row.key))
            values[row.key] = _read(row, row.default)
    for row in TABLE.values():
        if _is_option(row, values) and not row.kind.secret:
            # A factory makes of its options what it likes.
            broken.pop(row.key, None)
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


def _is_option(row: Setting, values: Mapping[str, Any]) -> bool:
    """Tell whether a row is an option of what a dotted name makes."""
    return isinstance(values.get(row.option_of or ""), Named)


def _prefixes(values: Mapping[str, Any]) -> list[str]:
    """Give what the keys of options begin with."""
    factories = [
        row.key
        for row in TABLE.values()
        if row.factory and isinstance(values[row.key], Named)
    ]
    items = map(split_item, values["authenticators"])
    return [*factories, *(i.name for i in items if i.dotted is not None)]


def _prefix_of(key: str, prefixes: Collection[str]) -> str | None:
    return next((p for p in prefixes if key.startswith(f"{p}.")), None)


def _options(
    given: Mapping[str, Any],
    values: Mapping[str, Any],
    prefixes: Collection[str],
) -> dict[str, dict[str, Any]]:
    """Sort the options of what dotted names make."""
    options: dict[str, dict[str, Any]] = {prefix: {} for prefix in prefixes}
    for key, value in given.items():
        row, prefix = TABLE.get(key), _prefix_of(key, prefixes)
        if prefix is None or (row and not _is_option(row, values)):
            continue
        # As the INI has it, but for what may be a secret.
        is_secret = row is not None and row.kind.secret
        options[prefix][key[len(prefix) + 1 :]] = (
            values[key] if is_secret else value
        )
    return options


def _unknown_keys(
    given: Mapping[str, Any],
    prefixes: Collection[str],
    broken: Collection[str],
) -> Iterator[str]:
    """Tell which keys are neither settings nor options."""
    for key, value in given.items():
        is_known = key in TABLE or _prefix_of(key, prefixes) is not None
        if (
            not is_known
            and not _is_off(key, value)
            and not _may_be_option(key, broken)
        ):
            yield _unknown(key)


def _is_off(key: str, value: Any) -> bool:
    """Tell whether a feature that is still to come is switched off."""
    return key in PLANNED and str(value).strip().lower() == "off"


def _may_be_option(key: str, broken: Collection[str]) -> bool:
    """Tell whether a key may be for what is named by a row at fault."""
    if any(key.startswith(f"{row}.") for row in broken):
        return True
    name = key.partition(".")[0]
    return (
        "authenticators" in broken and name != key and name not in FIRST_WORDS
    )


def _unknown(key: str) -> str:
    if key in PLANNED:
        return f"{PREFIX}{key}: this feature is not there yet"
    near = difflib.get_close_matches(key, [*TABLE, *PLANNED], 1)
    hint = f"; did you mean {PREFIX}{near[0]}?" if near else ""
    return f"{PREFIX}{key}: there is no such setting{hint}"
