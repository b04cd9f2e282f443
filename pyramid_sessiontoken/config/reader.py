"""From what stands in the INI to :class:`.settings.Settings`."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping
from typing import Any

from pyramid.exceptions import ConfigurationError

from .contradictions import CHECKS, Registered
from .kinds import Named
from .row import PREFIX, Setting
from .settings import (
    PLANNED,
    TABLE,
    Settings,
    settings_of,
    split_item,
)

#: Rows that a factory of one's own may stand in, with options under the
#: row's key.
_FACTORIES = (
    "claims_transformer",
    "cookie.transform",
    "expiry.policy",
    "principals",
    "repository",
    "session_store",
    "user_loader",
)


# A URL with a password (RFC 3986, section 3.2.1).
_USERINFO = re.compile("//[^/]*@")

#: What the shipped repositories read; one of one's own has them as options.
_URL = "repository.url"
_OF_SHIPPED = (
    _URL,
    "repository.table",
    "repository.prefix",
    "repository.timeout",
    "repository.pool_size",
)


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
    values: dict[str, Any] = {}
    broken: dict[str, str] = {}
    for row in TABLE.values():
        try:
            values[row.key] = _read(row, given.get(row.key, row.default))
        except ValueError as error:
            broken[row.key] = _fault(row, error, given.get(row.key))
            values[row.key] = _default(row)
    if isinstance(values["repository"], Named):
        # What it makes of its options is its own business.
        for key in _OF_SHIPPED:
            if key != _URL:
                broken.pop(key, None)
    options, unknown = _sort_out(given, values, broken)
    faults = [*broken.values(), *unknown]
    parsed = settings_of(values, options, frozenset(given))
    for _, check in CHECKS:
        # What stands in for a row that is at fault contradicts nothing.
        faults.extend(
            fault
            for fault in check(parsed, registered)
            if not any(_names(fault, key) for key in broken)
        )
    return parsed, faults


def _names(fault: str, key: str) -> bool:
    return bool(re.search(re.escape(PREFIX + key) + r"(?!\.?\w)", fault))


def raise_faults(faults: list[str]) -> None:
    """Raise one ``ConfigurationError`` that lists all faults, if any."""
    if faults:
        raise ConfigurationError(
            f"pyramid_sessiontoken cannot start; faults: {len(faults)}\n"
            + "\n".join(f"- {fault}" for fault in faults)
        )


def _read(row: Setting, value: Any) -> Any:
    return None if value is None else row.kind.read(value)


def _default(row: Setting) -> Any:
    return _read(row, row.default)


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


def _sort_out(
    given: Mapping[str, Any],
    values: Mapping[str, Any],
    broken: Collection[str],
) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """Tell the options of factories from keys that nobody knows."""
    prefixes = [key for key in _FACTORIES if isinstance(values[key], Named)]
    for item in values["authenticators"]:
        name, dotted = split_item(item)
        if dotted is not None:
            prefixes.append(name)
    options: dict[str, dict[str, Any]] = {key: {} for key in prefixes}
    faults = []
    for key, value in given.items():
        if key in TABLE and not (
            key in _OF_SHIPPED and "repository" in prefixes
        ):
            continue
        for prefix in prefixes:
            if key.startswith(prefix + "."):
                # As the INI has it, but for the one that may be a secret.
                found = values[key] if key == _URL else value
                options[prefix][key[len(prefix) + 1 :]] = found
                break
        else:
            off = key in PLANNED and str(value).strip().lower() == "off"
            if not off and not _may_be_option(key, broken):
                faults.append(_unknown(key))
    return options, faults


def _may_be_option(key: str, broken: Collection[str]) -> bool:
    """Tell whether a key may be for what is named by a row at fault."""
    if any(key.startswith(f"{row}.") for row in broken):
        return True
    name = key.partition(".")[0]
    groups = {row.partition(".")[0] for row in TABLE}
    return "authenticators" in broken and name != key and name not in groups


def _unknown(key: str) -> str:
    if key in PLANNED:
        return f"{PREFIX}{key}: this feature is not there yet"
    near = difflib.get_close_matches(key, [*TABLE, *PLANNED], 1)
    hint = f"; did you mean {PREFIX}{near[0]}?" if near else ""
    return f"{PREFIX}{key}: there is no such setting{hint}"
