"""What has expired is forgotten."""

from support import application
from support.application import CLOCK


def test_purge_removes_expired_records_and_prints_their_number(run, kept, ini):
    run("issue", kept, "alice")
    assert run("purge", kept) == (0, "done\n", "")
    CLOCK.advance(86400 * 3)
    try:
        out = run("purge", kept)[1]
    finally:
        CLOCK.advance(-86400 * 3)
    assert out == "1 forgotten\ndone\n"
    status, _, err = run("purge", ini())
    assert status == 1
    assert "repository is not set" in err


def test_a_plain_repository_is_purged_day_by_day(run, ini, monkeypatch):
    path = ini(repository="support.application:make_four_verbs")
    out = run("purge", path)[1]
    assert len(out.splitlines()) == 8
    assert "until 2027-01-08 08:00: 0 forgotten" in out
    assert "until 2027-01-15 08:00: 0 forgotten" in out
    # One that counts nothing is purged as well.
    monkeypatch.setattr(application.FourVerbs, "remove_all_before", _forget)
    out = run("purge", path)[1]
    assert "until 2027-01-15 08:00: done" in out


def _forget(self, date):
    """Expire by itself, and do nothing."""
