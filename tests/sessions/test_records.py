"""Where records stand in the repository."""

from hashlib import sha256

import pytest
from pyramid.registry import Registry

from pyramid_sessiontoken.errors import RepositoryUnavailable
from pyramid_sessiontoken.interfaces import ITokenRepository
from pyramid_sessiontoken.repositories.memory import MemoryRepository
from pyramid_sessiontoken.sessions.records import (
    find_repository,
    is_link,
    link_key,
    linked_key,
    record_key,
    session_mark_key,
    subject_of_sid,
    user_mark_key,
)

REFERENCE = "pst_" + "x" * 43


def test_a_record_stands_under_the_digest_of_its_reference():
    key = record_key(REFERENCE)

    assert key == sha256(REFERENCE.encode()).hexdigest()
    assert record_key(REFERENCE + "y") != key


def test_a_session_is_a_subject_apart_from_users():
    subject = subject_of_sid("s" * 22)

    assert subject == "sid:" + sha256(b"s" * 22).hexdigest()


def test_a_link_names_its_ticket_and_is_told_from_a_ticket():
    key = record_key(REFERENCE)

    assert link_key(key) == "of:" + key
    assert linked_key(link_key(key)) == key
    assert is_link(link_key(key))
    assert not is_link(key)


def test_keys_of_revocation_records_reveal_neither_session_nor_user():
    session, user = session_mark_key("s" * 22), user_mark_key("alice")

    assert session == "ended:" + sha256(b"s" * 22).hexdigest()
    assert user == "before:" + sha256(b"str:alice").hexdigest()


def test_the_repository_is_the_one_of_this_moment(clock):
    registry = Registry()
    with pytest.raises(RepositoryUnavailable, match="ITokenRepository"):
        find_repository(registry)
    for _ in range(2):
        repository = MemoryRepository(clock)
        registry.registerUtility(repository, ITokenRepository)
        assert find_repository(registry) is repository
