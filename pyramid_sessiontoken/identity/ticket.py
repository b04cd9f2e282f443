"""A ticket: an identity and the times of its session, in memory."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field

from .claims import NO_CLAIMS, Claims, FrozenDict, freeze_claims
from .userid import Userid, check_userid

#: No time of a ticket is later, seconds: a day before the year 10000, so
#: that a record that outlives its ticket has a date, too.
LATEST = 253_402_214_400

#: The most that ``auth_time`` is ahead of ``iat``, seconds. It is ahead where
#: a user ended all sessions and signed in again within a second, or on a
#: server whose clock is behind.
MOST_AHEAD = 600

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
    :raises ClaimsError: for a userid or claims that no token can carry.
    """

    userid: Userid
    sid: str
    iat: int
    exp: int
    auth_time: int
    session_end: int
    amr: tuple[str, ...]
    # Python 3.10 refuses every dict as a default.
    claims: Claims = field(default_factory=lambda: NO_CLAIMS)
    persistent: bool = False
    device: FrozenDict = field(default_factory=lambda: NO_CLAIMS)
    carrier: str = ""
    thumbprint: str | None = None

    def __post_init__(self) -> None:
        check_userid(self.userid)
        if type(self.claims) is not Claims:
            object.__setattr__(self, "claims", freeze_claims(self.claims))

    def flaw(self) -> str | None:
        """Say why no token of ours has these times, this session id or this
        ``amr``; ``None`` if one can have them.
        """
        for name in ("iat", "exp", "auth_time", "session_end"):
            time = getattr(self, name)
            # Not isinstance, which accepts True. RFC 7519, section 2, allows a
            # fraction, but a ticket never has one.
            if type(time) is not int or not 0 <= time <= LATEST:
                return f"its {name!r} is not a time"
        if self.exp <= self.iat or self.session_end <= self.iat:
            return "it ends before it begins"
        if self.auth_time - self.iat > MOST_AHEAD:
            return "its 'auth_time' is long after its 'iat'"
        if not is_id(self.sid):
            return "its 'sid' does not have the form of an id"
        if not all(type(m) is str and m.isprintable() for m in self.amr):
            return "its 'amr' is not a list of texts"
        return None
