"""Both forms of a token are accepted, whichever one is written."""

import pytest
from pyramid.registry import Registry
from support import START
from support.keys import Rings
from support.tokens import (
    AUDIENCE,
    FIRST,
    ISSUER,
    NAMES,
    SECOND,
    STRANGER,
    make_ticket,
)
from zope.interface import implementer

from pyramid_sessiontoken.cookies.codec import CookieCodec
from pyramid_sessiontoken.cookies.transforms import (
    ApplicationTransform,
    EncryptedTransform,
    SignedTransform,
)
from pyramid_sessiontoken.errors import (
    REASON_ENDED,
    ClaimsError,
    InvalidCredential,
    RepositoryUnavailable,
    Undecodable,
)
from pyramid_sessiontoken.expiry import ExpiryPolicy
from pyramid_sessiontoken.interfaces import (
    IClock,
    ICookieTransform,
    IExpiryPolicy,
    ISessionStore,
    ITokenRepository,
)
from pyramid_sessiontoken.keys.base64url import (
    decode_base64url,
    encode_base64url,
)
from pyramid_sessiontoken.repositories.memory import MemoryRepository
from pyramid_sessiontoken.sessions.cache import FirstLevelCache
from pyramid_sessiontoken.sessions.forms import (
    CookieForm,
    HeaderForm,
)
from pyramid_sessiontoken.sessions.references import References
from pyramid_sessiontoken.sessions.revocation import Revocations
from pyramid_sessiontoken.sessions.seal import Seal
from pyramid_sessiontoken.sessions.store import RepositorySessionStore
from pyramid_sessiontoken.tokens.jwt import SessionJWT


@implementer(ITokenRepository)
class FourVerbs:
    """A repository that provides only ITokenRepository."""

    def __init__(self, clock):
        inner = MemoryRepository(clock)
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


@implementer(ICookieTransform)
class Broken:
    """A transform of the application's own: it gives an answer, or raises."""

    def __init__(self, answer):
        self.answer = answer

    def encode(self, content):
        return content

    def decode(self, protected):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@implementer(ICookieTransform)
class Backwards:
    """A transform of the application's own."""

    def encode(self, content):
        return content[::-1]

    decode = encode


def make_session_jwt(rings):
    return SessionJWT(rings, "HS256", ISSUER, AUDIENCE)


class Server:
    """The forms of a process, made as an application makes them."""

    def __init__(self, clock, repository, transform="signed", ttl=5):
        self.repository = repository
        self.rings = Rings(FIRST)
        registry = self.registry = Registry()
        registry.registerUtility(clock, IClock)
        registry.registerUtility(ExpiryPolicy(36000, 3600), IExpiryPolicy)
        registry.registerUtility(repository, ITokenRepository)
        cache = FirstLevelCache(100, ttl)
        seal = Seal(self.rings, "store")
        self.revocations = Revocations(registry, NAMES, cache)
        self.store = RepositorySessionStore(registry, seal, NAMES, cache)
        registry.registerUtility(self.store, ISessionStore)
        self.references = References(registry, self.revocations, "")
        self.transform = {
            "signed": SignedTransform,
            "encrypted": EncryptedTransform,
            "own": lambda *args: ApplicationTransform(
                SignedTransform(*args), Backwards()
            ),
        }[transform](self.rings, "cookie")

    def token(self, writes):
        return HeaderForm(
            make_session_jwt(self.rings),
            self.references,
            self.revocations,
            writes_references=writes == "reference",
        )

    def cookie(self, writes):
        return CookieForm(
            CookieCodec(lambda: self.transform),
            self.references,
            self.revocations,
            writes_references=writes == "reference",
        )

    def carrier(self, name, writes):
        return self.token(writes) if name == "token" else self.cookie(writes)


FORMS = ["self-contained", "reference"]
TRANSFORMS = ["signed", "encrypted", "own"]


@pytest.fixture
def server(clock):
    return Server(clock, MemoryRepository(clock))


@pytest.fixture(params=[MemoryRepository, FourVerbs])
def any_server(clock, request):
    return Server(clock, request.param(clock))


def ticket_of(**changes):
    times = {
        "iat": START,
        "exp": START + 3600,
        "auth_time": START,
        "session_end": START + 36000,
    }
    return make_ticket(**{**times, **changes})


def renewed(**changes):
    return ticket_of(iat=START + 1800, exp=START + 5400, **changes)


def refused(form, text):
    """Give the reason of a refusal."""
    with pytest.raises(InvalidCredential) as refusal:
        form.decode(text)
    return refusal.value.reason


# Each carrier and each form.


@pytest.mark.parametrize("writes", FORMS)
@pytest.mark.parametrize("name", ["token", "cookie"])
def test_both_forms_are_accepted_whichever_is_written(server, name, writes):
    reader = server.carrier(name, writes)
    for form in FORMS:
        ticket = ticket_of(claims={"roles": ["admin"]})
        text = server.carrier(name, form).encode(ticket)
        assert reader.decode(text)[0].ticket == ticket


@pytest.mark.parametrize("writes", FORMS)
@pytest.mark.parametrize("name", ["token", "cookie"])
def test_a_token_is_renewed_in_its_own_form(server, name, writes):
    reader = server.carrier(name, writes)
    for form in FORMS:
        text = server.carrier(name, form).encode(ticket_of())
        reference = reader.decode(text)[1]
        again = reader.renew(reference, renewed())
        assert reader.decode(again)[0].ticket == renewed()
        assert (reference is not None) == (form == "reference")
        # The reference stays the same.
        assert reader.decode(again)[1] == reference


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["token", "cookie"])
def test_a_token_of_an_ended_session_is_refused(any_server, name, form):
    server = any_server
    carrier = server.carrier(name, form)
    text = carrier.encode(ticket_of())
    assert carrier.decode(text)[0].ticket == ticket_of()
    server.store.remove_session(ticket_of().sid)
    server.revocations.end(ticket_of().sid)
    assert refused(carrier, text) == REASON_ENDED
    # Only an undecodable cookie is deleted; this one is ignored.
    with pytest.raises(InvalidCredential) as refusal:
        carrier.decode(text)
    assert not isinstance(refusal.value, Undecodable)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["token", "cookie"])
def test_a_renewal_under_way_does_not_restore_an_ended_session(
    any_server, name, form
):
    server = any_server
    carrier = server.carrier(name, form)
    text = carrier.encode(ticket_of())
    reference = carrier.decode(text)[1]
    server.store.remove_session(ticket_of().sid)
    server.revocations.end(ticket_of().sid)
    again = carrier.renew(reference, renewed())
    assert again is None or refused(carrier, again) == REASON_ENDED
    assert refused(carrier, text) == REASON_ENDED


def test_a_ticket_restored_by_a_plain_repository_is_still_refused(clock):
    """The session was ended between reading and writing; it has a mark."""
    server = Server(clock, FourVerbs(clock), ttl=0)
    carrier = server.token("reference")
    text = carrier.encode(ticket_of())

    def sign_out():
        server.store.remove(text)
        server.revocations.end(ticket_of().sid)

    server.repository.meanwhile.append(sign_out)
    # The renewal reads the mark, and removes the ticket again.
    assert carrier.renew(text, renewed()) is None
    assert server.repository.get(NAMES.ticket(text)) is None
    # If it stopped before that, the mark refuses the ticket.
    server.store._repository.add_or_update(
        server.store._tickets.seal(NAMES.ticket(text), renewed())
    )
    assert server.store.retrieve(text) == renewed()
    assert refused(carrier, text) == REASON_ENDED


# Tokens.


def test_a_self_contained_token_is_refused_after_all_sessions_ended(server):
    carrier = server.token("self-contained")
    text = carrier.encode(ticket_of())
    server.revocations.end_all("alice")
    assert refused(carrier, text) == REASON_ENDED
    assert refused(server.cookie("self-contained"), "") != REASON_ENDED
    bob = ticket_of(userid="bob", sid="b" * 22)
    assert carrier.decode(carrier.encode(bob))[0].ticket == bob


def test_without_revocation_a_self_contained_token_stays_valid(server):
    form = HeaderForm(make_session_jwt(server.rings), None, None)
    text = form.encode(ticket_of())
    server.revocations.end(ticket_of().sid)
    assert form.decode(text)[0].ticket == ticket_of()


def test_a_reference_is_valid_without_optional_verbs_and_revocation(clock):
    server = Server(clock, FourVerbs(clock))
    references = References(server.registry, None, "")
    reference = references.issue(ticket_of())
    server.revocations.end_all("alice")
    assert references.redeem(reference).ticket == ticket_of()


def test_a_reference_reads_revocation_records_only_where_needed(any_server):
    server = any_server
    form = server.token("reference")
    text = form.encode(ticket_of())
    server.revocations.end_all("alice")
    if not isinstance(server.repository, FourVerbs):
        server.store.remove_all_of("alice")
    assert refused(form, text) == REASON_ENDED


def test_an_unknown_reference_is_refused_like_an_ended_one(server):
    for text in ("pst_" + "x" * 43, "pst_", "pst_junk"):
        assert refused(server.token("reference"), text) == REASON_ENDED


def test_a_jwt_names_its_key_and_a_reference_names_none(server):
    carrier = server.token("self-contained")
    text = carrier.encode(ticket_of())
    assert carrier.kid_of(text) == FIRST.kid
    assert carrier.decode(text)[1] is None
    reference = server.token("reference").encode(ticket_of())
    assert carrier.kid_of(reference) is None
    assert carrier.decode(reference)[1] == reference


def test_a_token_is_read_with_the_current_ring(server):
    carrier = server.token("self-contained")
    text = carrier.encode(ticket_of())
    server.rings.replace(SECOND, FIRST)
    assert carrier.decode(text)[0].ticket == ticket_of()
    assert carrier.kid_of(carrier.encode(ticket_of())) == SECOND.kid
    server.rings.replace(SECOND)
    assert refused(carrier, text)


def test_claims_that_are_too_long_for_a_jwt_fit_a_reference(server):
    ticket = ticket_of(claims={"word": "x" * 10_000})
    with pytest.raises(ClaimsError):
        server.token("self-contained").encode(ticket)
    for name in ("token", "cookie"):
        carrier = server.carrier(name, "reference")
        text = carrier.encode(ticket)
        assert len(text) < 200
        assert carrier.decode(text)[0].ticket == ticket


# Cookies.


@pytest.fixture(params=TRANSFORMS)
def protected(clock, request):
    """A server with each of the transforms."""
    return Server(clock, MemoryRepository(clock), request.param)


def reference_in(server, text):
    return server.cookie("reference").decode(text)[1]


def test_a_reference_goes_through_the_transform_too(protected):
    carrier = protected.cookie("reference")
    text = carrier.encode(ticket_of())
    reference = carrier.decode(text)[1]
    assert reference.startswith("pst_")
    content = protected.transform.decode(decode_base64url(text))
    assert content == reference.encode()
    # The text of the cookie is not accepted in a header.
    assert refused(protected.token("reference"), text)
    assert not text.startswith("pst_")


def test_an_encrypted_cookie_does_not_show_its_reference(clock):
    server = Server(clock, MemoryRepository(clock), "encrypted")
    text = server.cookie("reference").encode(ticket_of())
    reference = reference_in(server, text)
    assert reference.encode() not in decode_base64url(text)


def test_a_bare_reference_is_no_cookie(protected):
    """A reference that was read elsewhere cannot be made a cookie."""
    reference = protected.token("reference").encode(ticket_of())
    carrier = protected.cookie("reference")
    for raw in (reference, encode_base64url(reference.encode())):
        with pytest.raises(Undecodable):
            carrier.decode(raw)


def test_every_change_to_a_reference_cookie_is_refused(protected):
    carrier = protected.cookie("reference")
    raw = decode_base64url(carrier.encode(ticket_of()))
    changed = [raw[:length] for length in range(len(raw))]
    changed += [raw + b"\0", b"\0" + raw, raw + raw]
    for index in range(len(raw)):
        flipped = bytearray(raw)
        flipped[index] ^= 1
        changed.append(bytes(flipped))
    for text in changed:
        with pytest.raises(Undecodable):
            carrier.decode(encode_base64url(text))


def test_a_cookie_of_a_lost_key_is_undecodable(protected):
    carrier = protected.cookie("reference")
    text = carrier.encode(ticket_of())
    protected.rings.replace(STRANGER)
    with pytest.raises(Undecodable):
        carrier.decode(text)


def test_a_cookie_with_an_unknown_reference_is_refused_and_not_deleted(
    protected,
):
    carrier = protected.cookie("reference")
    text = carrier.encode(ticket_of())
    reference = carrier.decode(text)[1]
    protected.store.remove(reference)
    with pytest.raises(InvalidCredential) as refusal:
        carrier.decode(text)
    assert not isinstance(refusal.value, Undecodable)
    assert refusal.value.reason == REASON_ENDED
    assert carrier.renew(reference, renewed()) is None


def test_a_signed_text_with_the_prefix_of_a_reference_is_refused(
    protected,
):
    carrier = protected.cookie("reference")
    for content in (b"pst_", b"pst_\xff", b"pst_" + b"x" * 44):
        text = encode_base64url(protected.transform.encode(content))
        assert refused(carrier, text) == REASON_ENDED


def test_a_reference_cookie_keeps_that_it_is_persistent(protected):
    carrier = protected.cookie("reference")
    text = carrier.encode(ticket_of(persistent=True))
    assert carrier.decode(text)[0].ticket.persistent


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (KeyError("x"), Undecodable),
        (InvalidCredential("no"), Undecodable),
        (RepositoryUnavailable("down"), RepositoryUnavailable),
        (None, Undecodable),
        ("pst_" + "x" * 43, Undecodable),
        (b"pst_" + b"x" * 43, Undecodable),
    ],
    ids=repr,
)
def test_the_result_of_an_own_transform_must_be_signed(server, answer, kind):
    signed = server.transform
    server.transform = ApplicationTransform(signed, Broken(answer))
    carrier = server.cookie("reference")
    text = carrier.encode(ticket_of())
    with pytest.raises(kind):
        carrier.decode(text)
