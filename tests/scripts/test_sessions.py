"""Stored sessions are listed."""

import pytest
from support.application import CLOCK

from pyramid_sessiontoken.clock import moment
from pyramid_sessiontoken.scripts.sessions import _line as line_of
from pyramid_sessiontoken.sessions.stored import SessionInfo

START = moment(1_800_000_000)


def test_sessions_of_all_users_are_listed(run, kept, ini):
    for userid in ("int:7", "int:7", "bob"):
        run("issue", kept, userid)
    run("revoke", kept, "--user", "alice")
    status, out, _ = run("sessions", kept)
    assert status == 0
    whose = sorted(line.split()[-1] for line in out.splitlines())
    assert whose == ["int:7", "int:7", "str:bob"]
    assert "began 2027-01-15 08:00:00" in out
    CLOCK.advance(86400)
    try:
        assert run("sessions", kept) == (0, "", "")
    finally:
        CLOCK.advance(-86400)


def test_who_acts_for_a_user_is_listed(run, kept):
    run("issue", kept, "bob")
    [line] = run("sessions", kept, "bob")[1].splitlines()
    assert line.endswith("by application")

    info = SessionInfo(
        "sid", START, START, START, "application", {}, False, "alice"
    )
    assert line_of(info).endswith("by application, str:alice acts")


@pytest.mark.parametrize(
    ("settings", "lacks"),
    [
        (
            {"repository": "support.application:make_four_verbs"},
            "IListingRepository: name a user",
        ),
        (
            {
                "repository": "memory",
                "session_store": "support.application:make_own_store",
            },
            "ISessionStore",
        ),
        ({}, "repository is not set"),
    ],
)
def test_listing_all_sessions_names_the_missing_interface(
    run, ini, settings, lacks
):
    status, out, err = run("sessions", ini(**settings))
    assert (status, out) == (1, "")
    assert lacks in err
