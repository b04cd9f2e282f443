"""``metadata.*``: what programs are told of this API (RFC 9728)."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ..policy.rules import Metadata
from .kinds import Kind, read_list, read_text
from .row import PREFIX, Group, setting

#: RFC 9728, section 3.
WELL_KNOWN = "/.well-known/oauth-protected-resource"

_HOST = r"[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]"
_SEGMENT = r"/[A-Za-z0-9._~!$&'()+,;=@-]+"
_URL = re.compile(rf"https?://({_HOST})(:[1-9][0-9]{{0,4}})?({_SEGMENT})*/?")

# RFC 6749, section 3.3.
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")


def read_resource(value: Any) -> str:
    """Read the URL of an API; give it as it is written."""
    text = read_text(value)
    if _URL.fullmatch(text) is None:
        raise ValueError(
            "not the URL of an API: https://, a host and a plain path, without"
            " user, query and fragment"
        )
    return text


def read_scopes(value: Any) -> tuple[str, ...]:
    scopes = read_list(value)
    for scope in scopes:
        if _SCOPE.fullmatch(scope) is None:
            raise ValueError(f"{scope!r} is no scope (RFC 6749, section 3.3)")
    return scopes


def well_known_path(resource: str) -> str:
    """Give the path at which the metadata of a resource stand (RFC 9728,
    section 3.1).
    """
    return WELL_KNOWN + urlsplit(resource).path.rstrip("/")


def is_https(url: str | None) -> bool:
    """Tell whether a text is an https URL."""
    return bool(re.match(r"https://[^/\s]", url or ""))


RESOURCE = Kind("an https URL: https://api.example/v1", read_resource)
SCOPES = Kind("scopes, separated by blanks", read_scopes)


@dataclass(frozen=True, slots=True)
class MetadataSettings(Group):
    """What programs are told of this API."""

    resource: str | None = setting(
        RESOURCE,
        None,
        "The URL of this API. Programs then find at"
        " /.well-known/oauth-protected-resource, and by the challenge of"
        " bearer, whose tokens it takes (RFC 9728).",
    )
    scopes: tuple[str, ...] | None = setting(
        SCOPES, None, "The scopes that these programs may ask the issuer for."
    )

    def faults(
        self, issuers: Collection[str | None], *, require_tls: bool
    ) -> Iterator[str]:
        """Tell which settings contradict each other.

        :param issuers: whose tokens are taken.
        """
        if self.resource is None:
            if self.scopes is not None:
                yield f"{self.row('scopes')} needs {self.row('resource')}"
            return
        if require_tls and not is_https(self.resource):
            yield (
                f"{self.row('resource')}: http only with"
                f" {PREFIX}require_tls = false"
            )
        if not any(map(is_https, issuers)):
            yield (
                f"{self.row('resource')} needs 'bearer' among"
                f" {PREFIX}authenticators, with an https URL as its issuer: it"
                " tells programs where they get a token"
            )

    def make(self, issuers: Collection[str | None]) -> Metadata | None:
        """Give ``None`` where nothing is told."""
        if self.resource is None:
            return None
        scopes = (
            {} if self.scopes is None else {"scopes_supported": self.scopes}
        )
        document = {
            "resource": self.resource,
            # Two authenticators may have one issuer, and other audiences.
            "authorization_servers": [
                *dict.fromkeys(filter(is_https, issuers))
            ],
            **scopes,
            "bearer_methods_supported": ["header"],
        }
        parts = urlsplit(self.resource)
        origin = f"{parts.scheme}://{parts.netloc}"
        return Metadata(
            origin + well_known_path(self.resource),
            json.dumps(document).encode(),
        )
