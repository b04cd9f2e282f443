"""The audit log has one JSON object a line, and never a credential."""

import json
import logging
import uuid
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import START
from support.tokens import make_ticket

from pyramid_sessiontoken.authenticators.client_address import ClientAddress
from pyramid_sessiontoken.events import (
    CredentialRefused,
    CredentialThrottled,
    SessionEnded,
    SessionIssued,
    SessionRenewed,
)
from pyramid_sessiontoken.identity import Identity
from pyramid_sessiontoken.policy.audit import Audit
from pyramid_sessiontoken.testing import ManualClock

LOGGER = "pyramid_sessiontoken.audit"
TIME = "2027-01-15T08:00:00Z"
HERE = "192.0.2.1"
TICKET = make_ticket(sid="s" * 22)
REQUEST = SimpleNamespace(environ={"REMOTE_ADDR": HERE})


@pytest.fixture
def audit(caplog):
    """Write a line of an event; give the object."""
    caplog.set_level(logging.INFO, LOGGER)
    write = Audit(ManualClock(START), ClientAddress())

    def line(event):
        caplog.clear()
        write(event)
        [record] = caplog.records
        assert (record.name, record.levelname) == (LOGGER, "INFO")
        return json.loads(record.getMessage())

    return line


def issued(ticket=TICKET, request=REQUEST, reason=None):
    identity = Identity(ticket.userid, {"secret": "hunter2"}, "basic")
    return SessionIssued(
        request, identity, ticket, "basic", "pst_token", reason=reason
    )


def test_a_session_that_begins(audit):
    assert audit(issued()) == {
        "time": TIME,
        "event": "issued",
        "sid": "s" * 22,
        "sub": "alice",
        "amr": ["pwd"],
        "authenticator": "basic",
        "address": HERE,
    }


@pytest.mark.parametrize(
    ("userid", "sub", "kind"),
    [(42, "42", "int"), (uuid.UUID(int=42), str(uuid.UUID(int=42)), "uuid")],
)
def test_a_userid_that_is_no_text_has_its_type(audit, userid, sub, kind):
    told = audit(issued(TICKET._replace(userid=userid)))

    assert (told["sub"], told["sub_type"]) == (sub, kind)


def test_a_session_that_acts_for_another(audit):
    told = audit(issued(TICKET._replace(actor=7), reason="ticket 1234"))

    assert (told["sub"], told["actor"]) == ("alice", "7")
    assert told["purpose"] == "ticket 1234"
    assert "reason" not in told


def test_a_session_that_is_renewed(audit):
    ticket = TICKET._replace(actor="admin")
    identity = Identity("alice", {}, "cookie", ticket)

    assert audit(SessionRenewed(REQUEST, identity, ticket)) == {
        "time": TIME,
        "event": "renewed",
        "sid": "s" * 22,
        "sub": "alice",
        "amr": ["pwd"],
        "authenticator": "cookie",
        "address": HERE,
        "actor": "admin",
    }


def test_a_session_that_is_ended(audit):
    identity = Identity("alice", {}, "session", TICKET)
    ended = SessionEnded(
        REQUEST,
        identity,
        TICKET,
        "signed_out",
        TICKET.sid,
        "alice",
        uuid.UUID(int=7),
        "session",
    )

    assert audit(ended) == {
        "time": TIME,
        "event": "ended",
        "sid": "s" * 22,
        "sub": "alice",
        "amr": ["pwd"],
        "authenticator": "session",
        "reason": "signed_out",
        "address": HERE,
        "actor": str(uuid.UUID(int=7)),
    }


def test_what_does_not_apply_is_left_out(audit):
    """All sessions of a user, on the command line."""
    ended = SessionEnded(None, None, None, "revoked_all", userid=42)

    assert audit(ended) == {
        "time": TIME,
        "event": "ended",
        "sub": "42",
        "sub_type": "int",
        "reason": "revoked_all",
    }


def test_a_client_without_an_address(audit):
    on_a_unix_socket = SimpleNamespace(environ={"REMOTE_ADDR": ""})

    assert "address" not in audit(issued(request=on_a_unix_socket))


def test_a_credential_that_is_refused_or_not_looked_at(audit):
    refused = CredentialRefused(REQUEST, "basic", "for 'alice'", "malformed")

    assert audit(refused) == {
        "time": TIME,
        "event": "refused",
        "authenticator": "basic",
        "reason": "malformed",
        "address": HERE,
    }
    assert audit(CredentialThrottled(REQUEST, "basic", 60)) == {
        "time": TIME,
        "event": "throttled",
        "authenticator": "basic",
        "reason": "throttled",
        "address": HERE,
    }


@given(st.text(min_size=1), st.text(min_size=1), st.text(min_size=1))
def test_no_value_begins_a_line(userid, address, purpose):
    """Not even a text that a store of ones own gives."""
    lines = []
    log = logging.getLogger(LOGGER)
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())
    level = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        request = SimpleNamespace(environ={"REMOTE_ADDR": address})
        Audit(ManualClock(START), ClientAddress())(
            SessionEnded(request, None, None, purpose, userid, actor=userid)
        )
    finally:
        log.removeHandler(handler)
        log.setLevel(level)

    [line] = lines
    assert line.isascii()
    assert line.isprintable()
    told = json.loads(line)
    assert (told["sid"], told["actor"]) == (userid, userid)
    assert told["address"] == address
    assert told["reason"] == purpose


def test_a_logger_that_is_not_enabled_is_told_once(caplog):
    caplog.set_level(logging.WARNING)
    write = Audit(ManualClock(START), ClientAddress())

    write(issued())
    write(issued())

    [record] = caplog.records
    assert record.name == "pyramid_sessiontoken"
    assert "needs the level INFO" in record.getMessage()


# Over a real application.


def lines(caplog):
    told = [
        json.loads(record.getMessage())
        for record in caplog.records
        if record.name == LOGGER
    ]
    caplog.clear()
    return told


@pytest.fixture
def audited(make, caplog):
    """Make a client of an application with the audit log on."""
    caplog.set_level(logging.INFO, LOGGER)

    def make_audited(settings=(), **kw):
        every = {"audit": "on", "repository": "memory", **dict(settings)}
        return make(every, **kw).fresh(REMOTE_ADDR=HERE)

    return make_audited


def test_the_life_of_a_session_is_written(audited, caplog):
    client = audited()
    token = client.swap()["access_token"]
    client.clock.advance(1800)
    renewed = client.ask(token).headers["Session-Token"]
    client.delete(
        "/token", headers={"Authorization": f"Session {renewed}"}, status=204
    )
    client.ask(renewed)

    told = lines(caplog)
    assert [line["event"] for line in told] == [
        "issued",
        "renewed",
        "ended",
        "refused",
    ]
    assert [line["time"][11:19] for line in told] == [
        "08:00:00",
        "08:30:00",
        "08:30:00",
        "08:30:00",
    ]
    first, *_, ended, refused = told
    assert {line["sid"] for line in told[:3]} == {first["sid"]}
    assert (ended["reason"], ended["actor"]) == ("signed_out", "alice")
    assert refused["reason"] == "ended"
    of_session = {"sid": first["sid"], "sub": "alice", "amr": ["pwd"]}
    assert {name: refused[name] for name in of_session} == of_session
    assert {line["address"] for line in told} == {HERE}


def test_no_line_has_a_credential(audited, caplog):
    client = audited({"basic.check": lambda u, p, r: p == "hunter2"})
    client.authorization = ("Basic", ("alice", "hunter2"))
    token = client.post("/token").json["access_token"]
    client.authorization = ("Basic", ("alice", "hunter3"))
    client.post("/token", status=401)
    client.authorization = None
    client.ask(token[:-2])
    client.get("/identity", headers={"Cookie": "__Host-sessiontoken=hunter4"})

    told = "".join(map(json.dumps, lines(caplog)))
    assert told.count("refused") == 3
    for secret in ("hunter", token[:-2], token.rpartition(".")[2]):
        assert secret not in told


def test_the_address_is_that_of_the_client_behind_the_proxy(audited, caplog):
    client = audited(
        {
            "address.header": "X-Forwarded-For",
            "address.trusted_proxies": HERE,
        }
    )
    client.get(
        "/identity",
        headers={
            "Authorization": "Session x",
            "X-Forwarded-For": "203.0.113.9, 198.51.100.7",
        },
    )

    [line] = lines(caplog)
    assert line["address"] == "198.51.100.7"


def test_a_line_is_written_although_a_subscriber_fails(audited, caplog):
    def fail(event):
        raise LookupError

    client = audited(
        setup=lambda config: config.add_subscriber(fail, SessionIssued)
    )
    client.authorization = ("Basic", ("alice", "alice"))
    with pytest.raises(LookupError):
        client.post("/token")

    assert [line["event"] for line in lines(caplog)] == ["issued"]


def test_a_sign_in_over_another_is_written_in_its_order(audited, caplog):
    client = audited()
    client.post_json("/sign_in", {"userid": 42})
    client.post_json("/sign_in", {"userid": "bob"})

    told = lines(caplog)
    assert [(line["event"], line["sub"]) for line in told] == [
        ("issued", "42"),
        ("ended", "42"),
        ("issued", "bob"),
    ]
    assert told[1]["reason"] == "replaced"
    assert told[1]["actor"] == "bob"


def test_throttled_attempts_are_written(audited, caplog):
    client = audited({"throttle.attempts": "1/minute"})
    client.authorization = ("Basic", ("alice", "wrong"))
    client.post("/token", status=401)
    client.post("/token", status=429)

    assert [(line["event"], line["reason"]) for line in lines(caplog)] == [
        ("refused", "wrong_password"),
        ("throttled", "throttled"),
    ]


def test_by_default_nothing_is_written(make, caplog):
    caplog.set_level(logging.INFO, LOGGER)
    make().swap()

    assert lines(caplog) == []
