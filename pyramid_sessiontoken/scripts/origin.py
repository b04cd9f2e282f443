"""Where a credential comes from, as far as it tells: its key and its maker."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product
from typing import Any, NamedTuple

from ..config.settings import Settings
from ..config.token import NAME
from ..errors import InvalidCredential
from ..interfaces import IKeyRing
from ..keys.base64url import decode_base64url
from ..keys.derivation import NAME_BYTES, derive
from ..policy.carriers import ASIDE
from ..tokens.jwt import COMPACT, MAX_READ, decode_segment
from ..tokens.payload import read_object

#: The names that the cookie has where no setting says another one.
DEFAULT_NAMES = (
    "__Host-sessiontoken",
    "__Secure-sessiontoken",
    "sessiontoken",
)


class MadeFor(NamedTuple):
    """What a cookie was made for.

    :ivar kid: the key that made it.
    :ivar name: of the cookie.
    """

    kid: str
    name: str
    issuer: str
    audience: str

    def differences(self, settings: Settings) -> list[str]:
        """Tell in what it is not ours."""
        pairs = (
            ("the cookie", self.name, settings.cookie.full_name),
            ("the issuer", self.issuer, settings.token.issuer),
            ("the audience", self.audience, settings.token.audience),
        )
        return [
            f"it is for {what} {there!r}, and here is {ours!r}"
            for what, there, ours in pairs
            if there != ours
        ]


def made_for(
    registry: Any, settings: Settings, name: str, text: str
) -> MadeFor | None:
    """Tell for what a key of the ring made the value of a cookie; ``None``
    where no key of ours did, for no purpose that is known.

    A cookie begins with the name of its key, which is derived for its purpose.

    :param name: under which the cookie was shown.
    """
    try:
        named = decode_base64url(text)[1 : 1 + NAME_BYTES]
    except ValueError:
        return None
    own = settings.cookie.full_name
    names = dict.fromkeys((own, name.removesuffix(ASIDE), *DEFAULT_NAMES))
    token = settings.token
    issuers = dict.fromkeys((token.issuer, NAME))
    audiences = dict.fromkeys((token.audience, NAME))
    keys = [*registry.getUtility(IKeyRing)]
    for purpose in product(names, issuers, audiences):
        for kid in _kids(keys, purpose, named):
            return MadeFor(kid, *purpose)
    return None


def _kids(
    keys: Iterable[Any], purpose: tuple[str, ...], named: bytes
) -> Iterator[str]:
    for key, how in product(keys, ("signed", "encrypted")):
        if named in derive([key], "cookie", *purpose, how):
            yield key.kid


def told_by_jwt(text: str) -> dict[str, Any]:
    """Give what a JWT says of its maker: ``kid``, ``iss`` and ``aud``. Nothing
    of it is verified. Empty for a text that is no JWT.
    """
    if len(text) > MAX_READ or COMPACT.fullmatch(text) is None:
        return {}
    try:
        header, claims = (
            read_object(decode_segment(part)) for part in text.split(".")[:2]
        )
    except InvalidCredential:
        return {}
    told = {"kid": header.get("kid"), **{n: claims.get(n) for n in _MAKER}}
    return {name: value for name, value in told.items() if value is not None}


_MAKER = ("iss", "aud")
