"""A key under a misspelt prefix is not read, and the log says so."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyramid_sessiontoken.config.near_prefix import is_near, near_prefixes


@pytest.mark.parametrize(
    "word",
    [
        "session_token",
        "session-token",
        "sessiontokens",
        "sesiontoken",
        "sessiontokne",
        "SessionToken",
        "sessiontok",
        "essiontokens",
    ],
)
def test_a_near_miss(word):
    (told,) = near_prefixes([f"{word}.keys", "sessiontoken.realm"])

    assert f"'{word}.keys' is not read" in told
    assert "did you mean 'sessiontoken.keys'?" in told


@pytest.mark.parametrize(
    "key",
    [
        "sessiontoken.keys",
        "session.secret",
        "sessions.keys",
        "token.keys",
        "SESSIONTOKEN.keys",
        "sessiontok3ns1.keys",
        "session_tokens_.keys",
        "sessiontokens",
        "sessiontokens.",
        "pyramid.includes",
        "",
        7,
    ],
)
def test_other_keys(key):
    assert list(near_prefixes([key])) == []


@given(st.text(max_size=20))
def test_any_word_is_near_or_not(word):
    assert is_near(word) == is_near(word[::-1]) or word != word[::-1]
    for place in range(len("sessiontoken")):
        changed = "sessiontoken"[:place] + word[:2] + "sessiontoken"[place:]
        assert is_near(changed)


def test_the_log_says_it_at_the_start(make, caplog):
    setting = {"session_token.realm": "x", "plain": "y"}

    make(before=lambda config: config.add_settings(setting))

    (told,) = caplog.messages
    assert "'session_token.realm' is not read" in told


def test_the_log_says_it_also_where_the_start_fails(make, caplog):
    setting = {"session_token.keys": "x"}

    with pytest.raises(Exception, match=r"sessiontoken\.keys"):
        make(
            {"keys": None},
            before=lambda config: config.add_settings(setting),
        )

    assert "'session_token.keys' is not read" in caplog.text
