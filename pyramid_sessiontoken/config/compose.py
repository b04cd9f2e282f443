"""From settings to an application's session tokens: the table of contents."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from pyramid.interfaces import IAuthenticationPolicy, ISecurityPolicy

from ..authenticators.chain import Chain
from ..authenticators.schemes import challenge
from ..clock import SystemClock
from ..interfaces import IClock
from ..issuers.claims import MAX_TAKEN
from ..policy.carriers import Carriers
from ..policy.cross_site import allow_all, is_cross_site
from ..policy.rules import Rules
from ..policy.security_policy import SessionTokenPolicy
from ..sessions.stored import StoredSessions
from .authenticators import advertised_schemes, register_authenticators
from .built_in import Shared
from .carriers import make_carriers
from .expiry import make_policy, register_policy
from .forbidden import check_login_route, register_forbidden_view
from .keys import register_rings
from .reader import raise_faults, read_settings
from .registered import registered_in
from .routes import check_paths, check_routes
from .sessions import keep_sessions
from .settings import SETTINGS, Settings
from .setup import Setup
from .throttle import throttled
from .users import register_users

#: Where the registry keeps the warnings of the start, for the commands.
WARNINGS = "pyramid_sessiontoken.warnings"

#: Where the demo is, which is no part of an application of one's own.
DEMO = "pyramid_sessiontoken.demo"


def compose(
    registry: Any,
    policy: SessionTokenPolicy,
    paths: Mapping[str, str],
    *,
    autocommit: bool,
) -> list[str]:
    """Read the settings and make the policy ready.

    :param paths: as they were read at the include, by key.
    :param autocommit: whether directives may come later.
    :return: the warnings of this start, as the log has them.
    :raises ConfigurationError: one, that lists all faults.
    """
    registered = registered_in(registry, complete=not autocommit)
    settings, faults = read_settings(registry.settings, registered)
    setup = Setup(registry, settings.options, settings.given, faults)
    token, application = settings.token, settings.token.application

    setup.register(IClock, SystemClock())
    register_policy(setup, settings.expiry)
    register_users(setup, settings.users)
    register_rings(setup, settings.keys, token.algorithm)
    stored = keep_sessions(
        setup,
        settings.sessions,
        settings.repository,
        application,
        settings.expiry.clock_skew,
    )
    carriers = make_carriers(setup, token, settings.cookie, stored)
    register_authenticators(
        setup,
        settings.authenticators,
        settings.built_in,
        _shared(setup, settings, carriers),
    )
    rules = _rules(setup, settings, carriers, stored)

    check_paths(setup, paths, {key: settings.value(key) for key in paths})
    if not autocommit:
        check_login_route(setup, settings.forbidden.login_url)
        check_routes(setup, rules.names)
    raise_faults(setup.faults)

    policy.rules = rules
    registry[SETTINGS] = settings
    _warn(setup, policy, settings)
    if settings.forbidden.view:
        register_forbidden_view(setup)
    return setup.warnings


def _shared(setup: Setup, settings: Settings, carriers: Carriers) -> Shared:
    names = settings.authenticators.names
    under_one_scheme = settings.token.has_scheme_of_bearer(names)
    return Shared(
        carriers,
        settings.authenticators.realm,
        make_policy(settings.expiry).leeway,
        carriers.header.form.is_ours if under_one_scheme else None,
        None if settings.token.writes_references else MAX_TAKEN,
        partial(
            throttled,
            setup,
            settings.throttle,
            settings.token.application,
            settings.repository.timeout,
        ),
    )


def _rules(
    setup: Setup,
    settings: Settings,
    carriers: Carriers,
    stored: StoredSessions | None,
) -> Rules:
    authenticators, token = settings.authenticators, settings.token
    names = authenticators.names
    refuses = settings.cross_site == "refuse"
    return Rules(
        chain=Chain(is_cross_site if refuses else allow_all),
        names=names,
        combine=authenticators.combine,
        carriers=carriers.of(names),
        header=carriers.header,
        cookie=carriers.cookie if "cookie" in names else None,
        persistent=settings.cookie.persistent,
        exchange=token.exchanged(names),
        challenge=advertised_schemes(setup, authenticators),
        fallback_challenge=challenge(
            token.scheme, {"realm": authenticators.realm}
        ),
        require_tls=settings.require_tls,
        login_url=settings.forbidden.login_url,
        stored=stored,
        token_type=token.scheme,
        issuer=token.issuer,
        audience=token.audience,
        device=settings.sessions.device,
        introspectors=frozenset(token.introspectors or ()),
    )


def _warn(
    setup: Setup, policy: SessionTokenPolicy, settings: Settings
) -> None:
    for warning in settings.warnings():
        setup.warn(warning)
    if setup.registry.queryUtility(ISecurityPolicy) is not policy:
        setup.warn(
            "another security policy is in use: session tokens are not"
            " honoured, and the endpoint issues none"
        )
    else:
        _warn_of_legacy(setup)
    _warn_of_demo(setup, settings)


def _warn_of_legacy(setup: Setup) -> None:
    legacy = setup.registry.queryUtility(IAuthenticationPolicy)
    if legacy is not None:
        setup.warn(
            f"{type(legacy).__name__} is not asked: the security policy of"
            " this library is in use in its place; remove"
            " authentication_policy and authorization_policy from the"
            " Configurator"
        )


def _warn_of_demo(setup: Setup, settings: Settings) -> None:
    if str(setup.registry.package_name).startswith(DEMO):
        return
    for key in settings.parts_of(DEMO):
        setup.warn(
            f"{key} names a part of {DEMO}, whose users and passwords are"
            " public: name a part of your own"
        )
