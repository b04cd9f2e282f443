"""Kinds of values that tell of another issuer."""

from __future__ import annotations

from typing import Any

from ..issuers.claims import Template, read_names
from ..issuers.fetch import check_url
from ..issuers.jwks import FORMS
from .kinds import Kind, read_list, read_secret, read_text, some_of

PEM = "-----BEGIN "


def read_key_text(value: Any) -> str:
    """Read a PEM, in several lines, or a text; follow ``env:NAME`` and
    ``file:PATH``.
    """
    if isinstance(value, str) and PEM in value:
        return "\n".join(line.strip() for line in value.strip().splitlines())
    return read_secret(value)


def read_place_of_keys(value: Any) -> str:
    """Read a URL, or a path with or without ``file:``."""
    text = read_text(value)
    if is_url(text):
        return check_url(text)
    path = text.removeprefix("file:")
    if not path:
        raise ValueError("empty")
    return path


def is_url(text: str) -> bool:
    return "://" in text


def read_template(value: Any) -> str:
    return Template(read_text(value)).text


def read_claim_names(value: Any) -> tuple[str, ...]:
    items = read_list(value)
    read_names(items)
    return items


ALGORITHM_NAMES = some_of(*FORMS)
VERIFYING_KEY = Kind(
    "a PEM, base64url, env:NAME or file:PATH", read_key_text, secret=True
)
KEY_SET = Kind("a path, file:PATH or an https URL", read_place_of_keys)
TEMPLATE = Kind("a text with names of claims in braces", read_template)
CLAIM_NAMES = Kind("names of claims, also as theirs=ours", read_claim_names)
