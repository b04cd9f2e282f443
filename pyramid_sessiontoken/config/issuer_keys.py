"""``bearer.key`` and ``bearer.jwks``: the keys of another issuer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from ..keys.algorithms import is_hmac
from ..keys.base64url import decode_base64url
from ..keys.curves import public_octets
from ..keys.ring import Key
from ..keys.strength import shared as have_common_key
from .kinds import Kind, read_secret, read_text
from .row import PREFIX
from .setup import Setup

# What reads tokens of other issuers is imported where one is configured.
if TYPE_CHECKING:
    from ..issuers.verifying_key import Keys, VerifyingKey

PEM = "-----BEGIN "


def read_key_text(value: Any) -> str:
    """Read a PEM, in several lines or in one, or a text; follow ``env:NAME``
    and ``file:PATH``.
    """
    is_pem = isinstance(value, str) and PEM in value
    text = value if is_pem else read_secret(value)
    if PEM not in text:
        return text
    # A variable of one line has a backslash and an n for each new line.
    lines = text.replace("\\r", "").replace("\\n", "\n").strip().splitlines()
    return "\n".join(line.strip() for line in lines)


def read_place_of_keys(value: Any) -> str:
    """Read a URL, or a path with or without ``file:``."""
    text = read_text(value)
    if is_url(text):
        from ..issuers.fetch import check_url

        return check_url(text)
    path = text.removeprefix("file:")
    if not path:
        raise ValueError("empty")
    return path


def is_url(text: str) -> bool:
    return "://" in text


VERIFYING_KEY = Kind(
    "a PEM, base64url, env:NAME or file:PATH", read_key_text, secret=True
)
KEY_SET = Kind("a path, file:PATH or an https URL", read_place_of_keys)


def make_keys(
    setup: Setup,
    group: str,
    key: str | None,
    jwks: str | None,
    algorithms: Sequence[str] | None,
) -> Keys | None:
    """Make the keys of an issuer; ``None`` where there are none, and at a
    fault, which is told.

    :param group: the name of the settings.
    :param key: a PEM, or base64url for HMAC.
    :param jwks: the place of a JWK Set.
    """
    from ..issuers.key_sources import KeyFile, KeysAtURL
    from ..issuers.verifying_key import OneKey

    if algorithms is None:
        return None
    if key is not None:
        try:
            only = OneKey(_one_key(key, algorithms))
            _refuse_own_keys(setup, only)
            return only
        except ValueError as error:
            setup.fault(f"{group}.key", str(error))
            return None
    if jwks is None:
        return None
    if is_url(jwks):
        return KeysAtURL(jwks, algorithms, setup.clock.now)
    try:
        return KeyFile(jwks, algorithms, partial(_refuse_own_keys, setup))
    except (OSError, ValueError) as error:
        setup.fault(f"{group}.jwks", f"{jwks!r} cannot be read: {error}")
        return None


def _one_key(text: str, algorithms: Sequence[str]) -> VerifyingKey:
    """Read a PEM, or base64url for HMAC."""
    from ..issuers.verifying_key import read_public_key, secret_key

    if PEM in text:
        return read_public_key(text, algorithms)
    if not is_hmac(algorithms):
        raise ValueError("it is no PEM, which these algorithms need")
    try:
        secret = decode_base64url(text.rstrip("="))
    except ValueError:
        raise ValueError("it is neither a PEM nor base64url") from None
    return secret_key(None, secret, None, algorithms)


def _refuse_own_keys(setup: Setup, keys: Iterable[VerifyingKey]) -> None:
    """Refuse keys of our own rings: their issuer could make session tokens, or
    a session token would come again as a token of the issuer.

    :raises ValueError: if one of them is among the keys.
    """
    theirs = [Key("", key.octets) for key in keys]
    for ring, name in (
        (setup.ring, "keys"),
        (setup.header_ring, "token.keys"),
    ):
        ours = [Key("", _octets(key)) for key in ring() or ()]
        if have_common_key(theirs, ours):
            raise ValueError(
                f"it is a key of {PREFIX}{name}: the issuer of the tokens"
                " must be another one"
            )


def _octets(key: Key) -> bytes:
    """Give what others verify with."""
    return key.secret if key.curve is None else public_octets(key)
