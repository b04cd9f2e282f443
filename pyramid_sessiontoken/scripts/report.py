"""What ``psessiontoken check`` tells of an application that has started."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..config.compose import WARNINGS
from ..config.settings import SETTINGS
from ..interfaces import IKeyRing
from ..keys.lookup import HEADER_RING
from .application import rules_of
from .deployment import warnings_of_files, warnings_of_server
from .promise import access_tokens, promise
from .rings import rings
from .served import faults_of_service, origin_of
from .values import Value, values_in_force


@dataclass(frozen=True, slots=True)
class Report:
    """What is said of an application.

    :ivar values: of all settings.
    :ivar endpoint: the URL of the token endpoint.
    :ivar has_jwks: whether public keys are published below it.
    :ivar about_keys: lines on the keys.
    :ivar keys: the names of the keys of each ring, the signer first.
    :ivar faults: why no token would be honoured.
    """

    values: tuple[Value, ...]
    endpoint: str
    has_jwks: bool
    about_keys: tuple[str, ...]
    keys: Mapping[str, list[str] | None]
    revocable: str
    warnings: tuple[str, ...]
    faults: tuple[str, ...]

    @property
    def lines(self) -> list[str]:
        """What is said beside the settings."""
        public = [f"Public keys: GET {self.endpoint}/jwks"]
        return [
            f"Tokens: POST {self.endpoint}",
            *self.about_keys,
            *(public if self.has_jwks else ()),
            f"Revocable: {self.revocable}",
            *(f"Warning: {warning}" for warning in self.warnings),
            *(f"Fault: {fault}" for fault in self.faults),
        ]

    @property
    def looked_at(self) -> list[Value]:
        """The settings that were given, and those that a warning names."""
        told = "\n".join((*self.warnings, *self.faults))
        return [
            value
            for value in self.values
            if value.is_given or _names(told, value.key)
        ]

    @property
    def verdict(self) -> str:
        """The last line."""
        if self.faults:
            return "Verdict: no token would be honoured; see the faults above"
        number = len(self.warnings)
        told = "no warning"
        if number:
            told = f"{number} warning{'s' if number > 1 else ''} above"
        return f"Verdict: the application starts; {told}"


def report_of(
    request: Any, in_file: Mapping[str, Any], server: Mapping[str, Any]
) -> Report:
    """Look at an application that has started.

    :param in_file: the settings of the INI.
    :param server: the section of the server.
    """
    registry, rules = request.registry, rules_of(request)
    settings = registry[SETTINGS]
    scheme = "https" if rules.require_tls else "http"
    path = request.route_path("sessiontoken.token")
    warnings = (
        *settings.advice(),
        *warnings_of_server(settings, server),
        *warnings_of_files(settings, registry.settings),
        *registry[WARNINGS],
    )
    return Report(
        tuple(values_in_force(settings, rules, registry, in_file)),
        origin_of(server, scheme) + path,
        rules.public_keys is not None,
        (*rings(registry), *access_tokens(rules.stored)),
        {
            "keys": _names_of_keys(registry, ""),
            "token.keys": _names_of_keys(registry, HEADER_RING),
        },
        promise(rules.stored, settings),
        tuple(dict.fromkeys(warnings)),
        tuple(faults_of_service(request)),
    )


def _names_of_keys(registry: Any, name: str) -> list[str] | None:
    """Name the keys of a ring; ``None`` where there is no such ring."""
    ring = registry.queryUtility(IKeyRing, name)
    return None if ring is None else [key.kid for key in ring]


def _names(text: str, key: str) -> bool:
    """Tell whether a text names a setting, not only one below it."""
    return bool(re.search(re.escape(key) + r"(?!\.?\w)", text))
