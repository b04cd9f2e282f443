"""``check`` shows the key rings, and the calendar of one that rotates."""

import pytest
from pyramid.registry import Registry
from support import KEY, START
from support.keys import put_keys
from support.tokens import FIRST, SECOND

from pyramid_sessiontoken.interfaces import IKeyRing
from pyramid_sessiontoken.keys.jwk import new_key
from pyramid_sessiontoken.keys.ring import Key, KeyRing
from pyramid_sessiontoken.keys.rotating_ring import Periods, RotatingRing
from pyramid_sessiontoken.scripts.rings import rings
from pyramid_sessiontoken.testing import ManualClock

DAY = 86400
A, B = Key("a", FIRST.secret), Key("b", SECOND.secret)


def shown(*roots, length, kept):
    clock, registry = ManualClock(START), Registry()
    ring = RotatingRing(
        KeyRing(roots), lambda: Periods(length, kept, START), clock, "a ring"
    )
    registry.registerUtility(ring, IKeyRing)
    return [*rings(registry)]


def test_the_calendar_of_a_ring_is_shown():
    # It is 2027-01-15T08:00Z, of the period that began on 2027-01-02.
    assert shown(A, length=30 * DAY, kept=20 * DAY + 600) == [
        "Keys: derived from 'a', a key for each 30d",
        "  'a.694' signs until 2027-02-01 00:00 UTC",
        "  'a.695' verifies, and signs from 2027-02-01 00:00 UTC on",
        "  'a.693' verifies until 2027-01-22 00:10 UTC",
        "  roots: 'a'; they verify until they are removed",
    ]


def test_further_roots_are_named():
    lines = shown(A, B, length=30 * DAY, kept=600)

    assert lines[0] == "Keys: derived from 'a', 'b', a key for each 30d"
    assert lines[3:] == [
        "  those of 'b' verify as long",
        "  roots: 'a', 'b'; they verify until they are removed",
    ]


def test_a_long_past_is_told_in_one_line():
    lines = shown(A, length=DAY, kept=400 * DAY)

    assert len(lines) == 1 + 2 + 6 + 1 + 1
    assert lines[-2] == "  394 more verify, each for 400d after its period"


@pytest.mark.parametrize(
    ("length", "words"), [(90000, "90000s"), (5 * DAY, "5d")]
)
def test_a_length_is_written_as_in_the_settings(length, words):
    line = shown(A, length=length, kept=600)[0]

    assert line == f"Keys: derived from 'a', a key for each {words}"


def test_check_prints_the_calendar(run, ini, tmp_path):
    file = tmp_path / "keys.jwks"
    put_keys(file, A)
    tokens = tmp_path / "tokens.jwks"
    private = new_key("ES256")
    put_keys(tokens, private)
    status, out, _ = run(
        "check",
        ini(
            keys=f"file:{file}",
            keys__rotate="30d",
            token__algorithm="ES256",
            token__keys=f"file:{tokens}",
        ),
    )
    assert status == 0
    assert (
        "\nKeys: derived from 'a', a key for each 30d; reloaded when the file"
        " changes; a new first key signs after 300 s\n"
        "  'a.694' signs until 2027-02-01 00:00 UTC\n"
    ) in out
    assert f"\nToken keys: {private.kid!r} signs; reloaded" in out
    assert "\nPublic keys: GET https://localhost/auth/token/jwks\n" in out
    assert run("check", ini())[1].count("Public keys") == 0


def test_check_shows_no_root(run, ini):
    out = run("check", ini(keys__rotate="1d"))[1]

    assert KEY not in out
    assert "derived from" in out
