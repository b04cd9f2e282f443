"""A ticket: an identity and the times of its session, in memory."""

from __future__ import annotations

import re
import secrets
from typing import NamedTuple

from .claims import NO_CLAIMS, Claims, FrozenDict
from .userid import Userid

#: No time of a ticket is later, seconds: a day before the year 10000, so
#: that a record that outlives its ticket has a date, too.
LATEST = 253_402_214_400

#: The most that ``auth_time`` is ahead of ``iat``, seconds: the ticket may
#: have been renewed on a server whose clock is behind. A mark is no further
#: ahead of a session that begins after it.
MOST_AHEAD = 600

_ID_BYTES = 16  # 128 random bits (ASVS 7.2.3)

_ID_FORM = re.compile("[A-Za-z0-9_-]{22}")


def new_id() -> str:
    """Make a ``sid`` or a ``jti``."""
    return secrets.token_urlsafe(_ID_BYTES)


def is_id(value: object) -> bool:
    """Tell whether a value has the form of :func:`new_id`."""
    return type(value) is str and _ID_FORM.fullmatch(value) is not None


# Members of ``Ticket.began``: what else ends the session.
_MARKED = frozenset(("token", "iss_sid", "iss_sub"))


class Ticket(NamedTuple):
    """An identity and the times of its session, in memory.

    Nothing is checked when it is made. :meth:`flaw` checks the times where a
    ticket is written or read, and ``Identity`` checks userid and claims.

    :ivar sid: the name of the session; a renewal keeps it.
    :ivar iat: when this ticket was made. All times are whole seconds since the
        epoch (RFC 7519, section 2, NumericDate).
    :ivar exp: when this ticket expires, unless it is renewed.
    :ivar auth_time: when the user signed in; a renewal keeps it.
    :ivar session_end: when the session ends at the latest; a renewal keeps it.
    :ivar amr: how the user was authenticated (RFC 8176).
    :ivar persistent: whether the cookie outlives the browser.
    :ivar carrier: the authenticator that accepts a reference to this ticket.
        Only a store keeps this value.
    :ivar device: user agent and address at sign-in. Only the repository keeps
        them.
    :ivar thumbprint: of the certificate that the ticket is bound to (RFC 8705,
        section 3.1); ``None`` if it is bound to none.
    :ivar stamp: the digest of the user's stamp; ``None`` for a session that
        began without one.
    :ivar actor: who acts for the user (RFC 8693, section 4.1); ``None`` where
        the user acts.
    :ivar began: how the session began, as JSON that only the library reads.
        ``at``: when the credential itself says that the user signed in,
        ``null`` if it never did; absent where it is ``auth_time``. ``by``: the
        name of the authenticator, where ``amr`` does not tell it. ``actor``:
        a digest of the session of who acts. ``actor_at``: its ``place``.
        ``after``: the time of the mark of its user that it comes after, where
        that is not past. ``order``: the number of the sign-in among those of
        the user, where their sessions have a limit. ``token``: the id of the
        access token with which the session ends. ``iss_sid``, ``iss_sub``:
        digests of the session and of the user at another issuer, whose
        sign-out ends the session. ``iss_at``: when its token was issued.
    """

    userid: Userid
    sid: str
    iat: int
    exp: int
    auth_time: int
    session_end: int
    amr: tuple[str, ...]
    claims: Claims = NO_CLAIMS
    persistent: bool = False
    device: FrozenDict = NO_CLAIMS
    carrier: str = ""
    thumbprint: str | None = None
    stamp: str | None = None
    actor: Userid | None = None
    began: FrozenDict = NO_CLAIMS

    @property
    def place(self) -> int:
        """Where the session stands among the marks that end all sessions of
        its user: each mark whose time is earlier does not end it.
        """
        after: int = self.began.get("after", -1)
        return max(self.auth_time, after + 1)

    @property
    def ends_with_another(self) -> bool:
        """Whether the session ends with the session of who acts in it, or
        with the access token with which it began.
        """
        return self.actor is not None or "token" in self.began

    @property
    def has_more_marks(self) -> bool:
        """Whether more may end the session than its own marks and those of
        its user.
        """
        return self.actor is not None or not _MARKED.isdisjoint(self.began)

    def flaw(self) -> str | None:
        """Say why no token of ours has these times, this session id or this
        ``amr``; ``None`` if one can have them.
        """
        iat, exp, auth_time, session_end = times = self[2:6]
        for time in times:
            # Not isinstance, which accepts True. RFC 7519, section 2, allows a
            # fraction, but a ticket never has one.
            if type(time) is not int or not 0 <= time <= LATEST:
                named = zip(self._fields[2:6], times, strict=True)
                name = next(name for name, value in named if value is time)
                return f"its {name!r} is not a time"
        if exp <= iat or session_end <= iat:
            return "it ends before it begins"
        if auth_time - iat > MOST_AHEAD:
            return "its 'auth_time' is long after its 'iat'"
        if not is_id(self.sid):
            return "its 'sid' does not have the form of an id"
        for method in self.amr:
            if type(method) is not str or not method.isprintable():
                return "its 'amr' is not a list of texts"
        return None
