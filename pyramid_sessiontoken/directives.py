"""The public verbs of configuration: ``config.set_sessiontoken_...``."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from pyramid.exceptions import ConfigurationError
from pyramid.interfaces import PHASE2_CONFIG
from zope.interface import Interface

from .interfaces import (
    IAuthenticator,
    IClaimsTransformer,
    ICookieTransform,
    IExpiryPolicy,
    ISessionStore,
    ITokenRepository,
    IUserLoader,
)
from .kinds import read_list
from .rules import CHOICE

log = logging.getLogger("pyramid_sessiontoken")

CATEGORY = "session tokens"


def add_sessiontoken_authenticator(
    config: Any, name: str, authenticator: Any
) -> None:
    """Give an authenticator a name for ``sessiontoken.authenticators``.

    :param authenticator: an :class:`.interfaces.IAuthenticator`, or the
        dotted name of one.
    """
    authenticator = config.maybe_dotted(authenticator)
    noun = f"authenticator {name}"
    _declare(config, IAuthenticator, noun, authenticator, name)


class AuthenticatorsPredicate:
    """``config.add_route(..., sessiontoken_authenticators='cookie')``: who of
    ``sessiontoken.authenticators`` may vouch on that route. It matches
    always.
    """

    def __init__(self, value: Any, config: Any) -> None:
        try:
            self.sessiontoken_authenticators = read_list(value)
        except ValueError as error:
            raise ConfigurationError(f"{CHOICE}: {error}") from error

    def text(self) -> str:
        return f"{CHOICE} = {' '.join(self.sessiontoken_authenticators)}"

    phash = text

    def __call__(self, info: Any, request: Any) -> bool:
        return True


def _setter(
    interface: type[Interface], noun: str
) -> Callable[[Any, Any], None]:
    def directive(config: Any, value: Any) -> None:
        _declare(config, interface, noun, config.maybe_dotted(value))

    directive.__doc__ = (
        f"Set the {noun}: an instance, or the dotted name of one, or of what"
        " makes one of ``(options, registry)``."
    )
    directive.__name__ = f"set_sessiontoken_{noun.replace(' ', '_')}"
    return directive


set_sessiontoken_claims_transformer = _setter(
    IClaimsTransformer, "claims transformer"
)
set_sessiontoken_cookie_transform = _setter(
    ICookieTransform, "cookie transform"
)
set_sessiontoken_expiry_policy = _setter(IExpiryPolicy, "expiry policy")
set_sessiontoken_repository = _setter(ITokenRepository, "repository")
set_sessiontoken_session_store = _setter(ISessionStore, "session store")
set_sessiontoken_user_loader = _setter(IUserLoader, "user loader")

DIRECTIVES = (
    add_sessiontoken_authenticator,
    set_sessiontoken_claims_transformer,
    set_sessiontoken_cookie_transform,
    set_sessiontoken_expiry_policy,
    set_sessiontoken_repository,
    set_sessiontoken_session_store,
    set_sessiontoken_user_loader,
)


def _declare(
    config: Any,
    interface: type[Interface],
    noun: str,
    value: Any,
    name: str = "",
) -> None:
    """Register a utility as an action: two that disagree are a conflict,
    and the application's beats a plugin's.
    """
    registry = config.registry

    def act() -> None:
        try:
            made = make(value, interface, {}, registry)
        except ValueError as error:
            raise ConfigurationError(f"the {noun}: {error}") from error
        registry.registerUtility(made, interface, name)

    introspectable = config.introspectable(CATEGORY, noun, noun, noun)
    introspectable["value"] = value
    config.action(
        ("sessiontoken", interface, name),
        act,
        introspectables=(introspectable,),
        order=PHASE2_CONFIG,
    )


def make(
    value: Any,
    interface: type[Interface],
    options: Mapping[str, Any],
    registry: Any,
) -> Any:
    """Give the instance that a dotted name names, or that what it names
    makes of ``(options, registry)``.

    :raises ValueError: where it lacks something of the interface.
    """
    is_factory = isinstance(value, type) or (
        callable(value) and bool(_lacks(interface, value))
    )
    made = value(options, registry) if is_factory else value
    lacking = _lacks(interface, made)
    if lacking:
        raise ValueError(
            f"{type(made).__name__} lacks {', '.join(lacking)}"
            f" of {interface.__name__}"
        )
    return made


def register_default(
    registry: Any,
    interface: type[Interface],
    value: Any,
    name: str = "",
    setting: str | None = None,
) -> None:
    """Register what the settings say, unless something else is there.

    :param setting: the key that named it, which is then said in the log.
    """
    there = registry.queryUtility(interface, name)
    if there is None:
        registry.registerUtility(value, interface, name)
    elif setting is not None:
        log.warning(
            "%s is set, but %r is registered and beats it", setting, there
        )


def _lacks(interface: type[Interface], value: Any) -> list[str]:
    """Name what an object lacks of an interface."""
    return [
        name for name in interface.names(all=True) if not hasattr(value, name)
    ]
