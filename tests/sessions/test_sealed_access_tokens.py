"""An access token becomes an encrypted record, and comes back."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import START
from support.keys import Rings
from support.tokens import FIRST, NAMES, SECOND

from pyramid_sessiontoken.clock import moment
from pyramid_sessiontoken.identity.claims import freeze_claims
from pyramid_sessiontoken.sessions.seal import Seal
from pyramid_sessiontoken.sessions.sealed_access_tokens import (
    AccessToken,
    SealedAccessTokens,
)

TOKEN = AccessToken(
    NAMES.access_token_id("pat_x"),
    7,
    "CI",
    START,
    START + 600,
    None,
    freeze_claims({"roles": ["admin"]}),
    moment(START + 900),
)
KEY = NAMES.access_token(TOKEN.id)


@pytest.fixture
def rings():
    return Rings(FIRST)


@pytest.fixture
def sealed(rings):
    return SealedAccessTokens(Seal(rings, "access_tokens"), NAMES)


@pytest.mark.parametrize("used", [None, 0, START])
def test_what_is_sealed_is_opened_unchanged(rings, used):
    token = TOKEN._replace(last_used=used)
    one, other = (
        SealedAccessTokens(Seal(rings, "access_tokens"), NAMES)
        for _ in range(2)
    )
    assert other.open(one.seal(token)) == token


def test_only_key_end_and_subject_of_a_record_can_be_read(sealed):
    item = sealed.seal(TOKEN)
    assert item.key == KEY
    assert item.expires == moment(START + 900)
    assert item.subject == NAMES.subject_of_access_tokens(7)
    assert b"admin" not in item.token


def test_what_was_opened_is_remembered_under_its_keys(sealed, rings, caplog):
    item = sealed.seal(TOKEN)
    assert sealed.open(item) is sealed.open(item)
    rings.replace(SECOND)
    assert sealed.open(item) is None
    assert "an access token cannot be read, and counts as rev" in caplog.text


def test_a_record_that_was_moved_counts_as_revoked(sealed):
    item = sealed.seal(TOKEN)
    other = sealed.seal(TOKEN._replace(id=NAMES.access_token_id("pat_y")))
    assert sealed.open(item._replace(token=other.token)) is None
    assert sealed.open(item._replace(key=other.key)) is None


@given(st.data())
def test_a_record_that_was_altered_counts_as_revoked(data):
    seal = Seal(Rings(FIRST), "access_tokens")
    sealed = SealedAccessTokens(seal, NAMES)
    item = sealed.seal(TOKEN)
    where = data.draw(st.integers(0, len(item.token)))
    put = data.draw(st.binary(max_size=2))
    cut = data.draw(st.integers(0, 2))
    token = item.token[:where] + put + item.token[where + cut :]

    opened = sealed.open(item._replace(token=token))

    assert (opened == TOKEN) == (token == item.token)


def test_claims_that_were_reserved_later_count_as_revoked(sealed, caplog):
    members = {
        "sub": "7",
        "sub_type": "int",
        "name": "CI",
        "created": START,
        "expires": START + 600,
        "claims": {"iss": "x"},
    }
    content = json.dumps(members).encode()
    token = Seal(Rings(FIRST), "access_tokens").seal(content, KEY)
    assert sealed.open(sealed.seal(TOKEN)._replace(token=token)) is None
    assert "counts as revoked" in caplog.text
