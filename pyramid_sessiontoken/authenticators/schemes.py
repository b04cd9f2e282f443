"""The grammar of ``Authorization`` and ``WWW-Authenticate`` (RFC 9110,
section 11).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

#: RFC 9110, section 5.6.2.
TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")

# Also no tab, which RFC 9110 allows and PEP 3333 does not.
_NOT_QUOTABLE = re.compile(r"[^\x20-\x7e]")


def environ_key(header: str) -> str:
    """Give the name of a request header in the WSGI environ (PEP 3333)."""
    return "HTTP_" + header.upper().replace("-", "_")


def credential_of(value: str, scheme: str) -> str | None:
    """Give the credential that follows a scheme in ``Authorization``;
    ``None`` for another scheme. Upper and lower case are equal (section 11.1).
    """
    shown, _, credential = value.partition(" ")
    if shown != scheme and shown.lower() != scheme.lower():
        return None
    return credential.strip(" ")


def challenge(scheme: str, parameters: Mapping[str, str]) -> str:
    """Write one challenge (section 11.6.1)."""
    written = ", ".join(f"{k}={quote(v)}" for k, v in parameters.items())
    return f"{scheme} {written}"


def quote(text: str) -> str:
    """Write a quoted-string (section 5.6.4). A character that it cannot hold
    becomes ``?``.
    """
    text = _NOT_QUOTABLE.sub("?", text)
    return '"' + text.replace("\\", r"\\").replace('"', r"\"") + '"'
