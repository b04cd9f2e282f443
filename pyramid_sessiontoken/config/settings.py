"""One table of all settings: it parses, it reports, and the docs and
``psessiontoken check`` are made from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any

from . import row
from .api_key import ApiKeySettings
from .basic import BasicSettings
from .bearer import BearerSettings
from .built_in import BuiltIn
from .client_certificate import ClientCertificateSettings
from .cookie import CookieSettings
from .expiry import ExpirySettings
from .keys import KeySettings
from .kinds import (
    BOOL,
    CALLABLE,
    DOTTED,
    LIST,
    TEXT,
    Kind,
    Named,
    either,
    one_of,
)
from .remote_user import RemoteUserSettings
from .repository import RepositorySettings
from .row import PREFIX, Group, Setting, fill, group, rows_of
from .sessions import SessionSettings
from .throttle import ThrottleSettings
from .token import TokenSettings


def setting(key: str, kind: Kind, default: str | None, meaning: str) -> Any:
    return row.setting(kind, default, meaning, key=key)


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings, parsed; a field for each row."""

    authenticators: tuple[str, ...] = setting(
        "authenticators",
        LIST,
        "session cookie",
        "Who may vouch, in order of precedence: session, cookie, basic,"
        " bearer, api_key, client_certificate, remote_user, your own as"
        " NAME=package.module:attribute, or a name that a directive"
        " registered.",
    )
    combine: bool = setting(
        "combine",
        BOOL,
        "false",
        "Whether the claims of all that vouch make one identity. Two that"
        " name different users refuse each other; of equal claims the first"
        " authenticator's wins.",
    )
    realm: str = setting(
        "realm", TEXT, "session", "The realm in challenges, escaped."
    )
    challenge: tuple[str, ...] | None = setting(
        "challenge",
        LIST,
        None,
        "Which schemes a 401 advertises; without it, that of every"
        " authenticator that has one. Basic is never advertised to a script.",
    )
    require_tls: bool = setting(
        "require_tls",
        BOOL,
        "true",
        "Over plain HTTP nobody is signed in, and the endpoints answer 403.",
    )
    keys: KeySettings = group(KeySettings)
    expiry: ExpirySettings = group(ExpirySettings)
    token: TokenSettings = group(TokenSettings, authenticator="session")
    cookie: CookieSettings = group(CookieSettings, authenticator="cookie")
    cross_site: str = setting(
        "cross_site",
        one_of("refuse", "allow"),
        "refuse",
        "Whether an unsafe request from another origin can spend what a"
        " browser sends by itself.",
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
    claims_transformer: Named | None = setting(
        "claims_transformer", DOTTED, None, "An IClaimsTransformer."
    )
    user_loader: Named | None = setting(
        "user_loader",
        CALLABLE,
        None,
        "(identity, request): the user object that request.identity gives;"
        " None for one gone or barred.",
    )
    principals: Named | None = setting(
        "principals",
        CALLABLE,
        None,
        "(identity, request): the names under which ACLs know the user.",
    )
    authorization: Named | str = setting(
        "authorization",
        Kind(
            "acl | authenticated | the dotted name of a callable",
            either(("acl", "authenticated"), CALLABLE.read),
        ),
        "acl",
        "How permits decides: by Pyramid's ACLs, for any signed-in user, or"
        " (request, context, permission, principals).",
    )
    forbidden_view: bool = setting(
        "forbidden_view",
        BOOL,
        "true",
        "Answer HTTPForbidden where nobody else does: 401, 403, or 302 to"
        " login_url.",
    )
    login_url: str | None = setting(
        "login_url",
        TEXT,
        None,
        "Where a page that needs a user is sent: a path or a route name; the"
        " way back is added as ?next=.",
    )

    #: Options of what dotted names make, by the prefix that is theirs.
    options: Mapping[str, Mapping[str, Any]] = field(
        default_factory=dict, repr=False
    )

    def value(self, key: str) -> Any:
        """Give the value of a key."""
        return _READERS[key](self)

    @property
    def built_in(self) -> dict[str, BuiltIn]:
        """The groups of the library's own authenticators, by name."""
        return {
            each.metadata["authenticator"]: getattr(self, each.name)
            for each in fields(self)
            if each.metadata.get("authenticator")
        }

    def show(self, key: str) -> str:
        """Write a value as people read it: no secret, only names of keys."""
        value = self.value(key)
        if value is None:
            return "-"
        if TABLE[key].kind.secret and isinstance(value, str):
            return value if value == TABLE[key].default else "(secret)"
        if TABLE[key].kind.secret:
            return ", ".join(f"key {item.kid!r}" for item in value)
        if isinstance(value, tuple):
            return " ".join(map(str, value))
        if isinstance(value, bool):
            return str(value).lower()
        return str(value)

    #: Keys that the application's settings give a value.
    given: frozenset[str] = field(default=frozenset(), compare=False)

    def advice(self) -> Iterator[str]:
        """Advise on what is allowed and yet seldom right."""
        yield from self.token.advice()
        yield from self.throttle.advice(authenticator_names(self))
        if "session" not in authenticator_names(self):
            yield (
                f"{PREFIX}authenticators lacks 'session': the endpoint's"
                " tokens are honoured elsewhere, if anywhere"
            )
        yield from self.warnings()

    def warnings(self) -> Iterator[str]:
        """Warn of what is right for development only."""
        if not self.require_tls:
            yield f"{PREFIX}require_tls = false: tokens can be overheard"
        yield from self.keys.warnings()


def _places() -> Iterator[tuple[Setting, str]]:
    """Give each row with the way to its value, in the order of the table."""
    for each in fields(Settings):
        rows: type[Group] | None = each.metadata.get("group")
        if rows is not None:
            for name, row in rows_of(rows, each.name).items():
                yield row, f"{each.name}.{name}"
        elif "row" in each.metadata:
            yield each.metadata["row"], each.name


TABLE: dict[str, Setting] = {row.key: row for row, _ in _places()}

_READERS = {row.key: attrgetter(way) for row, way in _places()}

#: Names of the contract whose features are still to come.
PLANNED = frozenset(("repository.invalidation", "javascript.path"))

BUILT_IN = tuple(
    each.metadata["authenticator"]
    for each in fields(Settings)
    if each.metadata.get("authenticator")
)


def settings_of(
    values: Mapping[str, Any],
    options: Mapping[str, Mapping[str, Any]],
    given: frozenset[str],
) -> Settings:
    """Make the settings of the values that were read, by key."""
    made: dict[str, Any] = {"options": options, "given": given}
    for each in fields(Settings):
        if "group" in each.metadata:
            rows = each.metadata["group"]
            made[each.name] = fill(rows, each.name, values)
        elif "row" in each.metadata:
            made[each.name] = values[each.metadata["row"].key]
    return Settings(**made)


def authenticator_names(settings: Settings) -> tuple[str, ...]:
    return tuple(split_item(item)[0] for item in settings.authenticators)


def split_item(item: str) -> tuple[str, str | None]:
    """Split ``NAME=package.module:attribute``; a bare dotted name is called
    by its last part.
    """
    name, equals, dotted = item.partition("=")
    if equals:
        return name, dotted
    if "." in item or ":" in item:
        return item.replace(":", ".").rpartition(".")[2], item
    return item, None
