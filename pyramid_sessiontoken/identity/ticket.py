"""The fact "this user, this session, since, until"."""

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
    :raises ClaimsError: for a userid or claims that no token can carry.
    """

    userid: Userid
    sid: str
    iat: int
    exp: int
    auth_time: int
    session_end: int
    amr: tuple[str, ...]
    # Python 3.10 takes any dict for mutable.
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
        """Say why no token has these times, this session or this ``amr``;
        ``None`` where one may have them.
        """
        times = (self.iat, self.exp, self.auth_time, self.session_end)
        # Not isinstance: True is no time, nor are 1e9 and NaN (RFC 7519,
        # section 2, allows fractions; we write none).
        if not all(type(t) is int and 0 <= t <= LATEST for t in times):
            return "its times are no times"
        if self.exp <= self.iat or self.session_end <= self.iat:
            return "it ends before it begins"
        if self.auth_time - self.iat > MOST_AHEAD:
            return "its 'auth_time' is long after its 'iat'"
        if not is_id(self.sid):
            return "its ids are not ours"
        if not all(type(m) is str and m.isprintable() for m in self.amr):
            return "its 'amr' is no list of texts"
        return None
