"""What fits into the headers of a response, and what the log says of it.

Stock nginx takes 4 or 8 KiB of response headers (``proxy_buffer_size``: one
page of memory) and answers 502 for more.
"""

from __future__ import annotations

import json
import logging
from typing import Any

from ..identity.ticket import Ticket

log = logging.getLogger("pyramid_sessiontoken")

#: A longer token is not renewed in a response header, bytes.
MAX_RENEWED = 3500

#: More claims are worth a warning, bytes of JSON: 3 KB.
LARGE_CLAIMS = 3072

#: Where the registry keeps what was said once.
_SAID = "pyramid_sessiontoken.said"


def fits_response_header(registry: Any, token: str) -> bool:
    """Tell whether a renewed token may travel in a response header; where it
    may not, say so once.
    """
    if len(token) <= MAX_RENEWED:
        return True
    _warn_once(
        registry,
        "renewal",
        f"a token of {len(token)} bytes is not renewed in a response header,"
        f" which takes {MAX_RENEWED} bytes: it lives on until it expires; let"
        " the client renew it by POST to the token endpoint, or put less into"
        " the claims, or use sessiontoken.token.form = reference",
    )
    return False


def warn_of_large_claims(registry: Any, token: str, ticket: Ticket) -> None:
    """Say once that self-contained tokens are large."""
    if len(token) <= LARGE_CLAIMS:
        return  # A reference, or few claims.
    size = len(json.dumps(ticket.claims, separators=(",", ":")))
    if size > LARGE_CLAIMS:
        _warn_once(
            registry,
            "claims",
            f"claims of {size} bytes make large tokens and cookies: stock"
            " nginx answers 502 over 4 KiB of response headers"
            " (proxy_buffer_size), and servers refuse long request headers;"
            " put less into the claims, or use the form reference",
        )


def _warn_once(registry: Any, key: str, text: str) -> None:
    said = registry.setdefault(_SAID, set())
    if key not in said:
        said.add(key)
        log.warning("%s", text)
