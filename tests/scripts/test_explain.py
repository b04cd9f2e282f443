"""A token is explained."""

import io

import jwt
from support import KEY
from support.application import CLOCK

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
    for settings, seconds in (({"expiry__absolute": "2h"}, 7200), ({}, 36000)):
        _, out, _ = run("explain", ini(**settings), token)
        assert f", in {seconds} s" in out.splitlines()[-1]
