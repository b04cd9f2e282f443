"""``authenticators``, ``combine``, ``realm`` and ``challenge``: which
credentials are accepted, and which ones a 401 asks for.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..interfaces import IAuthenticator
from .built_in import BuiltIn, Shared
from .kinds import BOOL, LIST, TEXT, read_dotted
from .registered import Registered
from .row import PREFIX, Group, setting
from .setup import Setup

#: The shipped authenticators that may also be listed under other names.
NAMEABLE = ("basic", "bearer", "api_key", "client_certificate", "remote_user")


class Item(NamedTuple):
    """An item of the list.

    :ivar dotted: what names an authenticator of the application's own.
    :ivar kind: the shipped authenticator that has another name here.
    """

    name: str
    dotted: str | None
    kind: str | None = None


def split_item(item: str) -> Item:
    """Split ``NAME=package.module:attribute`` and ``NAME=bearer``; a bare
    dotted name is called by its last part.
    """
    name, equals, dotted = item.partition("=")
    if dotted and not {".", ":"} & {*dotted}:
        return Item(name, None, dotted)
    if equals:
        return Item(name, dotted)
    if "." in item or ":" in item:
        return Item(item.replace(":", ".").rpartition(".")[2], item)
    return Item(item, None)


@dataclass(frozen=True, slots=True)
class AuthenticatorSettings(Group):
    """Which credentials are accepted, and which ones a 401 asks for.

    :ivar listed: the value of ``authenticators`` itself.
    """

    listed: tuple[str, ...] = setting(
        LIST,
        "session cookie",
        "The authenticators, in order of precedence: session, cookie, basic,"
        " bearer, api_key, access_token, client_certificate, remote_user,"
        " your own as NAME=package.module:attribute, or a name that a"
        " directive registered. NAME=bearer is one more bearer, whose settings"
        " begin with NAME; so are the others but session, cookie and"
        " access_token.",
        key="authenticators",
    )
    combine: bool = setting(
        BOOL,
        "false",
        "Whether all credentials of a request make one identity, with the"
        " claims of each. Where two name different users, both are refused;"
        " of two claims with one name the first authenticator's counts.",
        key="combine",
    )
    realm: str = setting(
        TEXT, "session", "The realm in challenges, escaped.", key="realm"
    )
    challenge: tuple[str, ...] | None = setting(
        LIST,
        None,
        "Which schemes a 401 advertises; without it, that of every"
        " authenticator that has one. Basic is never advertised to a script.",
        key="challenge",
    )

    @property
    def items(self) -> tuple[Item, ...]:
        return tuple(map(split_item, self.listed))

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(item.name for item in self.items)

    @property
    def kinds(self) -> dict[str, str]:
        """The names, and for each the shipped authenticator that it is; the
        name itself for any other one.
        """
        return {item.name: item.kind or item.name for item in self.items}

    def faults(
        self,
        registered: Registered,
        built_in: Collection[str],
        taken: Collection[str],
    ) -> Iterator[str]:
        """Tell which items name nothing.

        :param built_in: names of the library's own authenticators.
        :param taken: other names that have a meaning as the first word of
            a key.
        """
        known = [*built_in, *registered.authenticators]
        for text, item in zip(self.listed, self.items, strict=True):
            if item.kind is not None:
                yield from _faults_of_named(item, {*taken, *built_in})
            elif item.dotted is not None:
                yield from _faults_of_own(text, item, {*taken, *built_in})
            elif item.name not in known and registered.complete:
                yield _unknown(item.name, known)
            elif item.name in taken and item.name not in built_in:
                yield _no_name_of_own(item.name)
        if len(set(self.names)) < len(self.names):
            yield f"{PREFIX}authenticators: a name comes twice"

    def advice(self, exchanged: Collection[str]) -> Iterator[str]:
        """Advise on what is allowed and yet seldom right.

        :param exchanged: whose credentials may be swapped at the endpoint.
            Where there are none, as with the cookie alone, it issues nothing.
        """
        if exchanged and "session" not in self.names:
            yield (
                f"{PREFIX}authenticators lacks 'session': this application"
                " does not accept the tokens of its endpoint"
            )


def named_items(
    items: Iterable[Item], taken: Collection[str]
) -> dict[str, str]:
    """Give the shipped authenticators under other names, by these names;
    those at fault are left out.

    :param taken: names that have a meaning as the first word of a key.
    """
    return {
        item.name: item.kind
        for item in items
        if item.kind in NAMEABLE and _is_free(item.name, taken)
    }


def _is_free(name: str, taken: Collection[str]) -> bool:
    return name.isidentifier() and name not in taken


def _unknown(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, [*known], 1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"{PREFIX}authenticators: there is no authenticator {name!r}{hint}"


def _faults_of_named(item: Item, taken: Collection[str]) -> Iterator[str]:
    """Tell what is wrong with ``NAME=bearer``."""
    kind = item.kind or ""
    if not _is_free(item.name, taken):
        yield (
            f"{PREFIX}authenticators: {item.name!r} cannot be another name of"
            f" {kind!r}: it is no identifier, or settings begin with it"
        )
    if kind in taken and kind not in NAMEABLE:
        yield f"{PREFIX}authenticators: {kind!r} cannot have another name"
    elif kind not in NAMEABLE:
        yield _unknown(kind, NAMEABLE)


def _no_name_of_own(name: str) -> str:
    return (
        f"{PREFIX}authenticators: {name!r} cannot be the name of an"
        " authenticator of your own: it is no identifier, or settings begin"
        " with it"
    )


def _faults_of_own(
    text: str, item: Item, taken: Collection[str]
) -> Iterator[str]:
    if not _is_free(item.name, taken):
        yield _no_name_of_own(item.name)
    try:
        read_dotted(item.dotted)
    except ValueError as error:
        yield f"{PREFIX}authenticators: {error}, found {text!r}"


def register_authenticators(
    setup: Setup,
    authenticators: AuthenticatorSettings,
    built_in: Mapping[str, BuiltIn],
    shared: Shared,
) -> None:
    """Make the authenticators of the list, but for those that a directive
    registered.
    """
    for item in authenticators.items:
        if item.dotted is not None:
            made = _make_own(setup, item.name, item.dotted)
        elif item.name in built_in:
            made = built_in[item.name].make(setup, shared)
        else:
            continue  # A directive registers it, or it is a fault.
        if made is not None:
            setup.register(IAuthenticator, made, name=item.name)


def _make_own(setup: Setup, name: str, dotted: str) -> Any:
    try:
        named = read_dotted(dotted)
    except ValueError:
        return None  # Already a fault of the list.
    options = setup.options.get(name, {})
    return setup.make(named, IAuthenticator, options, "authenticators")


def advertised_schemes(
    setup: Setup, authenticators: AuthenticatorSettings
) -> tuple[str, ...] | None:
    """Give the schemes of ``challenge`` in lower case, ``None`` for all."""
    wanted = authenticators.challenge
    if wanted is None:
        return None
    query = setup.registry.queryUtility
    found = [query(IAuthenticator, name) for name in authenticators.names]
    schemes = {a.scheme.lower() for a in found if a is not None and a.scheme}
    for scheme in wanted:
        # One that could not be made is a fault of its own.
        if scheme.lower() not in schemes and None not in found:
            setup.fault(
                "challenge",
                f"no authenticator has the scheme {scheme!r}, only"
                f" {', '.join(sorted(schemes)) or 'none'}",
            )
    return tuple(scheme.lower() for scheme in wanted)
