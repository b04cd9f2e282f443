"""Every logout token but a good one is refused."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import START
from support.issuer import header, jwk, jwks, token
from support.logout import ISSUER, logout_claims, logout_token

from pyramid_sessiontoken.errors import InvalidCredential
from pyramid_sessiontoken.issuers.claims import Template
from pyramid_sessiontoken.issuers.jwks import read_key_set
from pyramid_sessiontoken.issuers.logout_token import (
    EVENT,
    LogoutTokens,
    SignOut,
)

TOKENS = LogoutTokens(
    read_key_set(jwks(jwk(), jwk(number=1)), ("ES256",)),
    ISSUER,
    ("api", "web"),
    ("ES256",),
    30,
    Template("{sub}"),
)


def read(text, now=START):
    return TOKENS.read(text, now)


@pytest.mark.parametrize(
    ("changes", "read_as"),
    [
        ({}, SignOut(ISSUER, "alice", None, START)),
        ({"sid": "1"}, SignOut(ISSUER, "alice", "1", START)),
        ({"sid": "1", "sub": None}, SignOut(ISSUER, None, "1", START)),
        ({"aud": ["x", "web"]}, SignOut(ISSUER, "alice", None, START)),
        ({"iat": START - 0.5}, SignOut(ISSUER, "alice", None, START - 1)),
        ({"iat": START - 480}, SignOut(ISSUER, "alice", None, START - 480)),
        ({"more": {"x": [1]}}, SignOut(ISSUER, "alice", None, START)),
        ({"nbf": START}, SignOut(ISSUER, "alice", None, START)),
    ],
)
def test_a_good_token_is_read(changes, read_as):
    assert read(logout_token(**changes)) == read_as


@pytest.mark.parametrize(
    "typ", [None, "JWT", "jwt", "logout+jwt", "application/logout+JWT"]
)
def test_a_type_may_be_left_out(typ):
    assert read(logout_token(said=header(typ=typ)))


def test_more_events_may_stand_beside():
    events = {EVENT: {"more": 1}, "http://x.example": "y"}

    assert read(logout_token(events=events))


NOTHING = object()

#: Of each claim, what is refused.
WRONG = {
    "iss": [None, "", "https://other.example", ISSUER + "/", 1, [ISSUER]],
    "aud": [None, "", "x", [], ["x"], ["api", 1], {"api": 1}, 1],
    "sub": ["", 1, ["alice"], {}, True, NOTHING],
    "sid": ["", 1, [], True, NOTHING],
    "iat": [None, "x", True, -1, [], 2.0**60, START + 31, START - 481],
    "exp": [None, "x", True, -1, START - 31, START + 601, 2.0**60],
    "nbf": ["x", True, START + 31],
    "jti": [None, "", 1, [], NOTHING],
    "nonce": ["", "x", NOTHING, 1, False],
    "events": [
        None,
        NOTHING,
        [],
        [EVENT],
        EVENT,
        {},
        {EVENT: None},
        {EVENT: []},
        {EVENT: ""},
        {EVENT: True},
        {EVENT + "/": {}},
        {"http://schemas.openid.net/event/frontchannel-logout": {}},
    ],
}


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name, values in WRONG.items() for value in values],
)
def test_each_wrong_claim_is_refused(name, value):
    changed = logout_claims(**{name: value})
    if value is NOTHING:
        changed[name] = None

    with pytest.raises(InvalidCredential):
        read(token(changed))


def test_one_of_subject_and_session_is_needed():
    with pytest.raises(InvalidCredential, match="neither 'sub' nor 'sid'"):
        read(logout_token(sub=None))


@pytest.mark.parametrize(
    "said",
    [
        header(typ="at+jwt"),
        header(typ="session+jwt"),
        header(typ=1),
        header(typ=""),
        header(alg="none"),
        header(alg="HS256"),
        header(alg="ES384"),
        header(alg=None),
        header(kid=1),
        header(kid="x"),
        header(kid="ES256-1"),
        header(crit=["x"]),
        header(b64=False),
    ],
)
def test_each_wrong_header_is_refused(said):
    with pytest.raises(InvalidCredential):
        read(logout_token(said=said))


@pytest.mark.parametrize(("seconds", "is_good"), [(29, True), (30, False)])
def test_it_is_fresh_within_the_leeway(seconds, is_good):
    text = logout_token()
    for now in (START + 120 + seconds, START - seconds - (not is_good)):
        if is_good:
            assert read(text, now)
        else:
            with pytest.raises(InvalidCredential):
                read(text, now)


def test_a_strangers_key_is_not_believed():
    with pytest.raises(InvalidCredential):
        read(token(logout_claims(), header(), number=2))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(), inner, max_size=3)
    ),
    max_leaves=5,
)


@given(st.sampled_from([*WRONG, "more"]), JSON)
def test_any_value_of_a_claim_is_accepted_or_refused(name, value):
    try:
        found = read(token({**logout_claims(), name: value}))
    except InvalidCredential:
        return
    assert found.issuer == ISSUER
    assert found.subject or found.session


@given(st.integers(0, 600), st.characters(max_codepoint=127))
def test_any_other_character_is_refused(place, character):
    text = logout_token()
    place %= len(text)
    changed = text[:place] + character + text[place + 1 :]
    if changed == text:
        return

    with pytest.raises(InvalidCredential):
        read(changed)


@given(st.text() | st.builds("{0}.{0}.{0}".format, st.text()))
def test_any_other_text_is_refused(text):
    with pytest.raises(InvalidCredential):
        read(text)


@pytest.mark.parametrize(
    ("template", "subject", "userid"),
    [
        ("{sub}", "alice", "alice"),
        ("{iss}#{sub}", "alice", f"{ISSUER}#alice"),
        ("google:{sub}", "alice", "google:alice"),
        ("{email}", "alice", None),
        ("{sub}", None, None),
    ],
)
def test_a_userid_is_told_where_it_can_be_filled(template, subject, userid):
    tokens = dataclasses.replace(TOKENS, userid=Template(template))

    assert tokens.userid_of(SignOut(ISSUER, subject, "1", 1)) == userid
