"""Tickets are kept encrypted, under digests of their references."""

import logging
import re
import uuid
from datetime import timedelta

import pytest
from pyramid.registry import Registry
from support import START
from support.keys import Rings
from support.tokens import FIRST, NAMES, SECOND, make_ticket
from zope.interface import implementer
from zope.interface.verify import verifyObject

from pyramid_sessiontoken.clock import moment
from pyramid_sessiontoken.cookies.layout import write_ticket
from pyramid_sessiontoken.errors import (
    ClaimsError,
    RepositoryUnavailable,
    SessionTokenError,
)
from pyramid_sessiontoken.identity.claims import freeze_claims
from pyramid_sessiontoken.interfaces import (
    IClock,
    ISessionStore,
    ITokenRepository,
    TokenItem,
)
from pyramid_sessiontoken.keys.base64url import decode_base64url
from pyramid_sessiontoken.repositories.memory import MemoryRepository
from pyramid_sessiontoken.sessions.cache import FirstLevelCache
from pyramid_sessiontoken.sessions.records import LINGER
from pyramid_sessiontoken.sessions.seal import Seal
from pyramid_sessiontoken.sessions.store import RepositorySessionStore

DEVICE = freeze_claims({"user_agent": "Firefox", "address": "192.0.2.7"})
SIDS = [letter * 22 for letter in "abc"]


@implementer(ITokenRepository)
class FourVerbs:
    """A repository that provides only ITokenRepository."""

    def __init__(self, clock):
        inner = MemoryRepository(clock)
        self.items = inner._items
        self.add_or_update = inner.add_or_update
        self.remove = inner.remove
        self.remove_all_before = inner.remove_all_before
        self._get = inner.get
        #: What another process does while an answer is under way.
        self.meanwhile = []

    def get(self, key):
        item = self._get(key)
        while self.meanwhile:
            self.meanwhile.pop()()
        return item


class Repository(MemoryRepository):
    """The repository in memory, which notes what it was asked."""

    def __init__(self, clock):
        super().__init__(clock)
        self.items = self._items
        self.asked = []
        #: What another process does while an answer is under way.
        self.meanwhile = []
        #: What another process does after something was written.
        self.written = []
        #: What another process does before the renewal is answered.
        self.renewed = []

    def get(self, key):
        self.asked.append(key)
        item = super().get(key)
        while self.meanwhile:
            self.meanwhile.pop()()
        return item

    def add_or_update(self, item):
        super().add_or_update(item)
        while self.written:
            self.written.pop()()

    def renew(self, item, was):
        told = super().renew(item, was)
        while self.renewed:
            self.renewed.pop()()
        return told


class Process:
    """A process that shares a repository with others."""

    def __init__(self, clock, repository, *keys, ttl=5):
        self.clock = clock
        self.repository = repository
        self.rings = Rings(*(keys or (FIRST,)))
        registry = self.registry = Registry()
        registry.registerUtility(clock, IClock)
        registry.registerUtility(repository, ITokenRepository)
        self.seal = Seal(self.rings, "store")
        self.store = RepositorySessionStore(
            registry, self.seal, NAMES, FirstLevelCache(100, ttl)
        )

    def other(self, *keys, ttl=5):
        return Process(self.clock, self.repository, *keys, ttl=ttl)

    def fresh(self, reference, *keys):
        """Retrieve as a process that remembers nothing."""
        return self.other(*keys, ttl=0).store.retrieve(reference)


@pytest.fixture
def repository(clock):
    return Repository(clock)


@pytest.fixture
def process(clock, repository):
    return Process(clock, repository)


@pytest.fixture
def store(process):
    return process.store


@pytest.fixture(params=[Repository, FourVerbs])
def any_process(clock, request):
    return Process(clock, request.param(clock))


def ticket_of(userid="alice", **changes):
    """Give a ticket that begins now and lives an hour."""
    times = {
        "iat": START,
        "exp": START + 3600,
        "auth_time": START,
        "session_end": START + 36000,
    }
    return make_ticket(userid=userid, **{**times, **changes})


def renewed(seconds=1800, **changes):
    return ticket_of(
        iat=START + seconds, exp=START + seconds + 3600, **changes
    )


# Stored records.


@pytest.mark.parametrize(
    "ticket",
    [
        ticket_of(),
        ticket_of(42),
        ticket_of(-1),
        ticket_of(uuid.UUID(int=5)),
        ticket_of("42"),
        ticket_of("gr\u00fcn \U0001f642"),
        ticket_of("a" * 255),
        ticket_of(claims={"roles": ["admin"], "n": {"m": [1.5, None]}}),
        ticket_of(persistent=True),
        ticket_of(amr=()),
        ticket_of(device=DEVICE),
    ],
    ids=str,
)
def test_a_stored_ticket_is_retrieved_unchanged(process, ticket):
    reference = process.store.store(ticket)
    for _ in range(2):
        found = process.store.retrieve(reference)
        assert found == ticket
        assert type(found.userid) is type(ticket.userid)
    assert process.fresh(reference) == ticket


def test_the_store_provides_its_interface(store):
    assert verifyObject(ISessionStore, store)


def test_a_reference_is_256_random_bits_after_a_prefix(store):
    references = {store.store(ticket_of()) for _ in range(50)}
    assert len(references) == 50
    for reference in references:
        assert re.fullmatch("pst_[A-Za-z0-9_-]{43}", reference)
        assert len(decode_base64url(reference[4:])) == 32


def test_the_key_is_a_digest_of_the_reference(process):
    reference = process.store.store(ticket_of())
    key = NAMES.ticket(reference)
    assert process.repository.get(key).key == key
    assert reference[4:] not in key


@pytest.mark.parametrize(
    ("userid", "subject"),
    [
        ("alice", "str:alice"),
        ("42", "str:42"),
        (42, "int:42"),
        (uuid.UUID(int=1), "uuid:00000000-0000-0000-0000-000000000001"),
    ],
)
def test_whose_it_is_stands_there_with_its_type(process, userid, subject):
    reference = process.store.store(ticket_of(userid))
    item = process.repository.get(NAMES.ticket(reference))
    assert item.subject == NAMES.subject_of_user(userid)
    assert item.subject.startswith(f"{subject}#")


def test_the_repository_holds_no_credential_and_no_claim(process):
    ticket = ticket_of(
        "somebody",
        sid=SIDS[0],
        claims={"favourite": "tangerine", "roles": ["admin"]},
        amr=("hardware",),
        device=DEVICE,
    )
    references = [process.store.store(ticket) for _ in range(3)]
    process.store.renew(
        references[0],
        renewed(userid="somebody", sid=SIDS[0], claims=ticket.claims),
    )
    secrets = [
        "pst_",
        SIDS[0],
        "favourite",
        "tangerine",
        "roles",
        "admin",
        "hardware",
        "Firefox",
        "192.0.2.7",
        str(START),
    ]
    raw = [decode_base64url(reference[4:]) for reference in references]
    words = [text.encode() for text in (*secrets, *references)] + raw
    items = [*process.repository.items.values()]
    assert len(items) == 6
    for key, item in process.repository.items.items():
        assert key == item.key
        for text in (key.encode(), item.token):
            for word in (*words, *(r.encode()[4:] for r in references)):
                assert word not in text
                assert word.hex().encode() not in text
            assert b"somebody" not in text
        assert SIDS[0] not in item.subject
        assert item.subject.startswith(("str:somebody", "sid:"))


def test_no_stored_text_is_accepted_as_a_credential(process):
    process.store.store(ticket_of())
    for item in [*process.repository.items.values()]:
        for text in (item.key, item.token.hex(), item.subject or ""):
            assert process.store.retrieve(text) is None
            assert process.store.retrieve("pst_" + text) is None
            assert process.store.retrieve("pst_" + text[-43:]) is None


def test_a_record_outlives_its_ticket_by_the_longest_leeway(process, clock):
    reference = process.store.store(ticket_of())
    expires = process.repository.get(NAMES.ticket(reference)).expires
    assert expires == moment(START + 3600) + timedelta(seconds=LINGER)
    assert expires.utcoffset() == timedelta(0)
    clock.advance(3600 + 299)
    assert process.fresh(reference) == ticket_of()
    clock.advance(1)
    assert process.fresh(reference) is None


# Changed records.


def replace_token(process, reference, token):
    key = NAMES.ticket(reference)
    item = process.repository.items[key]
    process.repository.items[key] = item._replace(token=token)


@pytest.fixture
def kept(clock, repository):
    """A process without a cache, a reference, and its record."""
    process = Process(clock, repository, ttl=0)
    reference = process.store.store(ticket_of(claims={"word": "green"}))
    return process, reference, repository.items[NAMES.ticket(reference)].token


def test_every_flipped_bit_ends_the_session(kept):
    process, reference, token = kept
    for index in range(len(token)):
        for bit in range(8):
            flipped = bytearray(token)
            flipped[index] ^= 1 << bit
            replace_token(process, reference, bytes(flipped))
            assert process.store.retrieve(reference) is None
    replace_token(process, reference, token)
    assert process.store.retrieve(reference) is not None


def test_every_cut_and_extension_ends_the_session(kept):
    process, reference, token = kept
    changed = [token[:length] for length in range(len(token))]
    changed += [token[length + 1 :] for length in range(len(token))]
    changed += [token + b"\0", b"\0" + token, token + token, b""]
    for text in changed:
        replace_token(process, reference, text)
        assert process.store.retrieve(reference) is None


def test_two_records_that_changed_places_end_both_sessions(kept):
    process, reference, token = kept
    other = process.store.store(ticket_of("mallory"))
    others = process.repository.items[NAMES.ticket(other)].token
    replace_token(process, reference, others)
    replace_token(process, other, token)
    assert process.store.retrieve(reference) is None
    assert process.store.retrieve(other) is None


def test_a_record_given_for_another_key_ends_the_session(kept):
    """A repository that keeps items whole, and two were exchanged."""
    process, reference, _ = kept
    other = process.store.store(ticket_of("mallory"))
    items = process.repository.items
    mine, others = NAMES.ticket(reference), NAMES.ticket(other)
    items[mine], items[others] = items[others], items[mine]
    assert process.store.retrieve(other) is None
    assert process.store.retrieve(reference) is None


def test_a_record_cannot_be_moved_to_a_chosen_reference(kept):
    process, reference, _ = kept
    own = "pst_" + "m" * 43
    item = process.repository.items[NAMES.ticket(reference)]
    process.repository.add_or_update(item._replace(key=NAMES.ticket(own)))
    assert process.store.retrieve(own) is None


def test_the_index_of_a_session_is_no_ticket(kept):
    process, reference, _ = kept
    for key, item in process.repository.items.items():
        if key != NAMES.ticket(reference):
            replace_token(process, reference, item.token)
            assert process.store.retrieve(reference) is None


def test_a_sealed_record_that_is_no_ticket_ends_the_session(kept):
    process, reference, _ = kept
    key = NAMES.ticket(reference)
    for content in (b"", b"\0", b"\0\0\1", b"\0\0\0\x81", b'{"sub":"alice"}'):
        replace_token(process, reference, process.seal.seal(content, key))
        assert process.store.retrieve(reference) is None


WRITTEN = write_ticket(ticket_of())


@pytest.mark.parametrize(
    "content",
    [
        b"\0\0\0\x80" + WRITTEN[1:],
        b"\0\0\0" + WRITTEN[:-1],
        b"\0\0\0" + WRITTEN + b"{}",
        b"\0\0\0" + WRITTEN + b'{"sub":"root"}',
        b"\1\0\0" + WRITTEN,
        b"\1\0\0\xff" + WRITTEN,
        b"\0\0\1" + WRITTEN,
        b"\0\0\2{}" + WRITTEN,
        b"\0\0\2[]" + WRITTEN,
        b'\0\0\x09{"a": "b"}' + WRITTEN,
        b'\0\0\x0b{"sub":"x"}' + WRITTEN,
    ],
    ids=repr,
)
def test_a_record_that_we_do_not_write_ends_the_session(kept, content):
    """Though it is sealed with one of our keys."""
    process, reference, _ = kept
    key = NAMES.ticket(reference)
    honest = process.seal.seal(b"\0\0\0" + WRITTEN, key)
    replace_token(process, reference, honest)
    assert process.fresh(reference) == ticket_of()

    replace_token(process, reference, process.seal.seal(content, key))

    assert process.fresh(reference) is None


def test_a_device_of_more_than_65535_bytes_is_not_stored(process):
    """The library itself keeps 300 characters of a user agent."""
    agent = "x" * (65_535 - len('{"user_agent":""}'))
    longest, longer = (
        ticket_of(device=freeze_claims({"user_agent": agent + more}))
        for more in ("", "x")
    )
    assert process.fresh(process.store.store(longest)) == longest
    with pytest.raises(ClaimsError, match="too long"):
        process.store.store(longer)


def test_an_unreadable_record_is_logged_without_the_credential(kept, caplog):
    process, reference, token = kept
    replace_token(process, reference, token[:-1])
    with caplog.at_level(logging.INFO, "pyramid_sessiontoken"):
        process.store.retrieve(reference)
    (message,) = caplog.messages
    assert message == (
        "a stored session cannot be read, and counts as ended: its record is"
        " damaged, or was moved to another key"
    )


def test_a_removed_key_ends_the_sessions_stored_under_it(process):
    reference = process.store.store(ticket_of())
    assert process.fresh(reference, SECOND, FIRST) == ticket_of()
    assert process.fresh(reference, SECOND) is None
    assert not process.other(SECOND).store.renew(reference, renewed())


def test_a_renewal_seals_under_the_first_key(process):
    reference = process.store.store(ticket_of())
    assert process.other(SECOND, FIRST).store.renew(reference, renewed())
    assert process.fresh(reference, SECOND) == renewed()


# Reading.


JUNK = [
    "",
    "pst_",
    "pst_" + "x" * 42,
    "pst_" + "x" * 44,
    "pst_" + "x" * 43 + "\n",
    "\npst_" + "x" * 43,
    " pst_" + "x" * 43,
    "PST_" + "x" * 43,
    "pst-" + "x" * 43,
    "pst_" + "x" * 42 + "=",
    "pst_" + "x" * 42 + "+",
    "pst_" + "x" * 42 + "\u00e9",
    "pst_" + "x" * 42 + "\udc80",
    "pst_" + "x" * 42 + "\0",
    "pst_" + "\uff58" * 43,
    "x" * 43,
    "a" * 64,
    "pst_" + "x" * 10**6,
    "sid:" + "a" * 64,
]


@pytest.mark.parametrize("text", JUNK, ids=lambda text: ascii(text[:52]))
def test_a_malformed_reference_is_not_looked_up(process, text):
    assert process.store.retrieve(text) is None
    assert process.repository.asked == []


def test_an_unknown_reference_is_looked_up_once(process):
    unknown = "pst_" + "x" * 43
    for _ in range(3):
        assert process.store.retrieve(unknown) is None
    assert process.repository.asked == [NAMES.ticket(unknown)]


def test_a_ticket_is_read_again_after_the_cache_time(process, clock):
    reference = process.store.store(ticket_of())
    process.repository.asked.clear()
    for _ in range(3):
        assert process.store.retrieve(reference) == ticket_of()
    assert len(process.repository.asked) == 1
    clock.advance(4)
    process.store.retrieve(reference)
    assert len(process.repository.asked) == 1
    clock.advance(1)
    process.store.retrieve(reference)
    assert len(process.repository.asked) == 2


def test_without_a_cache_every_retrieval_reads_the_repository(process):
    reference = process.store.store(ticket_of())
    eager = process.other(ttl=0)
    process.repository.asked.clear()
    for _ in range(3):
        assert eager.store.retrieve(reference) == ticket_of()
    assert len(process.repository.asked) == 3


# Removal.


def test_a_removed_ticket_is_gone_at_once(any_process):
    process = any_process
    reference = process.store.store(ticket_of())
    assert process.store.retrieve(reference) == ticket_of()
    process.store.remove(reference)
    assert process.store.retrieve(reference) is None
    assert process.fresh(reference) is None
    # To remove it twice is no error.
    process.store.remove(reference)
    process.store.remove("pst_" + "x" * 43)


def test_a_removal_in_another_process_is_noticed_in_time(process, clock):
    reference = process.store.store(ticket_of())
    other = process.other()
    assert other.store.retrieve(reference) == ticket_of()
    process.store.remove(reference)
    clock.advance(4)
    assert other.store.retrieve(reference) == ticket_of()
    clock.advance(1)
    assert other.store.retrieve(reference) is None


def test_a_ticket_read_before_its_removal_is_not_kept(any_process):
    """The question came before the sign-out, the answer after it."""
    process = any_process
    reference = process.store.store(ticket_of())
    process.repository.meanwhile.append(
        lambda: process.store.remove(reference)
    )
    process.store.retrieve(reference)
    assert process.store.retrieve(reference) is None


def test_a_failed_removal_is_an_outage(process, monkeypatch):
    """The sign-out is a 503, and the session goes on."""
    reference = process.store.store(ticket_of())

    def down(key):
        raise RepositoryUnavailable("down")

    with monkeypatch.context() as patch:
        patch.setattr(process.repository, "remove", down)
        with pytest.raises(RepositoryUnavailable):
            process.store.remove(reference)
    assert process.store.retrieve(reference) == ticket_of()


def test_a_session_ends_with_all_its_references(process):
    first, second = [
        process.store.store(ticket_of(sid=SIDS[0])) for _ in range(2)
    ]
    other = process.store.store(ticket_of(sid=SIDS[1]))
    for reference in (first, second, other):
        assert process.store.retrieve(reference) is not None
    process.store.remove_session(SIDS[0])
    assert process.store.retrieve(first) is None
    assert process.store.retrieve(second) is None
    assert process.fresh(first) is None
    assert process.fresh(second) is None
    assert process.store.retrieve(other) is not None
    # No record of it is left, and to end it twice is no error.
    assert len(process.repository.items) == 2
    process.store.remove_session(SIDS[0])
    process.store.remove_session("never was")


def test_a_session_is_found_by_its_sid_as_long_as_it_may_last(process, clock):
    """Its ticket was renewed many times."""
    reference = process.store.store(ticket_of())
    for hours in range(1, 10):
        clock.advance(3600)
        times = {"iat": clock.now(), "exp": clock.now() + 3600}
        assert process.store.renew(reference, ticket_of(**times)), hours
    clock.advance(3599)
    assert process.store.retrieve(reference) is not None
    process.store.remove_session(ticket_of().sid)
    assert process.store.retrieve(reference) is None


def test_a_session_that_is_prolonged_is_found_by_its_sid(process, clock):
    """The expiry policy is the application's own."""
    reference = process.store.store(ticket_of())
    clock.advance(3000)
    times = {"iat": START + 3000, "exp": START + 90_000}
    longer = ticket_of(**times, session_end=START + 90_000)
    assert process.store.renew(reference, longer)
    clock.advance(60_000)
    assert process.fresh(reference) == longer
    process.store.remove_session(ticket_of().sid)
    assert process.fresh(reference) is None


def test_a_session_is_found_by_its_sid_only_with_isubjectrepository(clock):
    process = Process(clock, FourVerbs(clock))
    reference = process.store.store(ticket_of(sid=SIDS[0]))
    process.store.remove_session(SIDS[0])
    assert process.store.retrieve(reference) is not None


# A session that begins with a reference.


def begin(process, userid="alice", **changes):
    """Begin a session; give its name, and its reference."""
    sid, reference = process.store.begin()
    ticket = ticket_of(userid, sid=sid, **changes)
    assert process.store.store(ticket, reference) == reference
    return sid, reference


def test_a_new_session_is_named_by_its_reference_and_is_one_record(process):
    sid, reference = begin(process)
    assert NAMES.sid(reference) == sid
    assert [*process.repository.items] == [NAMES.first_ticket(sid)]
    assert process.fresh(reference) == ticket_of(sid=sid)
    assert [*process.store.tickets_of_session(sid)] == [ticket_of(sid=sid)]
    assert [*process.store.tickets_of("alice")] == [ticket_of(sid=sid)]
    assert process.store.begin() != process.store.begin()


def test_a_session_of_one_ticket_is_ended_by_its_name(process):
    (sid, reference), (_, other) = begin(process), begin(process)
    assert process.store.retrieve(reference) is not None
    process.store.remove_session(sid)
    assert process.store.retrieve(reference) is None
    assert process.fresh(reference) is None
    assert process.fresh(other) is not None
    assert len(process.repository.items) == 1


def test_further_tickets_are_found_by_a_link(process):
    sid, reference = begin(process)
    ticket = ticket_of(sid=sid, carrier="cookie")
    further = [process.store.store(ticket) for _ in range(2)]
    # Two records for each: a ticket, and its link.
    assert len(process.repository.items) == 5
    found = [*process.store.tickets_of_session(sid)]
    assert sorted(found) == [ticket_of(sid=sid), ticket, ticket]
    # What a further reference might have named is no session.
    stranger = NAMES.sid(further[0])
    assert [*process.store.tickets_of_session(stranger)] == []

    assert process.store.remove_all_of("alice", keep=sid) == 0
    process.store.update_others(
        ticket, further[0], lambda old: old._replace(claims={"a": 1})
    )
    claims = [process.fresh(r).claims for r in (reference, *further)]
    assert claims == [{"a": 1}, {}, {"a": 1}]

    process.store.remove_session(sid)
    assert not any(map(process.fresh, (reference, *further)))
    assert process.repository.items == {}


def test_a_forged_link_changes_no_other_session(process, caplog):
    """Whoever writes to the repository gets no claims by it."""
    (sid, _), (_, other) = begin(process), begin(process, "mallory")
    key = NAMES.ticket(other)
    link = process.repository.get(key)._replace(
        key=NAMES.link(key), subject=NAMES.subject_of_session(sid)
    )
    process.repository.add_or_update(link)
    process.store.update_others(
        ticket_of(sid=sid), None, lambda old: old._replace(claims={"a": 1})
    )
    assert process.fresh(other).claims == {}
    (record,) = caplog.records
    assert "it is of another session" in record.getMessage()


def test_a_name_that_others_chose_changes_no_session_of_another_user(process):
    """Who shares token.keys may choose the sid of a header token."""
    sid, reference = begin(process)
    process.store.update_others(
        ticket_of("mallory", sid=sid), None, lambda _: pytest.fail("changed")
    )
    assert process.fresh(reference).claims == {}


def test_each_ticket_of_a_session_is_removed_once(process, monkeypatch):
    sid, first = begin(process)
    further = process.store.store(ticket_of(sid=sid, carrier="cookie"))
    removed = []
    monkeypatch.setattr(process.repository, "remove", removed.append)
    keys = [NAMES.ticket(reference) for reference in (first, further)]
    process.store.remove_session(sid, first)
    assert removed == keys
    del removed[:]
    process.store.remove_session(sid, further)
    assert removed == [*keys[::-1]]


def test_the_first_ticket_needs_no_link_though_its_end_moves(process):
    """The expiry policy is the application's own."""
    sid, reference = begin(process)
    times = {"iat": START + 3000, "exp": START + 90_000}
    longer = ticket_of(sid=sid, **times, session_end=START + 90_000)
    assert process.store.renew(reference, longer)
    again = longer._replace(session_end=START + 99_000)
    assert process.store.update(reference, lambda _: again) == again
    assert [*process.repository.items] == [NAMES.first_ticket(sid)]


def test_references_made_at_once_all_end_with_their_session(process):
    """Two requests swap one session for a token at the same time."""
    ticket = ticket_of(sid=SIDS[0])
    more = []
    process.repository.written.append(
        lambda: more.append(process.other().store.store(ticket))
    )
    reference = process.store.store(ticket)
    assert process.fresh(reference) == process.fresh(more[0]) == ticket
    process.store.remove_session(SIDS[0])
    assert process.fresh(reference) is None
    assert process.fresh(more[0]) is None


def test_all_tickets_of_a_user_end_but_for_one_sessions(process):
    mine = [process.store.store(ticket_of(sid=sid)) for sid in SIDS]
    again = process.store.store(ticket_of(sid=SIDS[0]))
    other = process.store.store(ticket_of("bob"))
    number = process.store.store(ticket_of(42))
    for reference in (*mine, again, other, number):
        assert process.store.retrieve(reference) is not None
    assert process.store.remove_all_of("alice", SIDS[0]) == 2
    left = [process.store.retrieve(r) is not None for r in (*mine, again)]
    assert left == [True, False, False, True]
    assert process.store.remove_all_of("alice") == 2
    assert process.store.retrieve(mine[0]) is None
    assert process.store.retrieve(again) is None
    assert process.store.remove_all_of("alice") == 0
    assert process.store.remove_all_of("42") == 0
    assert process.store.retrieve(other) is not None
    assert process.store.retrieve(number) is not None


def test_keeping_an_unknown_session_keeps_no_ticket(process):
    process.store.store(ticket_of())
    assert process.store.remove_all_of("alice", "z" * 22) == 1


# Remembered without a cache.


def test_the_content_of_a_record_is_remembered_but_not_its_presence(
    clock, repository
):
    process = Process(clock, repository, ttl=0)
    reference = process.store.store(ticket_of())
    found = process.store.retrieve(reference)
    assert process.store.retrieve(reference) is found
    item = repository.items.pop(NAMES.ticket(reference))
    assert process.store.retrieve(reference) is None
    repository.items[item.key] = item
    assert process.store.retrieve(reference) is found
    process.other(ttl=0).store.renew(reference, renewed())
    assert process.store.retrieve(reference) == renewed()


def test_a_remembered_ticket_is_dropped_with_its_key(clock, repository):
    process = Process(clock, repository, FIRST, SECOND, ttl=0)
    reference = process.store.store(ticket_of())
    assert process.store.retrieve(reference) == ticket_of()
    process.rings.replace(SECOND)
    assert process.store.retrieve(reference) is None
    process.rings.replace(SECOND, FIRST)
    assert process.store.retrieve(reference) == ticket_of()


def test_a_remembered_ticket_counts_for_its_own_record_only(clock, repository):
    process = Process(clock, repository, ttl=0)
    one, other = (process.store.store(ticket_of(u)) for u in ("a", "b"))
    assert process.store.retrieve(one) == ticket_of("a")
    item = repository.items[NAMES.ticket(one)]
    repository.items[NAMES.ticket(other)] = item._replace(
        key=NAMES.ticket(other)
    )
    assert process.store.retrieve(other) is None


# Renewal.


def test_a_renewal_replaces_the_ticket_under_its_reference(any_process):
    process = any_process
    reference = process.store.store(ticket_of(device=DEVICE))
    assert process.store.renew(reference, renewed())
    # The device of the sign-in is kept.
    assert process.fresh(reference) == renewed(device=DEVICE)
    expires = process.repository.items[NAMES.ticket(reference)].expires
    assert expires == moment(START + 1800 + 3600 + LINGER)


def test_a_renewal_is_visible_at_once(any_process):
    process = any_process
    reference = process.store.store(ticket_of())
    assert process.store.retrieve(reference) == ticket_of()
    assert process.store.renew(reference, renewed())
    assert process.store.retrieve(reference) == renewed()


def test_a_renewal_does_not_restore_a_removed_ticket(any_process):
    process = any_process
    reference = process.store.store(ticket_of())
    process.store.remove(reference)
    assert process.store.renew(reference, renewed()) is False
    assert process.store.retrieve(reference) is None
    assert process.fresh(reference) is None


def test_a_renewal_after_a_removal_in_another_process_fails(any_process):
    process = any_process
    reference = process.store.store(ticket_of())
    assert process.store.retrieve(reference) == ticket_of()
    process.other().store.remove(reference)
    assert process.store.renew(reference, renewed()) is False
    # This process sees it before its cached answer is too old.
    assert process.store.retrieve(reference) is None
    assert process.fresh(reference) is None


def test_a_removal_during_a_renewal_wins(process):
    reference = process.store.store(ticket_of())
    process.repository.meanwhile.append(
        lambda: process.other().store.remove(reference)
    )
    assert process.store.renew(reference, renewed()) is False
    assert process.store.retrieve(reference) is None
    assert process.fresh(reference) is None


def test_a_removal_just_after_a_renewal_counts_at_once(process):
    """Another thread signs out after the repository answered, and before the
    answer is in the cache.
    """
    reference = process.store.store(ticket_of())
    process.repository.renewed.append(lambda: process.store.remove(reference))
    process.store.renew(reference, renewed())
    assert process.fresh(reference) is None
    assert process.store.retrieve(reference) is None


def test_of_several_renewals_in_a_second_one_is_written(any_process):
    process = any_process
    reference = process.store.store(ticket_of())
    others = [process, process.other(), process.other()]
    for each in others:
        assert each.store.retrieve(reference) == ticket_of()
    answers = [each.store.renew(reference, renewed()) for each in others]
    assert answers == [True, False, False]
    # The losers see what the winner wrote.
    for each in others:
        assert each.store.retrieve(reference) == renewed()


def test_of_two_parallel_renewals_one_is_written(process):
    answers = []
    reference = process.store.store(ticket_of())
    process.repository.meanwhile.append(
        lambda: answers.append(
            process.other().store.renew(reference, renewed())
        )
    )
    answers.append(process.store.renew(reference, renewed()))
    assert answers == [True, False]
    assert process.store.retrieve(reference) == renewed()


def test_a_renewal_without_gain_is_not_written(any_process):
    process = any_process
    reference = process.store.store(renewed())
    for ticket in (renewed(), renewed(1799), ticket_of()):
        assert process.store.renew(reference, ticket) is False
    assert process.fresh(reference) == renewed()


def test_an_unreadable_record_is_not_renewed(any_process):
    process = any_process
    reference = process.store.store(ticket_of())
    replace_token(process, reference, b"junk")
    assert process.store.renew(reference, renewed()) is False
    assert process.fresh(reference) is None


# Listing.


def test_an_unreadable_record_is_not_listed(clock):
    repository = MemoryRepository(clock)
    store = Process(clock, repository).store
    broken, good = [ticket_of(sid=sid) for sid in SIDS[:2]]
    item = repository.get(NAMES.ticket(store.store(broken)))
    repository.add_or_update(item._replace(token=b"junk"))
    store.store(good)

    assert list(store.tickets()) == [good]
    assert list(store.tickets_of_session(broken.sid)) == []
    assert list(store.tickets_of_session(good.sid)) == [good]


def test_each_ticket_of_a_user_is_listed_once(process):
    tickets = [ticket_of(sid=sid) for sid in SIDS]
    for ticket in tickets:
        process.store.store(ticket)
    process.store.store(ticket_of("bob"))
    process.store.store(ticket_of(42))
    found = process.store.tickets_of("alice")
    assert sorted(found, key=lambda ticket: ticket.sid) == tickets
    assert [*process.store.tickets_of("42")] == []
    assert [*process.store.tickets_of(42)] == [ticket_of(42)]
    assert [*process.store.tickets_of("nobody")] == []


def test_unreadable_records_are_not_listed(process):
    reference = process.store.store(ticket_of(sid=SIDS[0]))
    process.store.store(ticket_of(sid=SIDS[1]))
    replace_token(process, reference, b"junk")
    process.repository.add_or_update(
        TokenItem("x", moment(START + 60), b"", "str:alice")
    )
    found = process.store.tickets_of("alice")
    assert [ticket.sid for ticket in found] == [SIDS[1]]


def test_listing_names_the_missing_interface(clock):
    process = Process(clock, FourVerbs(clock))
    process.store.store(ticket_of())
    with pytest.raises(SessionTokenError, match="ISubjectRepository"):
        list(process.store.tickets_of("alice"))


def test_a_missing_repository_is_an_outage(clock):
    """sessiontoken.repository = registered, and nothing is registered."""
    process = Process(clock, Repository(clock))
    reference = process.store.store(ticket_of())
    process.registry.unregisterUtility(provided=ITokenRepository)
    for ask in (process.store.retrieve, process.store.remove):
        with pytest.raises(RepositoryUnavailable, match="ITokenRepository"):
            ask(reference)
    # For a text of another form the repository is not asked.
    assert process.store.retrieve("junk") is None


def test_the_repository_is_looked_up_when_it_is_needed(process, clock):
    reference = process.store.store(ticket_of())
    process.registry.registerUtility(Repository(clock), ITokenRepository)
    assert process.store.retrieve(reference) is None
    process.registry.registerUtility(process.repository, ITokenRepository)
    clock.advance(5)
    assert process.store.retrieve(reference) == ticket_of()
