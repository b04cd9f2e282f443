"""``psessiontoken check``: show what the settings mean."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from typing import Any

from pyramid.paster import get_appsettings

from ..config.compose import WARNINGS
from ..config.row import PREFIX
from ..config.settings import SETTINGS, TABLE, Settings
from ..interfaces import IKeyRing, ITokenRepository
from ..keys.file_ring import PROPAGATION, FileRing
from ..keys.lookup import HEADER_RING
from ..keys.ring import describe
from ..policy.rules import Rules
from ..sessions.stored import StoredSessions
from .application import add_ini, application, rules_of


def add_to(commands: Any) -> None:
    check = commands.add_parser("check", help="show what the settings mean")
    add_ini(check)
    check.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    in_file = get_appsettings(arguments.ini)
    with application(arguments.ini) as request:
        registry, rules = request.registry, rules_of(request)
        settings = registry[SETTINGS]
        shown = _in_force(settings, rules, registry)
        for line in _rows(shown, in_file, registry.settings):
            print(line)
        print()
        scheme = "https" if rules.require_tls else "http"
        url = request.route_url("sessiontoken.token", _scheme=scheme)
        print(f"Tokens: POST {url}")
        for line in _rings(registry):
            print(line)
        print(f"Revocable: {_promise(rules.stored, settings)}")
        for warning in dict.fromkeys(
            (*settings.advice(), *registry[WARNINGS])
        ):
            print(f"Warning: {warning}")
    return 0


def _in_force(
    settings: Settings, rules: Rules, registry: Any
) -> dict[str, str]:
    """Give the value of each setting, as people read it."""
    derived = {
        "cookie.name": settings.cookie.full_name,
        "cookie.secure": settings.cookie.shown_secure,
        "token.exchange": " ".join(rules.exchange),
        "challenge": " ".join(rules.challenge or ("all",)),
        "revocation": _on_or_off(rules.stored),
    }
    shown = {key: derived.get(key) or settings.show(key) for key in TABLE}
    repository = registry.queryUtility(ITokenRepository)
    for name, said in getattr(repository, "said_in_url", {}).items():
        if said:
            shown[f"repository.{name}"] += f"; the URL counts: {said}"
    return shown


def _rows(
    shown: Mapping[str, str],
    in_file: Mapping[str, Any],
    in_force: Mapping[str, Any],
) -> Iterator[str]:
    """Write each setting with its value, and where that comes from."""
    width = max(map(len, shown)) + len(PREFIX)
    for name, value in shown.items():
        key = PREFIX + name
        yield f"{key:{width}}  {value}  ({_source(key, in_file, in_force)})"


def _source(
    key: str, in_file: Mapping[str, Any], in_force: Mapping[str, Any]
) -> str:
    if key not in in_force:
        return "default"
    if key not in in_file:
        return "application"
    value = str(in_file[key])
    named = [i for i in value.split() if i.startswith(("env:", "file:"))]
    return f"INI, {' '.join(named)}" if named else "INI"


def _on_or_off(stored: StoredSessions | None) -> str:
    return "on" if stored is not None and stored.revocations else "off"


def _rings(registry: Any) -> Iterator[str]:
    """Write the key rings; no key, only names."""
    for name, title in (("", "Keys"), (HEADER_RING, "Token keys")):
        ring = registry.queryUtility(IKeyRing, name)
        if ring is not None:
            yield f"{title}: {describe(ring)}{_follows(ring)}"


def _follows(ring: Any) -> str:
    if not isinstance(ring, FileRing):
        return ""
    return (
        "; followed when the file changes, and a new first key signs"
        f" {PROPAGATION} s later"
    )


def _promise(stored: StoredSessions | None, settings: Settings) -> str:
    """Tell what can be ended early, and how soon every process knows."""
    if stored is None:
        return "nothing; a token ends at its own times."
    what = (
        "every session"
        if stored.revocations is not None
        else "sessions by reference, no self-contained ones"
    )
    if settings.repository.place == "memory":
        return f"{what}; at once, in this one process, which alone knows it."
    notice = settings.repository.notice
    when = f"within {notice} s" if notice else "at its next request"
    return (
        f"{what}; at once in the process that ends it, {when} in every other."
    )
