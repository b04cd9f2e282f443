"""From settings to who may vouch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..authenticators.api_key import ApiKeyAuthenticator
from ..authenticators.basic import BasicAuthenticator, Check
from ..authenticators.cookie import CookieAuthenticator
from ..authenticators.remote_user import RemoteUserAuthenticator
from ..authenticators.session import SessionAuthenticator
from ..authenticators.trusted_place import TrustedPlace, find_place
from ..interfaces import IAuthenticator
from ..policy.carriers import Carriers
from .bearer import make_bearer
from .kinds import read_dotted
from .parts import Parts
from .settings import authenticator_names, split_item
from .throttle import throttled
from .utilities import register_default


def register_authenticators(parts: Parts, carriers: Carriers) -> None:
    """Make the authenticators of the list, but for those that a directive
    registered.
    """
    for item in parts.settings.authenticators:
        name, dotted = split_item(item)
        if dotted is not None:
            made = _make_own(parts, name, dotted)
        elif name in _MAKERS:
            made = _MAKERS[name](parts, carriers)
        else:
            continue  # A directive registers it, or it is a fault.
        if made is not None:
            register_default(parts.registry, IAuthenticator, made, name)


def advertised_schemes(parts: Parts) -> tuple[str, ...] | None:
    """Give the schemes of ``challenge`` in lower case, ``None`` for all."""
    wanted = parts.settings.challenge
    if wanted is None:
        return None
    query = parts.registry.queryUtility
    names = authenticator_names(parts.settings)
    found = [query(IAuthenticator, name) for name in names]
    schemes = {a.scheme.lower() for a in found if a is not None and a.scheme}
    for scheme in wanted:
        # One that could not be made is a fault of its own.
        if scheme.lower() not in schemes and None not in found:
            parts.fault(
                "challenge",
                f"no authenticator has the scheme {scheme!r}, only"
                f" {', '.join(sorted(schemes)) or 'none'}",
            )
    return tuple(scheme.lower() for scheme in wanted)


def _make_session(parts: Parts, carriers: Carriers) -> Any:
    settings = parts.settings
    return SessionAuthenticator(
        carriers.header.sessions.redeem,
        settings.token_scheme,
        settings.token_header,
        settings.realm,
        _tell_apart(parts, carriers),
    )


def _make_cookie(parts: Parts, carriers: Carriers) -> Any:
    cookie = carriers.cookie
    return CookieAuthenticator(cookie.sessions.redeem, cookie.jar)


def _make_basic(parts: Parts, carriers: Carriers) -> Any:
    check = _basic_check(parts)
    if check is None:
        return None
    return BasicAuthenticator(throttled(parts, check), parts.settings.realm)


def _make_api_key(parts: Parts, carriers: Carriers) -> Any:
    settings = parts.settings
    if settings.api_key_check is None:
        return None
    check = settings.api_key_check.value
    return ApiKeyAuthenticator(check, settings.api_key_header)


def _make_client_certificate(parts: Parts, carriers: Carriers) -> Any:
    from ..authenticators.client_certificate import (
        Believed,
        ClientCertificateAuthenticator,
    )
    from ..authenticators.x509 import parse_name

    settings = parts.settings
    proxies = settings.client_certificate_trusted_proxies or ()
    check = settings.client_certificate_check
    return ClientCertificateAuthenticator(
        find_place(settings.client_certificate_source, proxies),
        find_place(settings.client_certificate_verify, proxies),
        Believed(
            settings.client_certificate_userid,
            frozenset(
                map(parse_name, settings.client_certificate_subject or ())
            ),
            frozenset(
                map(parse_name, settings.client_certificate_issuer or ())
            ),
            frozenset(settings.client_certificate_thumbprint or ()),
            None if check is None else check.value,
        ),
        parts.clock.now,
        binds=settings.client_certificate_bind,
    )


def _make_remote_user(parts: Parts, carriers: Carriers) -> Any:
    settings = parts.settings
    header = settings.remote_user_header
    if header is None:
        place = TrustedPlace(settings.remote_user_environ)
        return RemoteUserAuthenticator(place)
    proxies = settings.remote_user_trusted_proxies or ()
    return RemoteUserAuthenticator(TrustedPlace.of_header(header, proxies))


def _make_bearer(parts: Parts, carriers: Carriers) -> Any:
    return make_bearer(parts, _tell_apart(parts, carriers))


def _tell_apart(
    parts: Parts, carriers: Carriers
) -> Callable[[str], bool] | None:
    """Give what tells our tokens from another issuer's; ``None`` where they
    do not come under one scheme.
    """
    settings = parts.settings
    if (
        not {"session", "bearer"} <= set(authenticator_names(settings))
        or settings.token_header.lower() != "authorization"
        or settings.token_scheme.lower() != "bearer"
    ):
        return None
    return carriers.header.form.is_ours


#: What makes each; ``None`` at a fault, which the settings tell.
_MAKERS: dict[str, Callable[[Parts, Carriers], Any]] = {
    "session": _make_session,
    "cookie": _make_cookie,
    "basic": _make_basic,
    "client_certificate": _make_client_certificate,
    "remote_user": _make_remote_user,
    "api_key": _make_api_key,
    "bearer": _make_bearer,
}


def _make_own(parts: Parts, name: str, dotted: str) -> Any:
    try:
        named = read_dotted(dotted)
    except ValueError:
        return None  # Already a fault of the list.
    options = parts.settings.options.get(name, {})
    return parts.make(named, IAuthenticator, options, "authenticators")


def _basic_check(parts: Parts) -> Check | None:
    settings = parts.settings
    if settings.basic_check is not None:
        check: Check = settings.basic_check.value
        return check
    if settings.basic_htpasswd is None:
        return None
    try:
        from ..authenticators.htpasswd import Htpasswd

        return Htpasswd(settings.basic_htpasswd)
    except ImportError:
        parts.fault(
            "basic.htpasswd",
            "it needs more packages:"
            " pip install 'pyramid_sessiontoken[htpasswd]'",
        )
    except (OSError, ValueError) as error:
        parts.fault("basic.htpasswd", str(error))
    return None
