"""The audit log: one JSON object a line for each event, never a credential."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

from ..authenticators.client_address import ClientAddress
from ..clock import moment
from ..errors import TooManyAttempts
from ..events import (
    CredentialRefused,
    CredentialThrottled,
    SessionEnded,
    SessionIssued,
    SessionRenewed,
)
from ..identity.ticket import Ticket
from ..identity.userid import Userid, to_subject
from ..interfaces import IClock

#: Where the lines go. Each is the whole message of a record at INFO.
log = logging.getLogger("pyramid_sessiontoken.audit")

#: The members of an event; ``None`` for one that does not apply.
Members = dict[str, Any]


class Audit:
    """Write a line for each event of the library.

    :param address: finds the address of a client.
    """

    def __init__(self, clock: IClock, address: ClientAddress) -> None:
        self._clock = clock
        self._address = address
        self._warned = False

    def __call__(self, event: Any) -> None:
        if not log.isEnabledFor(logging.INFO):
            self._warn()
            return
        members = {
            "time": f"{moment(self._clock.now()):%Y-%m-%dT%H:%M:%SZ}",
            **_MEMBERS[type(event)](event),
            "address": self._address_of(event.request),
        }
        told = {
            name: value
            for name, value in members.items()
            if value not in (None, "", ())
        }
        # Every character but the visible ones of ASCII is escaped: no value
        # begins a line.
        log.info("%s", json.dumps(told, separators=(",", ":")))

    def _warn(self) -> None:
        if self._warned:
            return
        self._warned = True
        logging.getLogger("pyramid_sessiontoken").warning(
            "sessiontoken.audit is on, and nothing is written: the logger"
            " pyramid_sessiontoken.audit needs the level INFO"
        )

    def _address_of(self, request: Any) -> str | None:
        """Give the client's address; ``None`` on the command line."""
        if request is None:
            return None
        found = self._address.find(request.environ)
        return str(found or request.environ.get("REMOTE_ADDR", ""))


def _issued(event: SessionIssued) -> Members:
    return {
        "event": "issued",
        **_of_ticket(event.ticket),
        "authenticator": event.authenticator,
        "purpose": event.reason,
        "actor": _text(event.ticket.actor),
    }


def _renewed(event: SessionRenewed) -> Members:
    return {
        "event": "renewed",
        **_of_ticket(event.ticket),
        "authenticator": event.identity.authenticator,
        "actor": _text(event.ticket.actor),
    }


def _ended(event: SessionEnded) -> Members:
    return {
        "event": "ended",
        "sid": event.sid,
        **_of_user(event.userid),
        "amr": None if event.ticket is None else event.ticket.amr,
        "authenticator": event.authenticator,
        "reason": event.reason,
        "actor": _text(event.actor),
    }


def _refused(event: CredentialRefused) -> Members:
    return {
        "event": "refused",
        **({} if event.ticket is None else _of_ticket(event.ticket)),
        "authenticator": event.authenticator,
        "reason": event.code,
    }


def _throttled(event: CredentialThrottled) -> Members:
    return {
        "event": "throttled",
        "authenticator": event.authenticator,
        "reason": TooManyAttempts.code,
    }


def _of_ticket(ticket: Ticket) -> Members:
    return {"sid": ticket.sid, **_of_user(ticket.userid), "amr": ticket.amr}


def _of_user(userid: Userid | None) -> Members:
    """Write a userid as tokens do: its type only where it is no text."""
    if userid is None:
        return {}
    text, kind = to_subject(userid)
    return {"sub": text, "sub_type": None if kind == "str" else kind}


def _text(userid: Userid | None) -> str | None:
    return None if userid is None else to_subject(userid)[0]


_MEMBERS: Mapping[type, Callable[[Any], Members]] = {
    SessionIssued: _issued,
    SessionRenewed: _renewed,
    SessionEnded: _ended,
    CredentialRefused: _refused,
    CredentialThrottled: _throttled,
}
