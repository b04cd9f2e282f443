"""The settings in force, as people read them, and where they come from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from ..config.durations import span
from ..config.row import PREFIX, Setting
from ..config.settings import Settings
from ..interfaces import ITokenRepository
from ..policy.rules import Rules
from ..sessions.stored import StoredSessions

#: Where a value comes from that nobody gave.
DEFAULT = "default"

# Before what the URL of the repository says of the same thing.
_IN_URL = "; the URL counts: "


class Value(NamedTuple):
    """The value of one setting.

    :ivar key: as the INI has it.
    :ivar text: the value, without a secret.
    :ivar source: where it comes from.
    """

    key: str
    text: str
    source: str

    @property
    def is_given(self) -> bool:
        return self.source != DEFAULT or _IN_URL in self.text


def values_in_force(
    settings: Settings, rules: Rules, registry: Any, in_file: Mapping[str, Any]
) -> Iterator[Value]:
    """Give the value of each setting, in the order of the table.

    :param in_file: the settings of the INI.
    """
    derived = {
        "cookie.name": settings.cookie.full_name,
        "cookie.secure": settings.cookie.shown_secure,
        "token.exchange": " ".join(rules.exchange),
        "challenge": " ".join(rules.challenge or ("all",)),
        "revocation": _on_or_off(rules.stored),
    }
    repository = registry.queryUtility(ITokenRepository)
    said_in_url = getattr(repository, "said_in_url", {})
    in_force = registry.settings
    for name, row in settings.table.items():
        key = PREFIX + name
        text = derived.get(name) or _as_written(
            settings, row, in_force.get(key)
        )
        said = said_in_url.get(name.removeprefix("repository."))
        if name.startswith("repository.") and said:
            text += f"{_IN_URL}{said}"
        yield Value(key, text, _source(key, in_file, in_force))


def _as_written(settings: Settings, row: Setting, given: object) -> str:
    """Write a value, a number in the units in which it was written."""
    value = settings.value(row.key)
    if row.kind.secret or isinstance(value, bool):
        return settings.show(row.key)
    if value is not None and not isinstance(value, (int, float)):
        return settings.show(row.key)
    for text in (given, row.default):
        with suppress(ValueError):
            if text is not None and row.kind.read(text) == value:
                return str(text).strip()
    if value is not None and "duration" in row.kind.allowed:
        return span(value)
    return settings.show(row.key)


def _source(
    key: str, in_file: Mapping[str, Any], in_force: Mapping[str, Any]
) -> str:
    if key not in in_force:
        return DEFAULT
    if key not in in_file:
        return "application"
    value = str(in_file[key])
    named = [i for i in value.split() if i.startswith(("env:", "file:"))]
    return f"INI, {' '.join(named)}" if named else "INI"


def _on_or_off(stored: StoredSessions | None) -> str:
    return "on" if stored is not None and stored.revocations else "off"
