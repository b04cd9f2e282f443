"""Contradictions between settings that are each allowed."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .kinds import read_dotted
from .row import PREFIX
from .settings import (
    BUILT_IN,
    PLANNED,
    TABLE,
    Settings,
    authenticator_names,
    split_item,
)


@dataclass(frozen=True, slots=True)
class Registered:
    """What the application registered itself, which the INI need not name.

    :ivar authenticators: their names.
    :ivar keys: whether there is a key ring.
    :ivar repository: whether there is a repository.
    :ivar complete: whether no more can come; under an autocommitting
        configurator directives come after the settings are read.
    """

    authenticators: frozenset[str] = frozenset()
    keys: bool = False
    repository: bool = False
    complete: bool = True


_Check = Callable[[Settings, Registered], Iterator[str]]
CHECKS: list[tuple[tuple[str, ...], _Check]] = []


def _concerns(*keys: str) -> Callable[[_Check], _Check]:
    """Register a check, by the keys that it is about."""

    def register(check: _Check) -> _Check:
        CHECKS.append((keys, check))
        return check

    return register


@_concerns("keys")
def _check_keys(settings: Settings, registered: Registered) -> Iterator[str]:
    yield from settings.keys.faults(
        settings.token.algorithm, has_ring=registered.keys
    )


@_concerns("expiry.")
def _check_expiry(settings: Settings, registered: Registered) -> Iterator[str]:
    yield from settings.expiry.faults()


@_concerns("repository")
def _check_repository(
    settings: Settings, registered: Registered
) -> Iterator[str]:
    yield from settings.repository.faults()
    yield from settings.sessions.faults(
        [
            group.row("form")
            for group in (settings.token, settings.cookie)
            if group.writes_references
        ],
        has_repository=(
            settings.repository.place is not None or registered.repository
        ),
    )


@_concerns("authenticators")
def _check_authenticators(
    settings: Settings, registered: Registered
) -> Iterator[str]:
    names = authenticator_names(settings)
    known = [*BUILT_IN, *registered.authenticators]
    for item in settings.authenticators:
        name, dotted = split_item(item)
        if dotted is not None:
            yield from _check_own(item, name, dotted)
        elif name not in known and registered.complete:
            near = difflib.get_close_matches(name, known, 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            yield (
                f"{PREFIX}authenticators: there is no authenticator"
                f" {name!r}{hint}"
            )
    if len(set(names)) < len(names):
        yield f"{PREFIX}authenticators: a name comes twice"


@_concerns("login_url")
def _check_login_url(
    settings: Settings, registered: Registered
) -> Iterator[str]:
    if (settings.login_url or "").startswith(("//", "/\\")):
        yield (
            f"{PREFIX}login_url: exactly one leading slash, found"
            f" {settings.login_url!r}"
        )


@_concerns("authenticators", "api_key.", "token.", "cookie.")
def _check_built_in(
    settings: Settings, registered: Registered
) -> Iterator[str]:
    names = authenticator_names(settings)
    for name, group in settings.built_in.items():
        yield from group.faults(names)
        if name in names and name not in registered.authenticators:
            yield from group.lacks()


@_concerns("authenticators", "api_key.header", "token.header")
def _check_api_key_header(
    settings: Settings, registered: Registered
) -> Iterator[str]:
    both = {"session", "api_key"} <= set(authenticator_names(settings))
    token_header = settings.token.header if both else None
    yield from settings.api_key.faults_of_header(token_header)


def _check_own(item: str, name: str, dotted: str) -> Iterator[str]:
    taken = {key.partition(".")[0] for key in (*TABLE, *PLANNED)}
    if not name.isidentifier() or name in taken or name in BUILT_IN:
        yield (
            f"{PREFIX}authenticators: {name!r} cannot be the name of an"
            " authenticator of your own"
        )
    try:
        read_dotted(dotted)
    except ValueError as error:
        yield f"{PREFIX}authenticators: {error}, found {item!r}"
