"""From settings to an application's session tokens: the table of contents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pyramid.interfaces import IAuthenticationPolicy, ISecurityPolicy

from ..authenticators.bearer_scheme import BearerScheme
from ..authenticators.chain import Chain, StampedChain
from ..authenticators.names import ACCESS_TOKEN, SESSION
from ..authenticators.passwords import Passwords
from ..authenticators.schemes import challenge
from ..authenticators.throttle import KeyThrottle
from ..clock import SystemClock
from ..errors import SessionLimitReached
from ..interfaces import IClock, IForgetfulRepository, ITokenRepository
from ..policy.carriers import Carriers
from ..policy.challenges import name_metadata
from ..policy.cross_site import allow_all, is_cross_site
from ..policy.rules import Rules
from ..policy.security_policy import SessionTokenPolicy
from ..policy.strict import is_unsafe
from ..sessions.stored import StoredSessions
from ..views.session_limit import session_limit
from .alike import bearers_of
from .authenticators import advertised_schemes, register_authenticators
from .basic import make_passwords
from .built_in import Shared
from .carriers import make_carriers
from .expiry import make_policy, register_policy
from .forbidden import (
    check_login_route,
    register_beside,
    register_forbidden_view,
)
from .near_prefix import near_prefixes
from .observers import observe
from .reader import raise_faults, read_settings
from .registered import registered_in
from .rings import register_rings
from .routes import AT_INCLUDE, AtInclude, check_paths, check_routes
from .row import PREFIX
from .sessions import keep_sessions
from .settings import SETTINGS, Settings
from .setup import Setup
from .stepup import register_step_up_view
from .throttle import make_throttles
from .users import register_users
from .view_options import check_strict

if TYPE_CHECKING:
    from ..issuers.logout_token import LogoutTokens
    from ..sessions.issuer_signouts import IssuerSignOuts

#: Where the registry keeps the warnings of the start, for the commands.
WARNINGS = "pyramid_sessiontoken.warnings"

#: Where the demo is, which is no part of an application of one's own.
DEMO = "pyramid_sessiontoken.demo"


def compose(
    registry: Any,
    policy: SessionTokenPolicy,
    paths: AtInclude,
    *,
    autocommit: bool,
) -> list[str]:
    """Read the settings and make the policy ready.

    :param paths: as they were read at the include.
    :param autocommit: whether directives may come later.
    :return: the warnings of this start, as the log has them.
    :raises ConfigurationError: one, that lists all faults.
    """
    registered = registered_in(registry, complete=not autocommit)
    settings, faults = read_settings(registry.settings, registered)
    setup = Setup(registry, settings.options, settings.given, faults)
    for warning in near_prefixes(registry.settings):
        setup.warn(warning)
    token, application = settings.token, settings.token.application

    setup.register(IClock, SystemClock())
    register_policy(setup, settings.expiry)
    register_users(setup, settings.users)
    register_rings(setup, settings.keys, token.algorithm, settings.other_lives)
    stored = keep_sessions(
        setup,
        settings.sessions,
        settings.repository,
        application,
        settings.expiry.clock_skew,
        settings.listed_access_token,
    )
    carriers = make_carriers(setup, token, settings.cookie, stored)
    throttles = make_throttles(
        setup,
        settings.throttle,
        application,
        settings.repository.timeout,
        settings.address.make(),
    )
    passwords = make_passwords(setup, settings.built_in, throttles.passwords)
    shared = _shared(setup, settings, carriers, passwords, stored)
    register_authenticators(
        setup, settings.authenticators, settings.built_in, shared
    )
    rules = _rules(setup, settings, shared, stored, throttles.keys)
    observe(setup, settings.audit, settings.metrics, rules.address)

    can_revoke = stored is not None and (
        stored.revocations is not None or settings.writes_references
    )
    check_strict(setup, settings.sessions.strict, can_revoke=can_revoke)
    keys = {*paths.values, *settings.logout_keys}
    check_paths(setup, paths, {key: settings.value(key) for key in keys})
    if not autocommit:
        check_login_route(setup, "login_url", settings.forbidden.login_url)
        check_login_route(setup, "stepup.url", settings.stepup.url)
        check_routes(setup, rules.names)
    raise_faults(setup.faults)

    policy.rules = rules
    registry[SETTINGS] = settings
    registry[AT_INCLUDE] = paths
    _warn(setup, policy, settings)
    register_beside(registry, session_limit, SessionLimitReached)
    if settings.forbidden.view:
        register_forbidden_view(setup)
    register_step_up_view(registry)
    return setup.warnings


def _shared(
    setup: Setup,
    settings: Settings,
    carriers: Carriers,
    passwords: Mapping[str, Passwords],
    stored: StoredSessions | None,
) -> Shared:
    kinds = settings.authenticators.kinds
    bearers, tokens = BearerScheme(), None
    if stored is not None:
        tokens = stored.access_tokens
    if tokens is not None:
        may_be = tokens.may_be
        bearers.add(ACCESS_TOKEN, lambda shown: may_be(shown.text))
    under_one_scheme = settings.token.has_scheme_of_bearer(kinds)
    if under_one_scheme:
        is_ours = carriers.header.form.is_ours
        bearers.add(SESSION, lambda shown: is_ours(shown.text))
    return Shared(
        carriers,
        settings.authenticators.realm,
        make_policy(settings.expiry).limits[False].leeway,
        bearers,
        under_one_scheme,
        Counter(each.issuer for each in bearers_of(settings.listed.values())),
        settings.token.writes_references,
        passwords,
        tokens,
        _signouts(setup, settings, stored),
    )


def _signouts(
    setup: Setup, settings: Settings, stored: StoredSessions | None
) -> IssuerSignOuts | None:
    """Make what keeps the sign-outs of issuers; ``None`` where no issuer tells
    of them.
    """
    issuers = frozenset(
        each.issuer
        for each in bearers_of(settings.built_in.values())
        if each.logout_path is not None and each.issuer is not None
    )
    if not issuers or stored is None or stored.revocations is None:
        return None
    if IForgetfulRepository.providedBy(
        setup.registry.queryUtility(ITokenRepository)
    ):
        setup.warn(
            f"{PREFIX}repository: a restart forgets which users an issuer"
            " signed out, so its tokens are accepted again until they expire"
        )
    from ..sessions.issuer_signouts import IssuerSignOuts

    return IssuerSignOuts(stored.revocations, issuers, setup.clock.now)


def _logouts(
    setup: Setup, settings: Settings, shared: Shared
) -> dict[str, LogoutTokens]:
    made = {
        each.group: each.make_logout(setup, shared)
        for each in bearers_of(settings.built_in.values())
    }
    return {name: each for name, each in made.items() if each is not None}


def _rules(
    setup: Setup,
    settings: Settings,
    shared: Shared,
    stored: StoredSessions | None,
    key_throttle: KeyThrottle | None,
) -> Rules:
    carriers = shared.carriers
    authenticators, token = settings.authenticators, settings.token
    names = authenticators.names
    stamp = settings.stamp.make(setup)
    refuses = settings.cross_site == "refuse"
    metadata = settings.metadata.make(settings.issuers)
    fallback = challenge(token.scheme, {"realm": authenticators.realm})
    if token.scheme.lower() == "bearer":
        fallback = name_metadata(fallback, metadata)
    is_elsewhere = is_cross_site if refuses else allow_all
    cors = settings.cors.make(
        (token.header, *settings.api_key_headers), token.renewal_header
    )
    chain = Chain(is_elsewhere, key_throttle)
    if stamp is not None:
        chain = StampedChain(is_elsewhere, key_throttle, stamp.judge)
    chain.is_own = None if cors is None else cors.is_own
    if shared.has_scheme_of_bearer or len(shared.bearers.names) > 1:
        chain.sharing = shared.bearers.names
    return Rules(
        chain=chain,
        names=names,
        combine=authenticators.combine,
        carriers=carriers.of(names),
        header=carriers.header,
        cookie=carriers.cookie if "cookie" in names else None,
        persistent=settings.cookie.persistent,
        renewing=settings.expiry.renewing,
        exchange=token.exchanged(names),
        challenge=advertised_schemes(setup, authenticators),
        fallback_challenge=fallback,
        require_tls=settings.require_tls,
        login_url=settings.forbidden.login_url,
        stepup_url=settings.stepup.url or settings.forbidden.login_url,
        stepup_max_age=settings.stepup.max_age,
        is_strict=is_unsafe if settings.sessions.strict == "unsafe" else None,
        stored=stored,
        stamp=stamp,
        token_type=token.scheme,
        issuer=token.issuer,
        audience=token.audience,
        device=settings.sessions.device,
        address=settings.address.make(),
        introspectors=frozenset(token.introspectors or ()),
        passwords=shared.passwords,
        logouts=_logouts(setup, settings, shared),
        signouts=shared.signouts,
        certificates=settings.named_as("client_certificate"),
        impersonation=settings.impersonation.make(
            token.application, settings.expiry.absolute
        ),
        public_keys=token.publisher(setup.header_ring),
        cors=cors,
        metadata=metadata,
    )


def _warn(
    setup: Setup, policy: SessionTokenPolicy, settings: Settings
) -> None:
    for warning in settings.warnings():
        setup.warn(warning)
    in_use = setup.registry.queryUtility(ISecurityPolicy)
    if in_use is not policy:
        setup.warn(
            "another security policy is in use: session tokens are not"
            " honoured, and the endpoint issues none; remove the"
            " set_security_policy, or security_policy=, of"
            f" {type(in_use).__name__}"
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
