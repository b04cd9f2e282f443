"""From settings to who may vouch."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from ..interfaces import IAuthenticator
from ..policy.carriers import Carriers
from .built_in import Shared
from .expiry import make_policy
from .kinds import read_dotted
from .parts import Parts
from .settings import authenticator_names, split_item
from .throttle import throttled
from .utilities import register_default


def register_authenticators(parts: Parts, carriers: Carriers) -> None:
    """Make the authenticators of the list, but for those that a directive
    registered.
    """
    settings = parts.settings
    shared = Shared(
        carriers,
        settings.realm,
        make_policy(settings.expiry).leeway,
        _tell_apart(parts, carriers),
        partial(
            throttled,
            parts,
            settings.throttle,
            settings.token.application,
            settings.repository.timeout,
        ),
    )
    built_in = settings.built_in
    for item in settings.authenticators:
        name, dotted = split_item(item)
        if dotted is not None:
            made = _make_own(parts, name, dotted)
        elif name in built_in:
            made = built_in[name].make(parts, shared)
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


def _tell_apart(
    parts: Parts, carriers: Carriers
) -> Callable[[str], bool] | None:
    """Give what tells our tokens from another issuer's; ``None`` where they
    do not come under one scheme.
    """
    settings = parts.settings
    names = authenticator_names(settings)
    if not settings.token.has_scheme_of_bearer(names):
        return None
    return carriers.header.form.is_ours


def _make_own(parts: Parts, name: str, dotted: str) -> Any:
    try:
        named = read_dotted(dotted)
    except ValueError:
        return None  # Already a fault of the list.
    options = parts.settings.options.get(name, {})
    return parts.make(named, IAuthenticator, options, "authenticators")
