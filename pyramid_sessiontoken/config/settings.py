"""All settings in one table: it parses and reports them, and the docs and
``psessiontoken check`` are made from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any

from .api_key import ApiKeySettings
from .authenticators import AuthenticatorSettings
from .basic import BasicSettings
from .bearer import BearerSettings
from .built_in import BuiltIn
from .client_certificate import ClientCertificateSettings
from .cookie import CookieSettings
from .expiry import ExpirySettings
from .forbidden import ForbiddenSettings
from .keys import KeySettings
from .kinds import BOOL, Named, one_of
from .registered import Registered
from .remote_user import RemoteUserSettings
from .repository import RepositorySettings
from .row import PREFIX, Setting, fill, group, rows_of, setting
from .sessions import SessionSettings
from .throttle import ThrottleSettings
from .token import TokenSettings
from .users import UserSettings

#: Where the registry keeps the parsed settings, for the commands.
SETTINGS = "pyramid_sessiontoken.settings"


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings, parsed: a field for each group, and for each row that is
    in none.

    :ivar options: of what dotted names make, by what their keys begin with.
    :ivar given: the keys to which the application's settings give a value.
    """

    authenticators: AuthenticatorSettings = group(AuthenticatorSettings)
    require_tls: bool = setting(
        BOOL,
        "true",
        "Over plain HTTP nobody is signed in, and the endpoints answer 403.",
    )
    keys: KeySettings = group(KeySettings)
    expiry: ExpirySettings = group(ExpirySettings)
    token: TokenSettings = group(TokenSettings, authenticator="session")
    cookie: CookieSettings = group(CookieSettings, authenticator="cookie")
    cross_site: str = setting(
        one_of("refuse", "allow"),
        "refuse",
        "Whether an unsafe request from another origin is signed in by what a"
        " browser sends by itself: cookie, Basic, client certificate, remote"
        " user.",
    )
    repository: RepositorySettings = group(RepositorySettings)
    sessions: SessionSettings = group(SessionSettings)
    basic: BasicSettings = group(BasicSettings, authenticator="basic")
    bearer: BearerSettings = group(BearerSettings, authenticator="bearer")
    api_key: ApiKeySettings = group(ApiKeySettings, authenticator="api_key")
    client_certificate: ClientCertificateSettings = group(
        ClientCertificateSettings, authenticator="client_certificate"
    )
    remote_user: RemoteUserSettings = group(
        RemoteUserSettings, authenticator="remote_user"
    )
    throttle: ThrottleSettings = group(ThrottleSettings)
    users: UserSettings = group(UserSettings)
    forbidden: ForbiddenSettings = group(ForbiddenSettings)

    options: Mapping[str, Mapping[str, Any]] = field(
        default_factory=dict, repr=False
    )
    given: frozenset[str] = field(default=frozenset(), compare=False)

    @property
    def built_in(self) -> dict[str, BuiltIn]:
        """The groups of the library's own authenticators, by name."""
        return {name: getattr(self, field) for name, field in BUILT_IN.items()}

    def value(self, key: str) -> Any:
        """Give the value of a key."""
        return _READERS[key](self)

    def show(self, key: str) -> str:
        """Write a value as people read it: no secret, only names of keys."""
        value, row = self.value(key), TABLE[key]
        if value is None:
            return "-"
        if row.kind.secret and isinstance(value, str):
            return value if value == row.default else "(secret)"
        if row.kind.secret:
            return ", ".join(f"key {item.kid!r}" for item in value)
        if isinstance(value, tuple):
            return " ".join(map(str, value))
        if isinstance(value, bool):
            return str(value).lower()
        return value.name if isinstance(value, Named) else str(value)

    def parts_of(self, package: str) -> Iterator[str]:
        """Give the keys whose values name something of a package."""
        for key in TABLE:
            value = self.value(key)
            names = value if isinstance(value, tuple) else ()
            if isinstance(value, Named):
                names = (value.name, getattr(value.value, "__module__", ""))
            if any(package in str(name) for name in names):
                yield PREFIX + key

    def faults(self, registered: Registered) -> Iterator[str]:
        """Tell where settings that are each allowed contradict each other."""
        names = self.authenticators.names
        yield from self.keys.faults(
            self.token.algorithm, has_ring=registered.keys
        )
        yield from self.expiry.faults()
        yield from self.repository.faults()
        yield from self.sessions.faults(
            self._wanting_references(),
            has_repository=(
                self.repository.place is not None or registered.repository
            ),
        )
        yield from self.authenticators.faults(
            registered, BUILT_IN, FIRST_WORDS
        )
        yield from self.api_key.faults_of_header(
            self.token.header if {"session", "api_key"} <= set(names) else None
        )
        for name, rows in self.built_in.items():
            yield from rows.faults(names)
            if name in names and name not in registered.authenticators:
                yield from rows.lacks()

    def _wanting_references(self) -> list[str]:
        return [
            rows.row("form")
            for rows in (self.token, self.cookie)
            if rows.writes_references
        ]

    def advice(self) -> Iterator[str]:
        """Advise on what is allowed and yet seldom right."""
        yield from self.token.advice()
        yield from self.throttle.advice(self.authenticators.names)
        yield from self.authenticators.advice()
        if "cookie" in self.authenticators.names:
            yield from self.cookie.advice()
        yield from self.warnings()

    def warnings(self) -> Iterator[str]:
        """Warn of what is right for development only, or not used."""
        if not self.require_tls:
            yield f"{PREFIX}require_tls = false: tokens can be overheard"
        if "cookie" in self.authenticators.names:
            yield from self.cookie.warnings()
        yield from self.keys.warnings()
        yield from self.repository.warnings()


def _places() -> Iterator[tuple[Setting, str]]:
    """Give each row with the way to its value, in the order of the table."""
    own = rows_of(Settings, "")
    for each in fields(Settings):
        if each.name in own:
            yield own[each.name], each.name
        elif "group" in each.metadata:
            rows = rows_of(each.metadata["group"], each.name)
            for name, row in rows.items():
                yield row, f"{each.name}.{name}"


TABLE: dict[str, Setting] = {row.key: row for row, _ in _places()}

_READERS = {row.key: attrgetter(way) for row, way in _places()}

#: Names of the contract whose features are still to come.
PLANNED = frozenset(("repository.invalidation", "javascript.path"))

#: What the keys of the table begin with.
FIRST_WORDS = frozenset(key.partition(".")[0] for key in (*TABLE, *PLANNED))

#: The library's own authenticators, and the group of settings of each.
BUILT_IN: dict[str, str] = {
    name: each.name
    for each in fields(Settings)
    if (name := each.metadata.get("authenticator")) is not None
}


def settings_of(
    values: Mapping[str, Any],
    options: Mapping[str, Mapping[str, Any]],
    given: frozenset[str],
) -> Settings:
    """Make the settings of the values that were read, by key."""
    groups: dict[str, Any] = {
        each.name: fill(each.metadata["group"], each.name, values)
        for each in fields(Settings)
        if "group" in each.metadata
    }
    own = {
        name: values[row.key] for name, row in rows_of(Settings, "").items()
    }
    groups["cookie"] = groups["cookie"].under(own["require_tls"])
    return Settings(**groups, **own, options=options, given=given)
