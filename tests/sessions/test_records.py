"""Where records stand in the repository."""

import re
import uuid
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyramid.registry import Registry
from support.tokens import AUDIENCE, ISSUER, NAMES

from pyramid_sessiontoken.errors import ClaimsError, RepositoryUnavailable
from pyramid_sessiontoken.identity.ticket import is_id
from pyramid_sessiontoken.identity.userid import check_userid
from pyramid_sessiontoken.interfaces import ITokenRepository
from pyramid_sessiontoken.keys.base64url import encode_base64url
from pyramid_sessiontoken.repositories.memory import MemoryRepository
from pyramid_sessiontoken.sessions.records import (
    RecordNames,
    find_repository,
)

REFERENCE = "pst_" + "x" * 43


def test_a_record_and_its_session_have_names_made_of_the_reference():
    key = NAMES.ticket(REFERENCE)

    texts = ("pyramid_sessiontoken/1", "records", ISSUER, AUDIENCE)
    info = b"".join(t.encode() + len(t).to_bytes(2, "big") for t in texts)
    application = sha256(info).digest()
    digest = sha256(application + b"r" + REFERENCE.encode()).digest()
    sid = encode_base64url(digest[:16])
    assert NAMES.sid(REFERENCE) == sid
    assert is_id(sid)
    digest = sha256(application + b"t" + sid.encode()).digest()
    assert key == "t" + encode_base64url(digest[:18])
    assert NAMES.first_ticket(sid) == key
    assert NAMES.ticket(REFERENCE + "y") != key


def names_in(names):
    """Name one of each kind, and each subject."""
    key = names.ticket(REFERENCE)
    return {
        key,
        names.link(key),
        names.session_mark("alice"),
        names.user_mark("alice"),
        names.sid(REFERENCE),
        names.subject_of_user("alice"),
        names.subject_of_session("alice"),
    }


@pytest.mark.parametrize(
    "other",
    [
        (ISSUER, AUDIENCE + "x"),
        (ISSUER + "x", AUDIENCE),
        (AUDIENCE, ISSUER),
        (ISSUER + AUDIENCE[0], AUDIENCE[1:]),
        ("", ISSUER + AUDIENCE),
    ],
)
def test_no_two_applications_have_a_name_in_common(other):
    mine, others = names_in(NAMES), names_in(RecordNames(*other))

    assert len(mine) == len(others) == 7
    assert mine.isdisjoint(others)
    assert names_in(RecordNames(ISSUER, AUDIENCE)) == mine


def test_a_name_is_short_and_of_letters_that_keys_may_have():
    key = NAMES.ticket(REFERENCE)
    for name in (
        key,
        NAMES.link(key),
        NAMES.session_mark("s"),
        NAMES.user_mark(42),
    ):
        assert re.fullmatch("[A-Za-z0-9_-]{25}", name)
    assert NAMES.linked(NAMES.link(key)) == key


@pytest.mark.parametrize(
    ("userid", "begins"),
    [
        ("alice", "str:alice#"),
        (42, "int:42#"),
        (uuid.UUID(int=1), f"uuid:{uuid.UUID(int=1)}#"),
        ("x" * 255, "str:" + "x" * 255 + "#"),
    ],
)
def test_a_user_s_tickets_are_found_by_a_subject_that_says_whose_they_are(
    userid, begins
):
    subject = NAMES.subject_of_user(userid)

    assert subject.startswith(begins)
    assert len(subject) == len(begins) + 8 <= 300
    assert NAMES.is_of_user(subject)
    for other in (None, "", "str:alice", NAMES.subject_of_session("s")):
        assert not NAMES.is_of_user(other)
    assert not RecordNames(ISSUER, "other").is_of_user(subject)


@given(st.text(max_size=300), st.text(max_size=300))
def test_no_two_userids_are_one_subject(one, other):
    try:
        pair = check_userid(one), check_userid(other)
    except ClaimsError:
        return
    subjects = {NAMES.subject_of_user(userid).rstrip() for userid in pair}
    assert len(subjects) == len(set(pair))


def test_the_repository_is_the_one_of_this_moment(clock):
    registry = Registry()
    with pytest.raises(RepositoryUnavailable, match="ITokenRepository"):
        find_repository(registry)
    for _ in range(2):
        repository = MemoryRepository(clock)
        registry.registerUtility(repository, ITokenRepository)
        assert find_repository(registry) is repository
