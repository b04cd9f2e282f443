"""JWK Sets in files that change, and at URLs that fail."""

import logging
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.issuer import drip, hang, jwk, jwks, respond, serving

from pyramid_sessiontoken.errors import RepositoryUnavailable
from pyramid_sessiontoken.issuers.key_sources import (
    COOL_DOWN,
    KEEP,
    REFRESH_AFTER,
    KeyFile,
    KeysAtURL,
)
from pyramid_sessiontoken.testing import ManualClock

ES = ("ES256",)
START = 1_800_000_000


# In a file.


def write(path, raw, mtime=1_000_000_000):
    """Write a file with a time of its own, so that no test waits."""
    path.write_bytes(raw)
    os.utime(path, (mtime, mtime))


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "keys.jwks"
    write(path, jwks(jwk()))
    return path


def test_a_file_is_read_and_read_again_when_it_changes(path):
    keys = KeyFile(str(path), ES)
    assert keys.find("ES256-0", "ES256")
    known = keys._file.content
    assert keys.find("ES256-1", "ES256") is None
    assert keys._file.content is known

    write(path, jwks(jwk(number=1)), 1_000_000_001)

    assert keys.find("ES256-1", "ES256")
    assert keys.find("ES256-0", "ES256") is None


def test_a_set_may_lose_all_its_keys(path):
    keys = KeyFile(str(path), ES)

    write(path, jwks(), 1_000_000_001)

    assert keys.find("ES256-0", "ES256") is None


@pytest.mark.parametrize("raw", [b"", b"{", jwks(jwk()) + b" " * 2**18])
def test_a_file_that_cannot_be_read_now_leaves_the_previous_keys(
    path, caplog, raw
):
    keys = KeyFile(str(path), ES)

    write(path, raw, 1_000_000_001)

    for _ in range(3):
        assert keys.find("ES256-0", "ES256")
    # Logged once, not at each request.
    [record] = caplog.records
    assert record.levelno == logging.ERROR
    assert str(path) in record.getMessage()


def test_a_removed_file_leaves_the_previous_keys(path, caplog):
    keys = KeyFile(str(path), ES)

    path.unlink()

    assert keys.find("ES256-0", "ES256")
    assert "cannot be read" in caplog.text
    write(path, jwks(jwk(number=1)), 1_000_000_002)
    assert keys.find("ES256-1", "ES256")


def test_keys_in_a_file_that_are_not_used_are_logged(path, caplog):
    write(path, jwks(jwk(), jwk(number=1, use="enc")))

    KeyFile(str(path), ES)

    assert caplog.messages == [
        f"{path}: key 2, 'ES256-1': its 'use' is not 'sig'"
    ]


def test_a_file_without_a_good_key_stops_the_start(path, tmp_path):
    for raw, why in (
        (b"{", "not a JWK Set"),
        (jwks(), "it has no keys"),
        (jwks(jwk("RS256")), "RSA cannot be used with ES256"),
        (jwks(jwk(), jwk(number=1, kid="ES256-0")), "twice"),
    ):
        write(path, raw)
        with pytest.raises(ValueError, match=why):
            KeyFile(str(path), ES)
    with pytest.raises(OSError, match="nothing"):
        KeyFile(str(tmp_path / "nothing"), ES)


# At a URL.


@pytest.fixture
def clock():
    return ManualClock(START)


@pytest.fixture
def issuer():
    with serving() as issuer:
        yield issuer


@pytest.fixture
def keys(issuer, clock):
    return KeysAtURL(issuer.url, ES, clock.now)


def find(keys, number=0):
    return keys.find(f"ES256-{number}", "ES256")


def settle(keys):
    """Wait until no fetch is running."""
    while keys._running is not None:
        running = keys._running
        if running is not None:
            running.wait(10)


def unavailable(keys, number=0):
    with pytest.raises(RepositoryUnavailable, match="cannot be fetched"):
        find(keys, number)


def test_keys_are_fetched_when_the_first_token_needs_them(issuer, keys):
    assert issuer.asked == []

    assert find(keys).kid == "ES256-0"
    assert find(keys).kid == "ES256-0"

    assert len(issuer.asked) == 1


def test_unknown_keys_cost_one_fetch_per_cool_down(issuer, clock, keys):
    find(keys)
    for number in range(1, 200):
        assert find(keys, number) is None
    assert len(issuer.asked) == 1

    clock.advance(COOL_DOWN - 1)
    assert find(keys, 1) is None
    assert len(issuer.asked) == 1

    clock.advance(1)
    for number in range(1, 200):
        assert find(keys, number) is None
    assert len(issuer.asked) == 2


def test_a_new_key_is_found_when_the_issuer_has_it(issuer, clock, keys):
    find(keys)
    issuer.answer = respond(jwks(jwk(number=1), jwk()))
    assert find(keys, 1) is None

    clock.advance(COOL_DOWN)

    assert find(keys, 1).kid == "ES256-1"
    assert find(keys).kid == "ES256-0"
    assert len(issuer.asked) == 2


BAD_ANSWERS = {
    "500": respond(jwks(jwk()), "500 Oh"),
    "redirect": respond(b"", "302 Found", "Location: https://x.example"),
    "no JSON": respond(b"<html>"),
    "no set": respond(b"{}"),
    "nested": respond(b'{"keys":' + b"[" * 100_000),
    "huge": respond(b" " * 2**18 + jwks(jwk())),
    "many": respond(jwks(*[jwk(kid=str(n)) for n in range(51)])),
    "packed": respond(jwks(jwk()), "200 OK", "Content-Encoding: gzip"),
    "UTF-16": respond(jwks(jwk()).decode().encode("utf-16")),
    "cut": respond(jwks(jwk()))[:-5],
    "nothing": b"",
    "junk": b"\xff\0junk\r\n\r\n",
}


@pytest.mark.parametrize("answer", BAD_ANSWERS.values(), ids=BAD_ANSWERS)
def test_an_unknown_key_that_cannot_be_fetched_is_an_outage(
    issuer, clock, keys, caplog, answer
):
    issuer.answer = answer
    for number in range(50):
        unavailable(keys, number)
    assert len(issuer.asked) == 1
    [record] = caplog.records
    assert record.levelno == logging.ERROR
    assert issuer.url in record.getMessage()
    assert len(record.getMessage()) < 400

    issuer.answer = respond(jwks(jwk()))
    clock.advance(COOL_DOWN)

    assert find(keys).kid == "ES256-0"


@pytest.mark.parametrize("answer", BAD_ANSWERS.values(), ids=BAD_ANSWERS)
def test_known_keys_are_used_during_an_outage(issuer, clock, keys, answer):
    find(keys)
    issuer.answer = answer

    for _ in range(5):
        clock.advance(REFRESH_AFTER)
        assert find(keys).kid == "ES256-0"
        settle(keys)
        # It is not known whether the issuer has this one.
        unavailable(keys, 1)

    assert len(issuer.asked) == 6
    clock.advance(KEEP)
    unavailable(keys)
    issuer.answer = respond(jwks(jwk()))
    clock.advance(COOL_DOWN)
    assert find(keys).kid == "ES256-0"


def test_keys_are_fetched_again_in_the_background(issuer, clock, keys):
    """So a key that its issuer removed is not accepted for longer."""
    find(keys)
    issuer.answer = respond(jwks(jwk(number=1)))
    clock.advance(REFRESH_AFTER - 1)
    find(keys)
    settle(keys)
    assert len(issuer.asked) == 1

    clock.advance(1)
    assert find(keys).kid == "ES256-0"
    settle(keys)

    assert find(keys) is None
    assert find(keys, 1).kid == "ES256-1"
    assert len(issuer.asked) == 2


def test_an_issuer_may_remove_all_its_keys(issuer, clock, keys):
    find(keys)
    issuer.answer = respond(jwks())
    clock.advance(COOL_DOWN)

    assert find(keys, 1) is None
    assert find(keys) is None


def test_a_request_whose_key_is_known_never_waits(issuer, clock, keys):
    """The server is silent; waiting for it would take three seconds."""
    find(keys)
    issuer.answer = hang
    clock.advance(REFRESH_AFTER)
    for _ in range(1000):
        assert find(keys).kid == "ES256-0"

    assert keys._running is not None


def test_a_silent_server_does_not_make_a_request_wait_long(
    issuer, clock, keys, caplog
):
    issuer.answer = hang

    unavailable(keys)

    settle(keys)
    assert "timed out" in caplog.text


def test_a_request_with_an_unknown_key_waits_for_the_running_fetch(
    issuer, keys
):
    threads = 8
    barrier = threading.Barrier(threads)
    issuer.answer = drip(respond(jwks(jwk())), every=0.001)

    def ask(number):
        barrier.wait()
        return find(keys).kid

    with ThreadPoolExecutor(threads) as pool:
        kids = list(pool.map(ask, range(threads)))

    assert kids == ["ES256-0"] * threads
    assert len(issuer.asked) == 1


def test_a_fetch_in_the_future_does_not_count(issuer, clock, keys):
    """The clock of the machine was set back."""
    find(keys)
    clock.advance(-3600)
    issuer.answer = respond(jwks(jwk(number=1)))

    assert find(keys).kid == "ES256-0"
    settle(keys)

    assert find(keys, 1).kid == "ES256-1"
    assert len(issuer.asked) == 2


def test_a_lost_fetch_is_repeated(issuer, clock, keys):
    """After a fork, the child does not have the thread of the fetch."""
    find(keys)
    lost = keys._running = threading.Event()
    lost.set()
    unavailable(keys, 1)

    clock.advance(COOL_DOWN)

    assert find(keys, 1) is None
    assert keys._running is None
    assert len(issuer.asked) == 2


def test_a_late_answer_is_not_taken_for_a_later_one(issuer, clock, keys):
    find(keys)
    late = threading.Event()
    later = keys._running = threading.Event()

    keys._fetch(START, late)

    assert late.is_set()
    assert keys._running is later
    assert not later.is_set()


def test_keys_at_a_url_that_are_not_used_are_logged(issuer, keys, caplog):
    issuer.answer = respond(jwks(jwk(), jwk("HS256")))

    find(keys)

    [message] = caplog.messages
    assert message == (
        f"{issuer.url}: key 2, 'HS256-0': a secret key cannot be used with"
        " ES256"
    )
