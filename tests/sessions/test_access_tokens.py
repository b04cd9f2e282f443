"""Access tokens in every kind of repository, which processes share."""

import threading
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyramid.registry import Registry
from support import START
from support.backends import BACKENDS, close, name_of
from support.keys import Rings
from support.outages import Flaky
from support.races import Paused, Turns, every_order
from support.stored import FourVerbs
from support.tokens import FIRST, NAMES, SECOND, make_ticket

from pyramid_sessiontoken.clock import moment
from pyramid_sessiontoken.errors import (
    Expired,
    InvalidCredential,
    Malformed,
    RepositoryUnavailable,
    SessionTokenError,
    WrongAccessToken,
)
from pyramid_sessiontoken.identity.claims import freeze_claims
from pyramid_sessiontoken.interfaces import IClock, ITokenRepository
from pyramid_sessiontoken.repositories.memory import MemoryRepository
from pyramid_sessiontoken.sessions.access_tokens import DAY, AccessTokens
from pyramid_sessiontoken.sessions.cache import FirstLevelCache
from pyramid_sessiontoken.sessions.records import LINGER, RecordNames
from pyramid_sessiontoken.sessions.revocation import Revocations
from pyramid_sessiontoken.sessions.seal import Seal
from pyramid_sessiontoken.sessions.sealed_access_tokens import (
    SealedAccessTokens,
)
from pyramid_sessiontoken.testing import ManualClock

LONGEST = 90 * DAY


def make_tokens(
    clock, repository, rings=None, *, ttl=5, names=NAMES, prefix="pat_"
):
    """Make what one process has of them."""
    registry = Registry()
    registry.registerUtility(clock, IClock)
    registry.registerUtility(repository, ITokenRepository)
    cache = FirstLevelCache(100, ttl)
    return AccessTokens(
        registry,
        SealedAccessTokens(
            Seal(rings or Rings(FIRST), "access_tokens"), names
        ),
        names,
        cache,
        Revocations(registry, names, cache),
        prefix=prefix,
        longest=LONGEST,
        read=int,
    )


@pytest.fixture
def repository(clock):
    return MemoryRepository(clock)


@pytest.fixture
def tokens(clock, repository):
    return make_tokens(clock, repository)


def create(tokens, userid="alice", **kw):
    kw = {"name": "CI", "claims": {}, "lifetime": 600, **kw}
    return tokens.create(userid, **kw)


def lives(tokens, text):
    try:
        tokens.redeem(text)
    except InvalidCredential:
        return False
    return True


@pytest.fixture(params=BACKENDS, ids=name_of)
def processes(clock, request):
    """Give processes that share a repository."""
    connect = request.param(clock, request)
    repositories = [connect() for _ in range(2)]
    yield [make_tokens(clock, each) for each in repositories]
    for each in repositories:
        close(each)


@pytest.mark.parametrize("userid", ["alice", 42, "42", uuid.UUID(int=42)])
def test_what_one_process_makes_another_one_accepts(processes, userid, clock):
    one, other = processes
    claims = {"roles": ["admin"], "deep": {"a": [1, None]}}

    text, made = create(one, userid, name="caf\xe9", claims=claims)

    found = other.redeem(text)
    assert found == made
    assert type(found.userid) is type(userid)
    assert found.claims == claims
    [info] = other.of(userid)
    assert (info.id, info.name, info.claims) == (made.id, "caf\xe9", claims)
    assert info.created == moment(START)
    assert info.expires == moment(START + 600)
    assert info.last_used is None
    assert other.find(made.id, userid) == made
    assert other.find(made.id, "bob") is None

    other.note_use(found)
    one.note_use(made)
    assert one.of(userid)[0].last_used == moment(START)
    clock.advance(5)
    assert one.redeem(text).last_used == START

    other.end(found)
    assert not lives(other, text)
    clock.advance(5)
    assert not lives(one, text)
    assert one.of(userid) == []
    assert one.find(made.id, userid) is None


def test_all_of_a_user_are_ended(processes, clock):
    one, other = processes
    texts = [create(one)[0] for _ in range(3)]
    kept = create(one, "bob")[0]
    assert lives(other, texts[0])

    assert other.end_all("alice") == 3

    assert [lives(other, text) for text in texts] == [False] * 3
    assert lives(other, kept)
    clock.advance(5)
    assert not lives(one, texts[0])
    assert other.end_all("alice") == 0


def test_many_threads_use_one_at_once(processes):
    """Its use is written, whoever wins; nobody is refused."""
    one, other = processes
    text, _ = create(one)
    start = threading.Barrier(8)
    failed = []

    def use(tokens):
        start.wait()
        try:
            for _ in range(5):
                tokens.note_use(tokens.redeem(text))
        except Exception as error:  # noqa: BLE001
            failed.append(error)

    threads = [
        threading.Thread(target=use, args=(each,)) for each in (one, other) * 4
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failed == []
    assert one.of("alice")[0].last_used == moment(START)
    assert lives(one.past_cache, text)


def test_in_no_order_a_use_brings_a_revoked_one_back(clock):
    counts = set()
    with Turns() as turns:

        def play(choose):

            inner = MemoryRepository(clock)
            paused = Paused(inner, turns)
            one, other = (make_tokens(clock, paused) for _ in range(2))
            text, made = create(one)

            def use():
                if lives(one, text):
                    one.note_use(made)

            played = turns.play([use, lambda: other.end(made)], choose)
            assert not lives(make_tokens(clock, inner), text)
            assert make_tokens(clock, inner).of("alice") == []
            return played

        counts.add(every_order(play))
    assert min(counts) > 1


def test_in_no_order_one_outlives_what_ends_all(clock):
    """Who makes one looks at the session again, as the policy does."""
    ticket = make_ticket(auth_time=START)
    left = set()
    with Turns() as turns:

        def play(choose):
            inner = MemoryRepository(clock)
            paused = Paused(inner, turns)
            one, other = (make_tokens(clock, paused) for _ in range(2))

            def make():
                _, made = create(one)
                if one._revocations.is_ended_by_now(ticket):
                    one.end(made)

            def end_all():
                other._revocations.end_all("alice")
                other.end_all("alice")

            played = turns.play([make, end_all], choose)
            left.add(len(make_tokens(clock, inner).of("alice")))
            return played

        assert every_order(play) > 10
    assert left == {0}


@pytest.mark.parametrize("kind", ["str", "int", "uuid"])
@given(data=st.data())
def test_any_claims_and_name_come_back(data, kind):
    clock = ManualClock(START)
    tokens = make_tokens(clock, MemoryRepository(clock))
    values = st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.text(st.characters(exclude_categories=["Cs"])),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.text("abc", min_size=1), inner, max_size=3)
        ),
        max_leaves=8,
    )
    claims = data.draw(
        st.dictionaries(
            st.text("xyz", min_size=1, max_size=5), values, max_size=4
        )
    )
    userid = data.draw(
        {
            "str": st.text("ab\xe9", min_size=1),
            "int": st.integers(),
            "uuid": st.uuids(),
        }[kind]
    )
    name = data.draw(st.text("ab \xe9\u2603'\"\\", min_size=1, max_size=100))

    text, made = create(tokens, userid, name=name, claims=claims)

    found = make_tokens(clock, tokens._repository).redeem(text)
    assert found == made
    assert (found.userid, found.name) == (userid, name)
    assert found.claims == freeze_claims(claims)


def test_a_wrong_text_is_refused_before_the_repository_is_asked(clock):
    flaky = Flaky(clock)
    tokens = make_tokens(clock, flaky)
    text, _ = create(tokens)
    flaky.asked.clear()
    flaky.down = True

    for wrong in (text[:-1], text + "x", text[:-1] + "!", "pat_", "pat_x"):
        with pytest.raises(Malformed):
            tokens.redeem(wrong)
    last = "A" if text[-1] != "A" else "B"
    with pytest.raises(Malformed, match="checksum"):
        tokens.redeem(text[:-1] + last)

    assert flaky.asked == []
    with pytest.raises(RepositoryUnavailable):
        tokens.redeem(text)


def test_an_unknown_one_is_refused_and_that_is_remembered(clock):
    flaky = Flaky(clock)
    tokens = make_tokens(clock, flaky)
    text, _ = create(make_tokens(clock, MemoryRepository(clock)))
    for _ in range(3):
        with pytest.raises(WrongAccessToken):
            tokens.redeem(text)
    assert flaky.asked == ["get"]
    with pytest.raises(WrongAccessToken):
        tokens.past_cache.redeem(text)
    assert flaky.asked == ["get", "get"]


def test_another_prefix_and_another_application_have_others(
    clock, repository, tokens
):
    text, _ = create(tokens)
    other = make_tokens(clock, repository, prefix="gh_")
    with pytest.raises(WrongAccessToken):
        other.redeem("gh_" + text[4:])
    theirs = RecordNames("https://another.example", "x")
    with pytest.raises(WrongAccessToken):
        make_tokens(clock, repository, names=theirs).redeem(text)
    assert make_tokens(clock, repository, names=theirs).of("alice") == []


def test_it_expires_while_its_record_is_still_there(clock, repository, tokens):
    text, made = create(tokens)
    clock.advance(599)
    assert lives(tokens, text)
    clock.advance(1)
    with pytest.raises(Expired):
        tokens.redeem(text)
    assert tokens.find(made.id, "alice") is None
    assert tokens.of("alice") == []
    [item] = repository.items()
    assert item.expires == moment(START + 600 + LINGER)


def test_under_a_new_key_it_lives_while_the_old_one_is_there(
    clock, repository, caplog
):
    rings = Rings(FIRST)
    tokens = make_tokens(clock, repository, rings, ttl=0)
    text, _ = create(tokens, lifetime=LONGEST)
    rings.replace(SECOND, FIRST)
    assert lives(tokens, text)
    tokens.note_use(tokens.redeem(text))
    assert lives(tokens, text)

    rings.replace(SECOND)
    # Its use sealed it anew.
    assert lives(tokens, text)
    rings.replace(FIRST)
    assert not lives(tokens, text)
    assert tokens.of("alice") == []
    assert "an access token cannot be read, and counts as rev" in caplog.text


def test_a_record_under_the_subject_of_another_user_is_not_listed(
    repository, tokens
):
    _, made = create(tokens)
    item = repository.get(NAMES.access_token(made.id))
    subject = NAMES.subject_of_access_tokens("bob")
    repository.add_or_update(item._replace(subject=subject))
    assert tokens.of("bob") == []


def test_they_have_another_subject_than_sessions():
    for userid in ("alice", 7):
        subject = NAMES.subject_of_access_tokens(userid)
        assert subject != NAMES.subject_of_user(userid)
        assert not NAMES.is_of_user(subject)
    kinds = [NAMES.access_token("x" * 24), NAMES.ticket("x"), NAMES.order("x")]
    assert len({kind[0] for kind in kinds}) == 3


def test_with_four_verbs_they_work_and_are_not_listed(clock):
    tokens = make_tokens(clock, FourVerbs(clock), ttl=0)
    text, made = create(tokens)
    tokens.note_use(tokens.redeem(text))
    assert tokens.redeem(text).last_used is None
    for does in (tokens.of, tokens.end_all):
        with pytest.raises(SessionTokenError, match="ISubjectRepository"):
            does("alice")
    assert tokens.find(made.id, "alice") == made
    tokens.end(made)
    assert not lives(tokens, text)


def test_a_use_is_written_once_a_day(clock):
    flaky = Flaky(clock)
    tokens = make_tokens(clock, flaky)
    text, _ = create(tokens, lifetime=LONGEST)

    for hours in range(0, 24 * 4, 4):
        tokens.note_use(tokens.redeem(text))
        assert flaky.asked.count("renew") == 1 + hours // 24
        clock.advance(4 * 3600)


def test_a_clock_that_was_set_back_writes_nothing(clock):
    flaky = Flaky(clock)
    tokens = make_tokens(clock, flaky)
    text, _ = create(tokens)
    tokens.note_use(tokens.redeem(text))
    clock.advance(-1000)
    tokens.note_use(tokens.redeem(text))
    assert flaky.asked.count("renew") == 1


def test_no_two_writes_have_one_end(clock, repository):
    tokens = make_tokens(clock, repository, ttl=0)
    text, _ = create(tokens, lifetime=LONGEST)
    ends = set()
    for _ in range(5):
        tokens.note_use(tokens.redeem(text))
        [item] = repository.items()
        ends.add(item.expires)
        clock.advance(DAY)
    assert len(ends) == 5


def test_an_outage_is_no_refusal(clock):
    flaky = Flaky(clock)
    tokens = make_tokens(clock, flaky, ttl=0)
    text, made = create(tokens)
    flaky.down = True
    for does in (
        lambda: tokens.redeem(text),
        lambda: tokens.of("alice"),
        lambda: tokens.find(made.id, "alice"),
        lambda: tokens.end(made),
        lambda: tokens.end_all("alice"),
        lambda: create(tokens),
    ):
        with pytest.raises(RepositoryUnavailable):
            does()
    tokens.note_use(made)
    flaky.down = False
    assert lives(tokens, text)


def test_what_is_ended_here_is_known_here_at_once(clock, repository):
    tokens = make_tokens(clock, repository, ttl=10**6)
    text, made = create(tokens)
    others = [create(tokens)[0] for _ in range(2)]
    assert lives(tokens, text)
    assert all(lives(tokens, other) for other in others)
    tokens.end(made)
    assert not lives(tokens, text)
    tokens.end_all("alice")
    assert not any(lives(tokens, other) for other in others)


def test_what_is_opened_is_remembered(clock, repository, tokens):
    text, _ = create(tokens)
    strict = tokens.past_cache
    assert strict is tokens.past_cache
    assert strict.redeem(text) is strict.redeem(text)
    assert tokens.redeem(text) is strict.redeem(text)


@pytest.mark.parametrize("wrong", ["", "x", "x" * 25, "\n" * 24, 7, None])
def test_what_is_no_id_finds_nothing(clock, wrong):
    flaky = Flaky(clock)
    assert make_tokens(clock, flaky).find(wrong, "alice") is None
    assert flaky.asked == []


@pytest.mark.parametrize(
    ("lifetime", "seconds"), [(None, LONGEST), (1, 1), (LONGEST, LONGEST)]
)
def test_a_lifetime_is_up_to_the_longest(tokens, lifetime, seconds):
    assert tokens.seconds(lifetime) == seconds


@pytest.mark.parametrize("lifetime", [0, -1, LONGEST + 1, "soon"])
def test_another_lifetime_is_refused(tokens, lifetime):
    with pytest.raises(ValueError, match="lifetime: "):
        tokens.seconds(lifetime)


def test_the_text_is_in_no_repr(tokens):
    text, made = create(tokens)
    assert text not in repr(made) + repr(tokens.of("alice"))
    assert made.as_ticket().flaw() is not None  # No token is made of it.
