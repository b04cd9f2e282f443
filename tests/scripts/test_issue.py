"""A token is made."""

import pytest
from support import application
from support.application import STAMPS


@pytest.mark.parametrize(
    ("userid", "shown"),
    [
        ("alice", "'alice'"),
        ("str:int:1", "'int:1'"),
        ("int:42", "42"),
        (
            "uuid:00000000-0000-0000-0000-000000000001",
            "UUID('00000000-0000-0000-0000-000000000001')",
        ),
    ],
)
def test_issue_makes_a_token_and_explain_explains_it(run, ini, userid, shown):
    path = ini()
    status, token, _ = run(
        "issue",
        path,
        userid,
        "--claim",
        'roles=["admin"]',
        "--claim",
        "name=Alice",
    )
    assert status == 0
    status, out, _ = run("explain", path, token.strip())
    assert status == 0
    facts = dict(line.split(": ", 1) for line in out.splitlines())
    assert facts["Verdict"] == "accepted"
    assert facts["User"] == shown
    assert facts["Claims"] == '{"roles": ["admin"], "name": "Alice"}'
    assert facts["Authenticated by"] == "application"
    assert facts["Issued"] == "2027-01-15 08:00:00 UTC, in 0 s"
    assert facts["Next renewal"] == "2027-01-15 08:30:00 UTC, in 30 min"
    assert facts["Token ends"] == "2027-01-15 09:00:00 UTC, in 1 h"
    assert facts["Session ends"] == "2027-01-15 18:00:00 UTC, in 10 h"
    assert len(facts["Key"]) == 43
    assert token.strip() not in out


@pytest.mark.parametrize(
    "argv",
    [
        ("alice", "--claim", "novalue"),
        ("alice", "--claim", "exp=1"),
        ("system.Everyone",),
        ("int:x",),
        ("uuid:x",),
    ],
)
def test_issue_refuses_a_userid_or_claims_that_no_token_can_carry(
    run, ini, argv
):
    status, out, err = run("issue", ini(), *argv)
    assert (status, out) == (1, "")
    assert err


def test_subscribers_are_told_without_a_request(run, ini, monkeypatch):
    told = []
    monkeypatch.setattr(application, "TOLD", told)

    run("issue", ini(), "int:42")

    [event] = told
    assert event.request is None
    assert event.ticket.userid == 42
    assert event.authenticator == "application"


def test_no_token_is_made_for_a_user_who_is_gone(run, ini, monkeypatch):
    path = ini(stamp="support.application:stamp")
    monkeypatch.setitem(STAMPS, "alice", None)
    status, out, err = run("issue", path, "alice")
    assert status == 1
    assert out == ""
    assert "sessiontoken.stamp gave None" in err
    assert run("issue", path, "bob")[0] == 0
