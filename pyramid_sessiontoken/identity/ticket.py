"""A ticket: an identity and the times of its session, in memory."""

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
    """Tell whether a value has the form of :func:`new_id`."""
    return type(value) is str and _ID_FORM.fullmatch(value) is not None


@dataclass(frozen=True, slots=True)
class Ticket:
    """An identity and the times of its session, in memory.

    :ivar sid: the name of the session; a renewal keeps it.
    :ivar iat: when this ticket was made. All times are whole seconds since the
        epoch (RFC 7519, section 2, NumericDate).
    :ivar exp: when this ticket expires, unless it is renewed.
    :ivar auth_time: when the user signed in; a renewal keeps it.
    :ivar session_end: when the session ends at the latest; a renewal keeps it.
    :ivar amr: how the user was authenticated (RFC 8176).
    :ivar persistent: whether the cookie outlives the browser.
    :ivar carrier: the carrier that accepts a reference to this ticket. Only a
        store keeps this value.
    :ivar device: user agent and address at sign-in. Only the repository keeps
        them.
    :ivar thumbprint: of the certificate that the ticket is bound to (RFC 8705,
        section 3.1); ``None`` if it is bound to none.
    """

    userid: Userid
    sid: str
    iat: int
    exp: int
    auth_time: int
    session_end: int
    amr: tuple[str, ...]
    # Python 3.10 refuses every dict as a default.
    claims: FrozenDict = field(default_factory=lambda: NO_CLAIMS)
    persistent: bool = False
    device: FrozenDict = field(default_factory=lambda: NO_CLAIMS)
    carrier: str = ""
    thumbprint: str | None = None
