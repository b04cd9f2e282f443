"""Sessions are ended."""

import pytest


def test_sessions_are_listed_and_ended(run, kept):
    tokens = [
        run("issue", kept, u)[1].strip() for u in ("int:7", "int:7", "bob")
    ]
    status, out, _ = run("sessions", kept, "int:7")
    assert status == 0
    first, second = out.splitlines()
    assert "began 2027-01-15 08:00:00, ends 2027-01-15 18:00:00" in first
    assert "by application" in first
    sid = second.split()[0]
    assert run("revoke", kept, "--sid", sid) == (0, "", "")
    assert len(run("sessions", kept, "int:7")[1].splitlines()) == 1
    assert run("revoke", kept, "--user", "int:7") == (0, "", "")
    assert run("sessions", kept, "int:7") == (0, "", "")
    verdicts = [run("explain", kept, token)[0] for token in tokens]
    assert verdicts == [1, 1, 0]


def test_a_sid_or_userid_may_begin_with_a_dash(run, kept):
    assert run("revoke", kept, "--sid", "-" * 22) == (0, "", "")
    assert run("revoke", kept, "--user", "-bob") == (0, "", "")


def test_an_option_without_its_value_is_misuse(run, kept, capsys):
    with pytest.raises(SystemExit) as stopped:
        run("revoke", kept, "--sid")
    assert stopped.value.code == 2
