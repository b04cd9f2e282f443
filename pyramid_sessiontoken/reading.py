"""From what stands in the INI to :class:`.settings.Settings`."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from pyramid.exceptions import ConfigurationError

from .contradictions import CHECKS, Registered
from .kinds import Named
from .settings import (
    PLANNED,
    PREFIX,
    TABLE,
    Setting,
    Settings,
    attribute,
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
    faults: list[str] = []
    values: dict[str, Any] = {}
    broken: set[str] = set()
    for row in TABLE.values():
        try:
            values[row.key] = _read(row, given.get(row.key, row.default))
        except ValueError as error:
            broken.add(row.key)
            values[row.key] = _default(row)
            faults.append(_fault(row, error, given.get(row.key)))
    options, unknown = _sort_out(given, values)
    faults.extend(unknown)
    parsed = Settings(
        **{attribute(key): value for key, value in values.items()},
        options=options,
        given=frozenset(given),
    )
    for keys, check in CHECKS:
        if not broken.intersection(keys):
            faults.extend(check(parsed, registered))
    return parsed, faults


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
    shown = "" if row.kind.secret else f", found {_shown(found)}"
    return f"{PREFIX}{row.key}: {error}{shown}; allowed: {row.kind.allowed}"


def _shown(found: Any) -> str:
    try:
        return repr(found)
    except ValueError:
        # Python writes no number of more than 4,300 digits.
        return f"a huge {type(found).__name__}"


def _sort_out(
    given: Mapping[str, Any], values: Mapping[str, Any]
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
        if key in TABLE:
            continue
        for prefix in prefixes:
            if key.startswith(prefix + "."):
                options[prefix][key[len(prefix) + 1 :]] = value
                break
        else:
            faults.append(_unknown(key))
    return options, faults


def _unknown(key: str) -> str:
    if key in PLANNED:
        return f"{PREFIX}{key}: this feature is not there yet"
    near = difflib.get_close_matches(key, [*TABLE, *PLANNED], 1)
    hint = f"; did you mean {PREFIX}{near[0]}?" if near else ""
    return f"{PREFIX}{key}: there is no such setting{hint}"
