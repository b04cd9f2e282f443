"""The fact "this user, this session, since, until"."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field

from .claims import NO_CLAIMS, FrozenDict
from .userid import Userid

_ID_BYTES = 16  # 128 random bits (ASVS 7.2.3)

_ID_FORM = re.compile("[A-Za-z0-9_-]{22}")


def new_id() -> str:
    """Make a ``sid`` or a ``jti``."""
    return secrets.token_urlsafe(_ID_BYTES)


def is_id(value: object) -> bool:
    """Tell whether :func:`new_id` could have made it."""
    return type(value) is str and _ID_FORM.fullmatch(value) is not None


@dataclass(frozen=True, slots=True)
class Ticket:
    """An identity plus the times of its session, in memory.

    :ivar sid: names the session; survives renewal.
    :ivar iat: when this ticket was written. All times are whole seconds
        since the epoch (RFC 7519, section 2, NumericDate).
    :ivar exp: when it dies unless it is renewed.
    :ivar auth_time: when the credential was shown; copied at renewal.
    :ivar session_end: when the session ends for good; copied at renewal.
    :ivar amr: how the user was authenticated (RFC 8176).
    :ivar persistent: whether its cookie outlives the browser.
    :ivar carrier: who takes the reference to it; only a store keeps it.
    :ivar device: user agent and address at sign-in; only the repository
        keeps them.
    :ivar thumbprint: of the certificate without which it is worth nothing
        (RFC 8705, section 3.1), ``None`` for no such.
    """

    userid: Userid
    sid: str
    iat: int
    exp: int
    auth_time: int
    session_end: int
    amr: tuple[str, ...]
    # Python 3.10 takes any dict for mutable.
    claims: FrozenDict = field(default_factory=lambda: NO_CLAIMS)
    persistent: bool = False
    device: FrozenDict = field(default_factory=lambda: NO_CLAIMS)
    carrier: str = ""
    thumbprint: str | None = None
