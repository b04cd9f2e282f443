"""The public verbs of configuration: ``config.set_sessiontoken_...``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyramid.exceptions import ConfigurationError
from pyramid.interfaces import PHASE2_CONFIG
from zope.interface import Interface

from ..interfaces import (
    IAuthenticator,
    IClaimsTransformer,
    ICookieTransform,
    IExpiryPolicy,
    ISessionStore,
    ITokenRepository,
    IUserLoader,
)
from .utilities import make

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
