"""From settings to an application's session tokens: the table of contents."""

from __future__ import annotations

import logging
from typing import Any

from pyramid.interfaces import ISecurityPolicy

from ..authenticators.chain import Chain
from ..authenticators.schemes import challenge
from ..clock import SystemClock
from ..interfaces import (
    IAuthenticator,
    IAuthorization,
    IClaimsTransformer,
    IClock,
    IKeyRing,
    IPrincipals,
    ISessionStore,
    ITokenRepository,
    IUserLoader,
)
from ..policy import authorization, cross_site
from ..policy.carriers import Carriers
from ..policy.rules import Rules
from ..policy.security_policy import SessionTokenPolicy
from ..sessions.stored import StoredSessions
from .authenticators import advertised_schemes, register_authenticators
from .carriers import make_carriers
from .contradictions import Registered
from .expiry import register_policy
from .keys import register_rings
from .kinds import Named
from .parts import Parts
from .reader import raise_faults, read_settings
from .routes import (
    check_login_route,
    check_path,
    check_routes,
    register_forbidden_view,
)
from .sessions import keep_sessions
from .settings import Settings, authenticator_names
from .utilities import register_default

log = logging.getLogger("pyramid_sessiontoken")


def compose(
    registry: Any,
    policy: SessionTokenPolicy,
    token_path: str,
    *,
    autocommit: bool,
) -> None:
    """Read the settings and make the policy ready.

    :param token_path: as it was read at the include.
    :param autocommit: whether directives may come later.
    :raises ConfigurationError: one, that lists all faults.
    """
    registered = Registered(
        frozenset(n for n, _ in registry.getUtilitiesFor(IAuthenticator)),
        keys=registry.queryUtility(IKeyRing) is not None,
        repository=any(
            registry.queryUtility(seam) is not None
            for seam in (ITokenRepository, ISessionStore)
        ),
        complete=not autocommit,
    )
    settings, faults = read_settings(registry.settings, registered)
    parts = Parts(registry, settings, faults)
    _register_utilities(parts)
    kept = keep_sessions(
        parts,
        settings.sessions,
        settings.repository,
        settings.token.application,
    )
    carriers = make_carriers(parts, settings.token, settings.cookie, kept)
    register_authenticators(parts, carriers)
    rules = _rules(parts, carriers, kept)
    check_path(parts, token_path)
    if not autocommit:
        check_login_route(parts)
        check_routes(parts, rules.names)
    raise_faults(faults)
    policy.rules = rules
    policy.settings = settings
    _warn(registry, policy, settings)
    if settings.forbidden_view:
        register_forbidden_view(registry)


def _register_utilities(parts: Parts) -> None:
    settings = parts.settings
    register_default(parts.registry, IClock, SystemClock())
    register_policy(parts, settings.expiry)
    for interface, key in (
        (IClaimsTransformer, "claims_transformer"),
        (IUserLoader, "user_loader"),
        (IPrincipals, "principals"),
    ):
        parts.register_named(interface, key)
    decides = _authorization(settings)
    parts.register(IAuthorization, decides, "authorization")
    register_rings(parts, settings.keys, settings.token.algorithm)


def _authorization(settings: Settings) -> Any:
    if isinstance(settings.authorization, Named):
        return settings.authorization.value
    if settings.authorization == "authenticated":
        return authorization.by_authentication
    return authorization.by_acl


def _rules(
    parts: Parts, carriers: Carriers, kept: StoredSessions | None
) -> Rules:
    settings = parts.settings
    names = authenticator_names(settings)
    refuse = settings.cross_site == "refuse"
    return Rules(
        chain=Chain(
            cross_site.is_cross_site if refuse else cross_site.allow_all
        ),
        names=names,
        combine=settings.combine,
        carriers=carriers.of(names),
        header=carriers.header,
        cookie=carriers.cookie if "cookie" in names else None,
        persistent=settings.cookie.persistent,
        exchange=settings.token.exchanged(names),
        challenge=advertised_schemes(parts),
        fallback_challenge=challenge(
            settings.token.scheme, {"realm": settings.realm}
        ),
        require_tls=settings.require_tls,
        login_url=settings.login_url,
        stored=kept,
        token_type=settings.token.scheme,
        issuer=settings.token.issuer,
        audience=settings.token.audience,
        device=settings.sessions.device,
        introspectors=frozenset(settings.token.introspectors or ()),
    )


def _warn(
    registry: Any, policy: SessionTokenPolicy, settings: Settings
) -> None:
    for warning in settings.warnings():
        log.warning(warning)
    if registry.queryUtility(ISecurityPolicy) is not policy:
        log.warning(
            "another security policy is in use: session tokens are not"
            " honoured, and the endpoint issues none"
        )
