"""A reference leads to its ticket until the session ends."""

import pytest
from pyramid.registry import Registry
from support import START
from support.keys import Rings
from support.tokens import FIRST, NAMES, make_jwt, make_ticket
from zope.interface import implementer_only

from pyramid_sessiontoken.errors import REASON_ENDED, InvalidCredential
from pyramid_sessiontoken.identity.identity import identity_of
from pyramid_sessiontoken.identity.ticket import is_id
from pyramid_sessiontoken.interfaces import (
    IClock,
    ISessionStore,
    ITokenRepository,
)
from pyramid_sessiontoken.repositories.memory import MemoryRepository
from pyramid_sessiontoken.sessions.cache import FirstLevelCache
from pyramid_sessiontoken.sessions.references import References, refuse_ended
from pyramid_sessiontoken.sessions.seal import Seal
from pyramid_sessiontoken.sessions.store import RepositorySessionStore


def ticket_of(iat=START):
    """Give a ticket of an hour."""
    return make_ticket(
        iat=iat, exp=iat + 3600, auth_time=START, session_end=START + 36000
    )


TICKET = ticket_of()
ALICE = identity_of(TICKET, "session")


class Marks:
    """The revocation records of this session, as far as they are asked."""

    def __init__(self):
        self.ended = False
        self.asked = 0

    def is_ended(self, ticket):
        self.asked += 1
        return self.ended

    is_ended_by_now = is_ended_at_sign_in = is_ended


@implementer_only(ITokenRepository)
class FourVerbs(MemoryRepository):
    """A repository that provides only ITokenRepository."""


class OwnStore:
    """A store of an application's own."""

    def __init__(self):
        self.tickets = {}

    def store(self, ticket):
        self.tickets["own"] = ticket
        return "own"

    def retrieve(self, reference):
        return self.tickets.get(reference)

    def renew(self, reference, ticket):
        return self.tickets.get(reference) is not None

    def remove(self, reference):
        self.tickets.pop(reference, None)


@pytest.fixture
def marks():
    return Marks()


@pytest.fixture
def registry(clock):
    registry = Registry()
    registry.registerUtility(clock, IClock)
    return registry


@pytest.fixture(params=["memory", "four verbs", "own"])
def store(request, registry, clock):
    if request.param == "own":
        store = OwnStore()
    else:
        repository = {"memory": MemoryRepository, "four verbs": FourVerbs}
        registry.registerUtility(
            repository[request.param](clock), ITokenRepository
        )
        store = own_store(registry)
    registry.registerUtility(store, ISessionStore)
    return store


def own_store(registry):
    seal = Seal(Rings(FIRST), "store")
    return RepositorySessionStore(
        registry, seal, NAMES, FirstLevelCache(100, 0)
    )


def refused(references, text):
    with pytest.raises(InvalidCredential) as refusal:
        references.redeem(text)
    return refusal.value.reason


def test_a_ticket_is_found_by_its_reference(registry, store, marks):
    references = References(registry, marks, "header")

    reference = references.issue(TICKET)

    found = references.redeem(reference).ticket
    assert (found.sid, found.userid) == (TICKET.sid, TICKET.userid)
    assert found.carrier == "header"


def test_a_session_that_begins_is_removed_if_all_have_ended(
    registry, store, marks
):
    references = References(registry, marks, "session")
    sid, reference = references.begin()
    text = references.issue(TICKET._replace(sid=sid), reference)
    assert is_id(sid)
    assert text == (reference or "own")
    assert references.redeem(text).ticket.sid == sid

    # All sessions of the user ended, after this one was named.
    marks.ended = True
    sid, reference = references.begin()
    text = references.issue(TICKET._replace(sid=sid), reference)
    assert store.retrieve(text) is None


def test_a_name_is_left_alone_if_another_store_is_registered_meanwhile(
    registry, clock, marks
):
    registry.registerUtility(MemoryRepository(clock), ITokenRepository)
    registry.registerUtility(own_store(registry), ISessionStore)
    references = References(registry, marks, "session")
    sid, reference = references.begin()
    assert reference is not None
    registry.registerUtility(OwnStore(), ISessionStore)
    ticket = TICKET._replace(sid=sid)
    assert references.issue(ticket, reference) == "own"


def test_a_reference_travels_in_one_carrier(registry, store, marks):
    reference = References(registry, marks, "cookie").issue(TICKET)

    header = References(registry, marks, "header")

    assert refused(header, reference) == REASON_ENDED


def test_a_reference_without_a_ticket_is_refused(registry, store, marks):
    references = References(registry, marks, "header")
    reference = references.issue(TICKET)
    store.remove(reference)

    assert refused(references, reference) == REASON_ENDED
    assert refused(references, "junk") == REASON_ENDED


def test_without_a_store_every_reference_is_refused(registry, marks):
    references = References(registry, marks, "header")

    assert refused(references, "pst_" + "x" * 43) == REASON_ENDED


def test_a_ticket_of_an_ended_session_is_deleted_again(registry, store, marks):
    marks.ended = True

    reference = References(registry, marks, "header").issue(TICKET)

    assert store.retrieve(reference) is None


def test_an_ended_session_is_not_renewed(registry, store, marks):
    references = References(registry, marks, "header")
    reference = references.issue(TICKET)
    later = ticket_of(START + 1800)
    marks.ended = True

    assert references.renew(reference, later) is False

    assert store.retrieve(reference) is None
    assert references.renew(reference, later) is False


def test_a_renewal_replaces_the_ticket(registry, store, marks):
    references = References(registry, marks, "header")
    reference = references.issue(TICKET)

    later = ticket_of(START + 1800)

    assert references.renew(reference, later) is True


def test_the_record_is_read_only_where_a_ticket_may_come_back(
    registry, store, marks
):
    references = References(registry, marks, "header")
    reference = references.issue(TICKET)
    marks.asked = 0

    references.redeem(reference)

    removes = getattr(store, "removes_for_good", False)
    assert marks.asked == (0 if removes else 1)
    marks.ended = True
    if not removes:
        assert refused(references, reference) == REASON_ENDED


def test_without_revocation_no_record_is_asked_for(registry, store):
    references = References(registry, None, "header")

    assert references.redeem(references.issue(TICKET)).ticket.sid == TICKET.sid


def test_an_ended_session_is_refused_with_its_reason(marks):
    refuse_ended(marks, ALICE)
    marks.ended = True

    with pytest.raises(InvalidCredential, match=REASON_ENDED):
        refuse_ended(marks, ALICE)


def test_only_a_store_of_an_application_has_references_without_a_prefix(
    registry, marks
):
    references = References(registry, marks, "header")
    assert not references.may_be("whatever")
    registry.registerUtility(own_store(registry), ISessionStore)
    assert not references.may_be("whatever")

    registry.registerUtility(OwnStore(), ISessionStore)

    assert references.may_be("whatever")
    assert not references.may_be(make_jwt(FIRST).encode(TICKET))
