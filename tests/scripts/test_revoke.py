"""Sessions are ended."""

import uuid

import pytest

UNTIL = "tokens issued before are refused until"


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
    assert run("revoke", kept, "--sid", sid) == (
        0,
        f"1 stored session ended; {UNTIL} 2027-01-15 18:05:00\n",
        "",
    )
    assert len(run("sessions", kept, "int:7")[1].splitlines()) == 1
    assert run("revoke", kept, "--user", "int:7") == (
        0,
        f"int:7: 1 stored session ended; {UNTIL} 2028-02-19 08:05:30\n",
        "",
    )
    assert run("sessions", kept, "int:7") == (0, "", "")
    verdicts = [run("explain", kept, token)[0] for token in tokens]
    assert verdicts == [1, 1, 0]


USERS = ("str:7", "int:7", f"uuid:{uuid.UUID(int=7)}")


@pytest.mark.parametrize("user", USERS)
def test_a_userid_means_the_one_that_has_sessions(run, kept, user):
    """An operator knows the number, not its type."""
    text = user.partition(":")[2]
    tokens = [run("issue", kept, each)[1].strip() for each in (user, "bob")]
    assert len(run("sessions", kept, text)[1].splitlines()) == 1
    for other in USERS:
        if other != user:
            status, out, _ = run("revoke", kept, "--user", other)
            assert status == 0
            assert out.startswith(f"{other}: 0 stored sessions ended; ")
    status, out, _ = run("revoke", kept, "--user", text)
    assert (status, out.splitlines()[1:]) == (0, [])
    assert out.startswith(f"{user}: 1 stored session ended; {UNTIL}")
    verdicts = [run("explain", kept, token)[0] for token in tokens]
    assert verdicts == [1, 0]


def test_where_no_session_is_stored_a_userid_means_every_type(
    run, ini, tmp_path
):
    """Self-contained sessions are not stored, so nobody can tell."""
    url = f"sqlite:///{tmp_path}/sessions.db"
    file = ini(repository="sqlalchemy", repository__url=url)
    tokens = [run("issue", file, user)[1].strip() for user in USERS[:2]]
    status, out, _ = run("revoke", file, "--user", "7")
    assert status == 0
    first, second = out.splitlines()
    assert first.startswith(f"str:7: 0 stored sessions ended; {UNTIL}")
    assert second.startswith("int:7: 0 stored sessions ended; ")
    assert [run("explain", file, token)[0] for token in tokens] == [1, 1]


def test_what_cannot_be_counted_or_refused_is_said(run, ini, tmp_path):
    file = ini(repository="support.application:make_four_verbs")
    status, out, _ = run("revoke", file, "--user", "bob")
    assert status == 0
    assert out.startswith("str:bob: stored sessions cannot be counted; tokens")
    url = f"sqlite:///{tmp_path}/sessions.db"
    settings = {"repository": "sqlalchemy", "repository__url": url}
    file = ini(**settings, revocation="off")
    status, out, _ = run("revoke", file, "--user", "bob")
    assert status == 0
    assert out.startswith("str:bob: 0 stored sessions ended; self-contained")
    assert out.endswith(" accepted (sessiontoken.revocation = off)\n")


def test_in_memory_nothing_can_be_revoked(run, ini):
    for which in (("--user", "bob"), ("--sid", "s" * 22)):
        status, out, err = run("revoke", ini(repository="memory"), *which)
        assert (status, out) == (1, "")
        assert "nothing was revoked: the repository is in the memory" in err
        assert run("revoke", ini(), *which)[0] == 1


def test_a_session_that_is_not_stored_is_said(run, kept):
    status, out, _ = run("revoke", kept, "--sid", "s" * 22)
    assert status == 0
    assert out == f"no such stored session; {UNTIL} 2028-02-19 08:05:00\n"


def test_what_is_no_userid_is_said(run, kept):
    for text in ("role:admin", "int:seven", "uuid:7"):
        assert run("revoke", kept, "--user", text)[0] == 1


def test_what_names_a_session_may_begin_with_a_dash(run, kept):
    assert run("revoke", kept, "--sid", "-" * 22)[0] == 0
    status, out, _ = run("revoke", kept, "--user", "-bob")
    assert status == 0
    assert out.startswith("str:-bob: 0 stored sessions ended; ")


def test_an_option_without_its_value_is_misuse(run, kept, capsys):
    with pytest.raises(SystemExit) as stopped:
        run("revoke", kept, "--sid")
    assert stopped.value.code == 2
