"""A token is explained."""

import io

import jwt
from support import KEY
from support.application import CLOCK, STAMPS

from pyramid_sessiontoken.keys.base64url import decode_base64url


def test_explain_names_the_certificate_of_a_bound_token(run, ini):
    path = ini()
    token = run("issue", path, "alice")[1].strip()
    header = jwt.get_unverified_header(token)
    claims = jwt.decode(token, options={"verify_signature": False})
    claims["cnf"] = {"x5t#S256": "A" * 43}
    bound = jwt.encode(claims, decode_base64url(KEY), headers=header)

    assert "Bound" not in run("explain", path, token)[1]
    status, out, _ = run("explain", path, bound)
    assert status == 0
    assert f"Bound to the certificate: {'A' * 43}" in out


def test_explain_names_who_acts_for_the_user(run, ini):
    path = ini()
    token = run("issue", path, "alice")[1].strip()
    header = jwt.get_unverified_header(token)
    claims = jwt.decode(token, options={"verify_signature": False})
    claims["act"] = {"sub": "7", "sub_type": "int"}
    acting = jwt.encode(claims, decode_base64url(KEY), headers=header)

    assert "Acts" not in run("explain", path, token)[1]
    status, out, _ = run("explain", path, acting)
    assert status == 0
    assert "Acts for the user: 7" in out


def test_explain_tells_why_a_token_is_refused(run, ini, monkeypatch):
    path = ini()
    token = run("issue", path, "alice")[1].strip()

    def verdict(seconds, shown=token):
        CLOCK.advance(seconds)
        status, out, _ = run("explain", path, shown)
        CLOCK.advance(-seconds)
        return status, out.splitlines()[0]

    assert verdict(1800) == (
        0,
        "Verdict: accepted, and renewed when it is used",
    )
    assert verdict(4000) == (1, "Verdict: refused, it expired")
    assert verdict(-60) == (1, "Verdict: refused, it is from the future")
    assert verdict(0, "junk")[0] == 1
    assert "not a session token" in verdict(0, "junk")[1]
    monkeypatch.setattr("sys.stdin", io.StringIO(token + "\n"))
    assert verdict(0, "-") == (0, "Verdict: accepted")
    never = ini(expiry__sliding="off")
    token = run("issue", never, "alice")[1].strip()
    _, out, _ = run("explain", never, token)
    assert "Next renewal: never" in out


def test_explain_tells_what_a_token_was_whose_session_was_ended(
    run, ini, tmp_path
):
    path = ini(
        repository="sqlalchemy",
        repository__url=f"sqlite:///{tmp_path}/sessions.db",
    )
    token = run("issue", path, "alice")[1].strip()
    before = run("explain", path, token)[1].splitlines()
    assert run("revoke", path, "--user", "alice")[0] == 0

    status, out, _ = run("explain", path, token)

    assert status == 1
    first, *lines = out.splitlines()
    assert first.startswith("Verdict: refused, its session was ended")
    assert "User: 'alice'" in lines
    assert "Next renewal: never" in lines
    assert lines[-2:] == before[-2:]


def test_explain_tells_that_a_reference_has_no_key(run, kept):
    token = run("issue", kept, "alice")[1].strip()
    assert "Key: none: it is a reference" in run("explain", kept, token)[1]


def test_a_command_does_not_refuse_what_began_before_it(run, ini):
    """The memory of the process that serves knows what was ended, and that of
    the command does not.
    """
    path = ini(repository="memory")
    token = run("issue", path, "alice")[1].strip()
    CLOCK.advance(60)
    try:
        assert run("explain", path, token)[0] == 0
    finally:
        CLOCK.advance(-60)


def test_a_session_ends_as_the_policy_of_now_says(run, ini):
    token = run("issue", ini(), "alice")[1].strip()
    for settings, told in (({"expiry__absolute": "2h"}, "2 h"), ({}, "10 h")):
        _, out, _ = run("explain", ini(**settings), token)
        assert out.splitlines()[-1].endswith(f" UTC, in {told}")


def test_explain_looks_at_the_stamp_and_ends_nothing(run, ini, monkeypatch):
    path = ini(stamp="support.application:stamp")
    token = run("issue", path, "alice")[1].strip()
    assert run("explain", path, token)[1].startswith("Verdict: accepted\n")
    monkeypatch.setitem(STAMPS, "alice", "another")
    status, out, _ = run("explain", path, token)
    assert status == 1
    first, *_, last = out.splitlines()
    assert first == "Verdict: refused, the stamp of the user is another one"
    assert last.endswith("in 10 h")
    monkeypatch.delitem(STAMPS, "alice")
    assert run("explain", path, token)[0] == 0
    without = ini()
    assert run("explain", without, token)[0] == 0
    old = run("issue", without, "alice")[1].strip()
    assert run("explain", ini(stamp="support.application:stamp"), old)[0] == 1
