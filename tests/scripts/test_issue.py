"""A token is made."""

import pytest


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
    assert facts["Issued"] == "2027-01-15 08:00:00+00:00"
    assert facts["Next renewal"] == "2027-01-15 08:30:00+00:00, in 1800 s"
    assert facts["Token ends"] == "2027-01-15 09:00:00+00:00, in 3600 s"
    assert facts["Session ends"] == "2027-01-15 18:00:00+00:00, in 36000 s"
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
