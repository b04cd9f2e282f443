"""All settings in one table: it parses and reports them, and the docs and
``psessiontoken check`` are made from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any

from .access_token import AccessTokenSettings
from .address import AddressSettings
from .alike import (
    LOGOUT_PATH,
    advice_of_alike,
    bearers_of,
    faults_of_alike,
)
from .api_key import ApiKeySettings
from .audit import AuditSettings
from .authenticators import NAMEABLE, AuthenticatorSettings
from .basic import BasicSettings
from .bearer import BearerSettings
from .built_in import BuiltIn
from .client_certificate import ClientCertificateSettings
from .cookie import CookieSettings
from .cors import CorsSettings
from .expiry import ExpirySettings
from .forbidden import ForbiddenSettings
from .impersonation import ImpersonationSettings
from .javascript import JavaScriptSettings
from .keys import KeySettings
from .kinds import BOOL, Named, one_of
from .metadata import MetadataSettings
from .metrics import MetricsSettings
from .registered import Registered
from .remote_user import RemoteUserSettings
from .repository import RepositorySettings
from .row import PREFIX, Setting, fill, group, rows_of, setting
from .sessions import SessionSettings
from .stamp import StampSettings
from .stepup import StepUpSettings
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
    :ivar named: the groups of shipped authenticators under other names.
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
    cors: CorsSettings = group(CorsSettings)
    repository: RepositorySettings = group(RepositorySettings)
    sessions: SessionSettings = group(SessionSettings)
    stamp: StampSettings = group(StampSettings)
    basic: BasicSettings = group(BasicSettings, authenticator="basic")
    bearer: BearerSettings = group(BearerSettings, authenticator="bearer")
    metadata: MetadataSettings = group(MetadataSettings)
    api_key: ApiKeySettings = group(ApiKeySettings, authenticator="api_key")
    access_token: AccessTokenSettings = group(
        AccessTokenSettings, authenticator="access_token"
    )
    client_certificate: ClientCertificateSettings = group(
        ClientCertificateSettings, authenticator="client_certificate"
    )
    remote_user: RemoteUserSettings = group(
        RemoteUserSettings, authenticator="remote_user"
    )
    throttle: ThrottleSettings = group(ThrottleSettings)
    address: AddressSettings = group(AddressSettings)
    users: UserSettings = group(UserSettings)
    forbidden: ForbiddenSettings = group(ForbiddenSettings)
    impersonation: ImpersonationSettings = group(ImpersonationSettings)
    stepup: StepUpSettings = group(StepUpSettings)
    javascript: JavaScriptSettings = group(JavaScriptSettings)
    audit: AuditSettings = group(AuditSettings)
    metrics: MetricsSettings = group(MetricsSettings)

    options: Mapping[str, Mapping[str, Any]] = field(
        default_factory=dict, repr=False
    )
    given: frozenset[str] = field(default=frozenset(), compare=False)
    named: Mapping[str, BuiltIn] = field(default_factory=dict)

    @property
    def built_in(self) -> dict[str, BuiltIn]:
        """The groups of the library's own authenticators, by name."""
        own = {name: getattr(self, field) for name, field in BUILT_IN.items()}
        return {**own, **self.named}

    @property
    def listed(self) -> dict[str, BuiltIn]:
        """Those that are listed."""
        groups, names = self.built_in, self.authenticators.names
        return {name: groups[name] for name in names if name in groups}

    @property
    def listed_access_token(self) -> AccessTokenSettings | None:
        """The settings of access tokens; ``None`` where none is accepted."""
        is_listed = "access_token" in self.authenticators.names
        return self.access_token if is_listed else None

    @property
    def other_lives(self) -> tuple[int, ...]:
        """How long what is kept lives that no expiry policy ends, seconds."""
        tokens = self.listed_access_token
        return () if tokens is None else (tokens.lifetime,)

    @property
    def counted(self) -> set[str]:
        """The kinds of the authenticators whose credentials may be asked for:
        those that are listed, and ``basic`` where a sign-in form can ask for
        its check.
        """
        kinds = {*self.authenticators.kinds.values()}
        return {*kinds, "basic"} if self.basic.has_check else kinds

    def named_as(self, kind: str) -> tuple[str, ...]:
        """Name the listed authenticators that are a shipped one."""
        kinds = self.authenticators.kinds
        return tuple(name for name in kinds if kinds[name] == kind)

    @property
    def api_key_headers(self) -> list[str]:
        """The headers with API keys."""
        return [
            rows.header
            for rows in self.built_in.values()
            if isinstance(rows, ApiKeySettings)
        ]

    @property
    def logout_keys(self) -> list[str]:
        """The keys of the paths where issuers tell of sign-outs."""
        groups = bearers_of(self.built_in.values())
        return [f"{each.group}.{LOGOUT_PATH}" for each in groups]

    @property
    def table(self) -> dict[str, Setting]:
        """All rows, also those of authenticators under other names."""
        kinds = self.authenticators.kinds
        return {
            **TABLE,
            **rows_of_named({name: kinds[name] for name in self.named}),
        }

    @property
    def issuers(self) -> list[str | None]:
        """The issuers whose tokens are taken."""
        return [
            rows.issuer
            for rows in self.listed.values()
            if isinstance(rows, BearerSettings)
        ]

    @property
    def writes_references(self) -> bool:
        """Whether new tokens, or new cookies, are references."""
        return bool(self._wanting_references())

    def value(self, key: str) -> Any:
        """Give the value of a key."""
        if key in _READERS:
            return _READERS[key](self)
        name, _, row = key.partition(".")
        return getattr(self.named[name], row)

    def show(self, key: str) -> str:
        """Write a value as people read it: no secret, only names of keys."""
        value, row = self.value(key), self.table[key]
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
        for key in self.table:
            value = self.value(key)
            names = value if isinstance(value, tuple) else ()
            if isinstance(value, Named):
                names = (value.name, getattr(value.value, "__module__", ""))
            if any(package in str(name) for name in names):
                yield PREFIX + key

    def faults(
        self, registered: Registered, given: Mapping[str, Any]
    ) -> Iterator[str]:
        """Tell where settings that are each allowed contradict each other.

        :param given: the values as they were written.
        """
        names = self.authenticators.kinds
        yield from self.keys.faults(
            self.token.algorithm, has_ring=registered.keys
        )
        yield from self.expiry.faults(given)
        yield from self.repository.faults()
        yield from self.sessions.faults(
            self._wanting_references(),
            has_repository=(
                self.repository.place is not None or registered.repository
            ),
            uncounted=self._uncounted(),
            given=self.given,
        )
        yield from self.authenticators.faults(
            registered, BUILT_IN, FIRST_WORDS
        )
        yield from self.address.faults()
        yield from self.metadata.faults(
            self.issuers, require_tls=self.require_tls
        )
        yield from self.impersonation.faults(
            has_repository=(
                self.repository.place is not None or registered.repository
            ),
            revocation=self.sessions.revocation,
        )
        if self.listed_access_token is not None:
            yield from self.access_token.faults_of_repository(
                has_repository=(
                    self.repository.place is not None or registered.tokens
                ),
                revocation=self.sessions.revocation,
            )
        for name, rows in self.built_in.items():
            if isinstance(rows, ApiKeySettings):
                both = {"session", name} <= set(names)
                yield from rows.faults_of_header(
                    self.token.header if both else None
                )
            yield from rows.faults(names)
            if name in names and name not in registered.authenticators:
                yield from rows.lacks()
        for each in bearers_of(self.built_in.values()):
            yield from each.faults_of_logout(
                is_listed=each.group in names,
                has_repository=(
                    self.repository.place is not None or registered.tokens
                ),
                revocation=self.sessions.revocation,
            )
        yield from faults_of_alike(self.listed.values())

    def _wanting_references(self) -> list[str]:
        return [
            rows.row("form")
            for rows in (self.token, self.cookie)
            if rows.writes_references
        ]

    def _uncounted(self) -> list[str]:
        """Give the keys that want tokens that are accepted to be
        self-contained: the server does not count their sessions.
        """
        names = self.authenticators.names
        return [
            rows.row("form")
            for name, rows in (
                ("session", self.token),
                ("cookie", self.cookie),
            )
            if name in names and not rows.writes_references
        ]

    def advice(self) -> Iterator[str]:
        """Advise on what is allowed and yet seldom right."""
        yield from self.token.advice()
        yield from self.expiry.advice(self.given)
        yield from self.throttle.advice(self.counted)
        yield from self.address.advice()
        names = self.authenticators.names
        yield from self.authenticators.advice(self.token.exchanged(names))
        yield from self.impersonation.advice()
        yield from advice_of_alike(
            self.listed.values(), has_passwords="basic" in self.counted
        )
        if "cookie" in names:
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

#: What the keys of the table begin with.
FIRST_WORDS = frozenset(key.partition(".")[0] for key in TABLE)

#: The library's own authenticators, and the group of settings of each.
BUILT_IN: dict[str, str] = {
    name: each.name
    for each in fields(Settings)
    if (name := each.metadata.get("authenticator")) is not None
}


#: The groups that may have other names.
_NAMEABLE: dict[str, Any] = {
    name: each.metadata["group"]
    for each in fields(Settings)
    if (name := each.metadata.get("authenticator")) in NAMEABLE
}


def rows_of_named(names: Mapping[str, Any]) -> dict[str, Setting]:
    """Give the rows of shipped authenticators under other names, by key.

    :param names: the names, with the shipped authenticator that each is.
    """
    return {
        row.key: row
        for name, kind in names.items()
        for row in rows_of(_NAMEABLE[kind], name).values()
    }


def settings_of(
    values: Mapping[str, Any],
    options: Mapping[str, Mapping[str, Any]],
    given: frozenset[str],
    named: Mapping[str, str],
) -> Settings:
    """Make the settings of the values that were read, by key.

    :param named: as for :func:`rows_of_named`.
    """
    groups: dict[str, Any] = {
        each.name: fill(each.metadata["group"], each.name, values)
        for each in fields(Settings)
        if "group" in each.metadata
    }
    own = {
        name: values[row.key] for name, row in rows_of(Settings, "").items()
    }
    groups["cookie"] = groups["cookie"].under(own["require_tls"])
    groups["expiry"] = groups["expiry"].in_force(given)
    return Settings(
        **groups,
        **own,
        options=options,
        given=given,
        named={
            name: fill(_NAMEABLE[kind], name, values)
            for name, kind in named.items()
        },
    )
