"""A ticket is told in lines."""

from support.application import CLOCK
from support.shown import app_of

from pyramid_sessiontoken.scripts import main
from pyramid_sessiontoken.testing import signed_in


def test_what_a_ticket_says_is_told(ini, capsys):
    path = ini()
    began = CLOCK.now() - 5400
    headers = signed_in(
        app_of(path),
        "alice",
        {"team": "blue"},
        amr=("pwd", "otp"),
        auth_time=began,
    )
    assert main(["explain", path, headers["Authorization"]]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "Authenticated by: pwd otp" in lines
    assert 'Claims: {"team": "blue"}' in lines
    assert "Authenticated: 2027-01-15 06:30:00 UTC, 1 h 30 min ago" in lines
    assert "Issued: 2027-01-15 08:00:00 UTC, in 0 s" in lines
    assert lines[-3:] == [
        "Next renewal: 2027-01-15 08:30:00 UTC, in 30 min",
        "Token ends: 2027-01-15 09:00:00 UTC, in 1 h",
        "Session ends: 2027-01-15 16:30:00 UTC, in 8 h 30 min",
    ]


def test_a_persistent_session_is_told(ini, capsys):
    path = ini(cookie__persistent="true")
    line = signed_in(app_of(path), "alice", cookie=True)["Cookie"]
    assert main(["explain", path, line]) == 0
    assert "\nPersistent: yes\n" in capsys.readouterr().out
