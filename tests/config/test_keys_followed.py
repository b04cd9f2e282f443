"""An application follows the files that its settings name."""

import logging
import os

import jwt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyramid.exceptions import ConfigurationError
from support import KEY, OTHER_KEY, START
from support.keys import put, put_keys
from support.tokens import FIRST, SECOND, STRANGER

from pyramid_sessiontoken.interfaces import IKeyRing, ITokenRepository
from pyramid_sessiontoken.keys.base64url import encode_base64url
from pyramid_sessiontoken.keys.file_ring import PROPAGATION, FileRing
from pyramid_sessiontoken.keys.jwk import write_jwk_set
from pyramid_sessiontoken.keys.ring import Key, KeyRing

OLD, NEW, NEWER = FIRST, SECOND, STRANGER


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "sessiontoken.jwks"
    put_keys(path, OLD)
    return path


@pytest.fixture
def other_path(tmp_path):
    path = tmp_path / "token.jwks"
    put_keys(path, NEWER)
    return path


@pytest.fixture
def node(make, path):
    """Make a process that reads the file, with more settings."""

    def make_node(**settings):
        settings = {k.replace("__", "."): v for k, v in settings.items()}
        return make({"keys": f"file:{path}", **settings})

    return make_node


def kid_of(token):
    return jwt.get_unverified_header(token)["kid"]


def who(client, token):
    return client.fresh().ask(token).json["userid"]


def sign_in(client):
    """Give a browser that is signed in."""
    browser = client.fresh()
    browser.post_json("/sign_in", {})
    return browser


def test_a_new_key_is_followed_while_requests_run(node, path, clock):
    client = node()
    old, browser = client.swap()["access_token"], sign_in(client)
    put_keys(path, NEW, OLD)
    clock.advance(1)
    between = client.swap()["access_token"]
    assert kid_of(old) == kid_of(between) == OLD.kid
    clock.advance(PROPAGATION)
    new, later = client.swap()["access_token"], sign_in(client)
    assert kid_of(new) == NEW.kid
    for token in (old, between, new):
        assert who(client, token) == "alice"
    for each in (browser, later):
        assert each.get("/identity").json["userid"] == "alice"
    put_keys(path, NEW)
    clock.advance(1)
    assert [who(client, token) for token in (old, between, new)] == [
        None,
        None,
        "alice",
    ]
    assert browser.get("/identity").json["userid"] is None
    assert later.get("/identity").json["userid"] == "alice"


@pytest.mark.parametrize("form", ["self-contained", "reference"])
@pytest.mark.parametrize("transform", ["signed", "encrypted"])
def test_an_unknown_key_causes_a_check_of_the_file(
    node, path, form, transform
):
    """The clock stands still: nobody looks for another reason."""
    settings = {
        "repository": "memory",
        "token__form": form,
        "cookie__form": form,
        "cookie__transform": transform,
    }
    behind = node(**settings)
    put_keys(path, NEW)
    ahead = node(**settings)
    keep_in(behind, ahead)
    token, browser = ahead.swap()["access_token"], sign_in(ahead)
    assert behind.ask(token).json["userid"] == "alice"
    late = node(**settings)
    put_keys(path, NEWER)
    keep_in(late, ahead)
    other = node(**settings)
    keep_in(other, ahead)
    assert carry(browser, behind) == "alice"
    assert carry(sign_in(other), late) == "alice"


def carry(browser, client):
    """Show a browser's cookies elsewhere; tell who that is."""
    other = client.fresh()
    for name, value in browser.cookies.items():
        other.set_cookie(name, value)
    return other.get("/identity").json["userid"]


def keep_in(client, other):
    """Let two processes share a repository."""
    shared = other.registry.getUtility(ITokenRepository)
    client.registry.registerUtility(shared, ITokenRepository)


def test_a_stored_session_of_an_unknown_key_causes_a_check(node, path, clock):
    settings = {"repository": "memory", "token__form": "reference"}
    behind = node(**settings)
    put_keys(path, NEW)
    ahead = node(**settings)
    keep_in(behind, ahead)
    assert behind.ask(ahead.swap()["access_token"]).json["userid"] == "alice"
    put_keys(path, NEWER)
    clock.advance(1)
    later = node(**settings)
    keep_in(later, behind)
    assert behind.ask(later.swap()["access_token"]).json["userid"] == "alice"


def test_the_file_is_checked_once_a_second_for_many_requests(
    node, clock, monkeypatch
):
    client = node()
    token, browser = client.swap()["access_token"], sign_in(client)
    stat, looks = os.stat, []

    def count(path, *args, **kw):
        looks.append(path)
        return stat(path, *args, **kw)

    clock.advance(1)
    monkeypatch.setattr(
        "pyramid_sessiontoken.keys.followed_file.os.stat", count
    )
    for _ in range(10):
        assert who(client, token) == "alice"
        assert browser.get("/identity").json["userid"] == "alice"
    seen = [path for path in looks if str(path).endswith(".jwks")]
    assert len(seen) == 1
    # Once more for keys that nobody knows, however many.
    for number in range(10):
        assert who(client, f"junk.{number}.junk") is None
    seen = [path for path in looks if str(path).endswith(".jwks")]
    assert len(seen) == 2


def test_malformed_and_forged_tokens_are_still_refused(node, path, clock):
    client = node()
    token = client.swap()["access_token"]
    head, rest = token.split(".", 1)
    for junk in (
        "x",
        f"{head[:-2]}.{rest}",
        f"{head}.{rest[:-2]}xx",
        jwt.encode({"sub": "alice"}, bytes(64), headers={"kid": OLD.kid}),
    ):
        assert client.ask(junk).status_code == 200
        assert client.ask(junk).json["userid"] is None
    assert who(client, token) == "alice"


# Two rings


def test_header_tokens_follow_their_own_file(node, path, other_path, clock):
    client = node(token__keys=f"file:{other_path}")
    old, browser = client.swap()["access_token"], sign_in(client)
    assert kid_of(old) == NEWER.kid
    put_keys(other_path, NEW)
    clock.advance(1)
    assert who(client, old) is None
    assert kid_of(client.swap()["access_token"]) == NEW.kid
    assert browser.get("/identity").json["userid"] == "alice"


def test_an_empty_ring_of_header_tokens_is_a_fault(node, other_path):
    other_path.write_text("")
    with pytest.raises(ConfigurationError, match=r"token\.keys: there are no"):
        node(token__keys=f"file:{other_path}")


# What is no good


WHOLE = write_jwk_set([NEW, OLD]).encode()
SHORT = Key.of(bytes(range(20)))


@pytest.mark.parametrize(
    "found",
    [
        ("", "keys: there are none"),
        ("{", "keys: not a JWK Set"),
        (encode_base64url(SHORT.secret), "key 1 is refused: it has 20 bytes"),
        (encode_base64url(b"x" * 64), "key 1 is refused: it is one repeated"),
        (f"{KEY}\n{KEY}", "a key comes twice"),
        (f"{KEY}\n{encode_base64url(NEWER.secret)}", "is among them"),
        (f"{KEY}\nchangeme", "key 1 is a placeholder"),
        (None, "cannot be read"),
    ],
)
def test_a_file_that_would_stop_the_start_changes_nothing(
    node, path, clock, caplog, found
):
    text, why = found
    other_path = path.with_name("token.jwks")
    put_keys(other_path, NEWER)
    client = node(token__keys=f"file:{other_path}")
    token, browser = client.swap()["access_token"], sign_in(client)
    caplog.clear()
    if text is None:
        path.unlink()
    else:
        put(path, text)
    for _ in range(3):
        clock.advance(1)
        assert who(client, token) == "alice"
        assert browser.get("/identity").json["userid"] == "alice"
        assert who(client, client.swap()["access_token"]) == "alice"
    errors = [r for r in caplog.records if r.levelno >= logging.ERROR]
    (line,) = [r.getMessage() for r in errors]
    assert line.startswith("sessiontoken.")
    assert line.endswith("; the previous keys stay in use")
    assert why in line
    for key in (OLD, NEWER, SHORT):
        assert encode_base64url(key.secret) not in caplog.text


@given(
    st.binary(max_size=80)
    | st.integers(0, 400).map(lambda n: WHOLE[:n])
    | st.tuples(st.integers(0, len(WHOLE) - 1), st.binary(max_size=4)).map(
        lambda drawn: WHOLE[: drawn[0]] + drawn[1] + WHOLE[drawn[0] + 1 :]
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_content_of_the_file_leaves_requests_answered(
    node, path, clock, raw
):
    put_keys(path, OLD)
    client = node()
    token = client.swap()["access_token"]
    path.write_bytes(raw)
    clock.advance(1)
    answer = client.ask(token)
    assert answer.status_code == 200
    ring = list(client.registry.getUtility(IKeyRing))
    assert (answer.json["userid"] == "alice") == (OLD in ring)
    assert who(client, client.swap()["access_token"]) == "alice"
    put_keys(path, OLD)
    clock.advance(1)
    assert who(client, token) == "alice"


def test_a_key_of_the_other_ring_is_refused(node, path, other_path, clock):
    client = node(token__keys=f"file:{other_path}")
    browser = sign_in(client)
    put_keys(other_path, NEW)
    clock.advance(1)
    assert kid_of(client.swap()["access_token"]) == NEW.kid
    put_keys(path, NEW, OLD)
    clock.advance(1)
    assert browser.get("/identity").json["userid"] == "alice"
    assert len(list(client.registry.getUtility(IKeyRing))) == 1
    # It left that ring, and so may be in this one.
    put_keys(other_path, NEWER)
    clock.advance(1)
    client.swap()
    clock.advance(1)
    assert len(list(client.registry.getUtility(IKeyRing))) == 2


# Where no file is followed


def test_keys_of_the_ini_stay_as_they_are(make, monkeypatch):
    monkeypatch.setenv("STORY_KEYS", KEY)
    for keys in (KEY, "env:STORY_KEYS", "ephemeral"):
        ring = make({"keys": keys}).registry.getUtility(IKeyRing)
        assert type(ring) is KeyRing


def test_a_file_is_followed_among_other_keys(make, path, clock):
    client = make({"keys": [OTHER_KEY, f"file:{path}"]})
    ring = client.registry.getUtility(IKeyRing)
    assert type(ring) is FileRing
    assert len(list(ring)) == 2
    put_keys(path, NEWER)
    clock.advance(1)
    assert {key.secret for key in ring} == {NEW.secret, NEWER.secret}


def test_a_file_is_found_after_a_change_of_directory(
    make, path, clock, monkeypatch
):
    monkeypatch.chdir(path.parent)
    client = make({"keys": "file:sessiontoken.jwks"})
    monkeypatch.chdir("/")
    put_keys(path, NEW)
    clock.advance(1)
    assert kid_of(client.swap()["access_token"]) == NEW.kid


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes")
def test_a_pipe_is_read_once(make):
    reading, writing = os.pipe()
    os.write(writing, KEY.encode())
    os.close(writing)
    try:
        client = make({"keys": f"file:/dev/fd/{reading}"})
    finally:
        os.close(reading)
    assert type(client.registry.getUtility(IKeyRing)) is KeyRing


def test_a_ring_that_the_application_registers_beats_the_file(
    node, path, clock
):
    client = node()
    client.registry.registerUtility(KeyRing((NEW,)), IKeyRing)
    put_keys(path, NEWER)
    clock.advance(1)
    token = client.swap()["access_token"]
    assert kid_of(token) == NEW.kid
    assert who(client, token) == "alice"
    assert clock.now() == START + 1
