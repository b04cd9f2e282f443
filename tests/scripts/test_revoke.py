"""Sessions are ended."""

import json
import logging
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from pyramid.paster import bootstrap
from pyramid.request import Request
from support import application

from pyramid_sessiontoken.interfaces import ITokenRepository
from pyramid_sessiontoken.policy.security_policy import POLICY

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


# Subscribers, and the audit log.


@pytest.fixture
def told(monkeypatch):
    told = []
    monkeypatch.setattr(application, "TOLD", told)
    return told


def sids_of(run, ini, userid):
    out = run("sessions", ini, userid)[1]
    return [line.split()[0] for line in out.splitlines()]


def test_subscribers_are_told_what_a_command_ends(told, run, kept):
    for userid in ("int:7", "int:7", "bob"):
        run("issue", kept, userid)
    [first, _] = sids_of(run, kept, "int:7")
    told.clear()

    run("revoke", kept, "--sid", first)
    run("revoke", kept, "--sid", "x" * 22)
    run("revoke", kept, "--user", "7")

    one, unknown, every = told
    assert (one.reason, one.sid, one.userid) == ("revoked", first, 7)
    assert one.ticket.sid == first
    assert (unknown.reason, unknown.sid) == ("revoked", "x" * 22)
    assert unknown.userid is unknown.ticket is None
    assert (every.reason, every.sid, every.userid) == ("revoked_all", None, 7)
    for event in told:
        assert event.request is event.identity is event.actor is None


def test_a_text_that_means_several_users_is_told_for_each(told, run, ini):
    kept = ini(repository="sqlalchemy", repository__url="sqlite://")

    run("revoke", kept, "--user", "7")

    assert [event.userid for event in told] == ["7", 7]


def test_nothing_is_told_of_what_could_not_be_ended(told, run, ini):
    kept = ini(repository="memory")

    assert run("revoke", kept, "--user", "bob")[0] == 1

    assert told == []


def test_what_a_command_ends_stands_in_the_audit_log(run, ini, caplog):
    kept = ini(
        repository="sqlalchemy", repository__url="sqlite://", audit="on"
    )
    caplog.set_level(logging.INFO, "pyramid_sessiontoken.audit")

    run("revoke", kept, "--user", "int:7")

    [record] = [r for r in caplog.records if r.name.endswith(".audit")]
    assert json.loads(record.getMessage()) == {
        "time": "2027-01-15T08:00:00Z",
        "event": "ended",
        "sub": "7",
        "sub_type": "int",
        "reason": "revoked_all",
    }


LOGGERS = """
[loggers]
keys = root, audit

[handlers]
keys = audit

[formatters]
keys = audit

[logger_root]
level = WARNING
handlers =

[logger_audit]
level = INFO
handlers = audit
qualname = pyramid_sessiontoken.audit
propagate = 0

[handler_audit]
class = StreamHandler
args = (sys.stdout,)
level = NOTSET
formatter = audit

[formatter_audit]
format = %(message)s
"""

COMMAND = (
    "import sys; from pyramid_sessiontoken.scripts import main;"
    " sys.exit(main())"
)


@pytest.mark.server
def test_a_command_logs_as_the_ini_says_beside_its_answer(ini):
    kept = Path(
        ini(repository="sqlalchemy", repository__url="sqlite://", audit="on")
    )
    with kept.open("a") as file:
        file.write(LOGGERS)

    done = subprocess.run(  # noqa: S603
        [
            sys.executable,
            "-W",
            "ignore",
            "-c",
            COMMAND,
            "revoke",
            kept,
            "--user",
            "bob",
        ],
        check=True,
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
    )

    assert done.stdout.startswith("str:bob: 0 stored sessions ended; ")
    assert len(done.stdout.splitlines()) == 1
    [line] = done.stderr.splitlines()
    assert json.loads(line)["sub"] == "bob"


@pytest.fixture
def with_tokens(ini, tmp_path):
    return ini(
        authenticators="session access_token",
        repository="sqlalchemy",
        repository__url=f"sqlite:///{tmp_path}/sessions.db",
        token__form="reference",
    )


def make_access_tokens(ini_path, *users):
    """Make one for each user, as an application does."""
    texts = []
    with bootstrap(ini_path, request=blank()) as env:
        stored = env["registry"][POLICY].rules.stored
        for user in users:
            text, _ = stored.access_tokens.create(user, "CI", {}, 86400)
            texts.append(text)
        env["registry"].getUtility(ITokenRepository).close()
    return texts


def blank():
    return Request.blank("/", base_url="https://localhost")


def test_access_tokens_are_listed_and_ended_with_the_sessions(
    run, with_tokens
):
    make_access_tokens(with_tokens, 7, 7, "bob")
    run("issue", with_tokens, "int:7")
    application.TOLD.clear()

    status, out, _ = run("sessions", with_tokens, "7")

    assert status == 0
    session, first, second = out.splitlines()
    assert "access token" not in session
    for line in (first, second):
        assert "made 2027-01-15 08:00:00, ends 2027-01-16 08:00:00" in line
        assert line.endswith("access token 'CI', not used yet")
    assert len(run("sessions", with_tokens)[1].splitlines()) == 1

    run("revoke", with_tokens, "--user", "7")
    assert len(run("sessions", with_tokens, "7")[1].splitlines()) == 2

    status, out, _ = run(
        "revoke", with_tokens, "--user", "7", "--access-tokens"
    )

    assert status == 0
    first, second = out.splitlines()
    assert first.startswith("int:7: 0 stored sessions ended; ")
    assert second == "int:7: 2 access tokens ended"
    assert run("sessions", with_tokens, "7") == (0, "", "")
    assert len(run("sessions", with_tokens, "bob")[1].splitlines()) == 1
    told = [(e.reason, e.userid, e.authenticator) for e in application.TOLD]
    assert told == [
        ("revoked_all", 7, None),
        ("revoked_all", 7, None),
        ("revoked_all", 7, "access_token"),
    ]


def test_the_last_use_is_listed(run, with_tokens):
    [text] = make_access_tokens(with_tokens, "bob")
    with bootstrap(with_tokens, request=blank()) as env:
        tokens = env["registry"][POLICY].rules.stored.access_tokens
        tokens.note_use(tokens.redeem(text))
        env["registry"].getUtility(ITokenRepository).close()
    assert "last used 2027-01-15" in run("sessions", with_tokens, "bob")[1]


def test_access_tokens_are_those_of_a_user(run, with_tokens):
    status, out, err = run(
        "revoke", with_tokens, "--sid", "x" * 22, "--access-tokens"
    )
    assert (status, out) == (2, "")
    assert "--access-tokens needs --user" in err


def test_where_there_are_none_nothing_is_ended(run, kept):
    token = run("issue", kept, "bob")[1].strip()
    status, _, err = run("revoke", kept, "--user", "bob", "--access-tokens")
    assert status == 1
    assert "does not list 'access_token'" in err
    assert run("explain", kept, token)[0] == 0


def test_where_they_cannot_be_found_nothing_is_ended(run, ini):
    four = ini(
        authenticators="session access_token",
        repository="support.application:make_four_verbs",
    )
    token = run("issue", four, "bob")[1].strip()
    status, _, err = run("revoke", four, "--user", "bob", "--access-tokens")
    assert status == 1
    assert "ISubjectRepository" in err
    assert run("explain", four, token)[0] == 0
