"""A ticket becomes the text of a cookie, and comes back."""

import json
import math
import re
import string
import uuid

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.cookies import KNOWN, KNOWN_TICKETS
from support.keys import Rings
from support.strategies import CLAIMS, USERIDS
from support.tokens import (
    AUDIENCE,
    FIRST,
    ISSUER,
    SECOND,
    STRANGER,
    make_jwt,
    make_ticket,
)

from pyramid_sessiontoken.cookies.codec import CookieCodec
from pyramid_sessiontoken.cookies.layout import VERSION, write_ticket
from pyramid_sessiontoken.cookies.transforms import (
    ApplicationTransform,
    EncryptedTransform,
    SignedTransform,
)
from pyramid_sessiontoken.errors import (
    ClaimsError,
    InvalidCredential,
    Undecodable,
)
from pyramid_sessiontoken.identity import Identity
from pyramid_sessiontoken.keys.base64url import (
    decode_base64url,
    encode_base64url,
)
from pyramid_sessiontoken.keys.ring import Key
from pyramid_sessiontoken.tokens.verified import PLACE

BOTH = [SignedTransform, EncryptedTransform]
PURPOSE = ("cookie", "__Host-sessiontoken", ISSUER, AUDIENCE)
ALPHABET = string.ascii_letters + string.digits + "-_"


def make_transform(kind, *keys, purpose=PURPOSE):
    return kind(Rings(*(keys or (FIRST,))), *purpose)


def make_form(kind=SignedTransform, *keys, purpose=PURPOSE):
    transform = make_transform(kind, *keys, purpose=purpose)
    return CookieCodec(lambda: transform)


def reads(form, text):
    """Tell whether it is read as a ticket. Only Undecodable may be
    raised.
    """
    try:
        return isinstance(form.open(text), Identity)
    except Undecodable:
        return False


def refusal(form, text):
    with pytest.raises(Undecodable) as caught:
        form.open(text)
    return caught.value.reason


@pytest.fixture(params=BOTH)
def kind(request):
    return request.param


@pytest.fixture
def form(kind):
    return make_form(kind)


# Written and read.


@pytest.mark.parametrize("kind", BOTH)
@given(userid=USERIDS, claims=CLAIMS, persistent=st.booleans())
@example(userid="7", claims={}, persistent=False)
@example(userid=7, claims={"claims": {}, "device": 1}, persistent=False)
@example(userid=uuid.UUID(int=7), claims={"": None}, persistent=True)
def test_a_ticket_comes_back_as_it_was(kind, userid, claims, persistent):
    """Another process has nothing in its memory."""
    ticket = make_ticket(userid=userid, claims=claims, persistent=persistent)

    text = make_form(kind).encode(ticket)
    back = make_form(kind).open(text).ticket

    assert back == ticket
    assert type(back.userid) is type(userid)
    assert json.dumps(back.claims) == json.dumps(claims)
    assert back.persistent is persistent
    assert re.fullmatch("[A-Za-z0-9_-]+", text)


@pytest.mark.parametrize(
    "changes", [{}, {"claims": {"a": [1]}}, {"persistent": True}]
)
def test_a_cookie_contains_its_ticket_and_nothing_else(changes):
    ticket = make_ticket(**changes)

    text = make_form().encode(ticket)

    content = make_transform(SignedTransform).decode(decode_base64url(text))
    assert content == write_ticket(ticket)


def test_nothing_is_compressed(form):
    """RFC 8725, section 3.6: the compressed length would tell its content."""
    lengths = {
        len(form.encode(make_ticket(claims={"a": text})))
        for text in ("x" * 300, "xy" * 150, (ALPHABET * 5)[:300])
    }

    assert len(lengths) == 1


def test_a_number_that_json_cannot_write_is_a_claims_error():
    """``int`` has more digits than Python turns into text."""
    with pytest.raises(ClaimsError):
        make_ticket(claims={"deep": [{"n": 10**5000}]})


@pytest.mark.parametrize(
    ("known", "ticket"),
    list(zip(KNOWN, KNOWN_TICKETS, strict=True)),
    ids=[known["what"] for known in KNOWN],
)
@pytest.mark.parametrize(
    ("kind", "text"),
    [(SignedTransform, "signed"), (EncryptedTransform, "encrypted")],
)
def test_a_cookie_of_the_first_version_can_be_read(known, ticket, kind, text):
    key = Key.of(decode_base64url(known["secret"]))
    form = make_form(kind, key, purpose=known["purpose"])

    back = form.open(known[text]).ticket

    assert back == ticket
    assert type(back.userid) is type(ticket.userid)


# Forged and malformed texts.


def test_a_flipped_bit_makes_the_text_undecodable(form):
    text = form.encode(make_ticket())

    read = []
    for position in range(len(text) * 8):
        flipped = bytearray(text, "ascii")
        flipped[position // 8] ^= 1 << position % 8
        # As WSGI gives header values (PEP 3333).
        if reads(form, flipped.decode("latin-1")):
            read.append(position)

    assert read == []
    assert reads(form, text)


def test_no_character_of_the_text_may_be_another(form):
    """All 64 characters at each place: one value has one text."""
    text = form.encode(make_ticket())

    others = {
        text[:i] + other + text[i + 1 :]
        for i in range(len(text))
        for other in ALPHABET
    } - {text}

    assert len(others) == len(text) * 63
    assert [other for other in others if reads(form, other)] == []


@pytest.mark.parametrize("claims", [{}, {"a": 1}, {"a": 12}, {"a": 123}])
def test_nothing_of_the_text_may_be_cut(form, claims):
    """For each number of bits in the last character."""
    text = form.encode(make_ticket(claims=claims))
    size = len(text)

    cuts = {text[:end] for end in range(size)}
    cuts |= {text[start:] for start in range(1, size)}
    cuts |= {text[:i] + text[i + 1 :] for i in range(size)}

    assert [cut for cut in cuts if reads(form, cut)] == []


@pytest.mark.parametrize("claims", [{}, {"a": 1}, {"a": 12}, {"a": 123}])
def test_an_extended_text_is_undecodable(form, claims):
    text = form.encode(make_ticket(claims=claims))
    more = [chr(code) for code in range(256)]
    more += ["\u2028", "AA", "AAA", "AAAA", "A=", "=A", "==A", "\r\n"]

    read = [end for end in more if end != "=" and reads(form, text + end)]
    read += [start for start in more if reads(form, start + text)]

    assert read == []


@pytest.mark.parametrize("padding", ["=", "==", "===", "===="])
def test_no_padding_may_be_added_to_the_text(padding):
    """Padding would give the cookie a second text."""
    form = make_form()

    for claims in ({}, {"a": 1}, {"a": 12}, {"a": 123}):
        text = form.encode(make_ticket(claims=claims))
        assert not reads(form, text + padding)


@given(st.text() | st.text(ALPHABET + "=."))
@example("")
@example("\ud800")
@example("\udcff" * 4)
@example("=")
@example("A")
@example("AQ")
@example("Ag" + "A" * 100)
def test_any_other_text_is_refused(text):
    for kind in BOTH:
        assert not reads(make_form(kind), text)


def test_a_text_that_is_not_base64url_is_refused_before_a_key_is_used(form):
    assert refusal(form, "not.base64url") == "it is not base64url"


@pytest.mark.parametrize(("one", "other"), [BOTH, BOTH[::-1]])
def test_a_signed_cookie_is_refused_as_an_encrypted_one(one, other):
    text = make_form(one).encode(make_ticket())

    assert refusal(make_form(other), text) == "it has another format"


def test_a_header_token_is_not_accepted_as_a_cookie(form):
    """Even with the same key, issuer and audience, whole or in part."""
    token = make_jwt(FIRST).encode(make_ticket())
    header, payload, signature = token.split(".")

    for text in (
        token,
        header,
        payload,
        header + payload + signature,
        payload + signature,
        encode_base64url(token.encode()),
    ):
        assert not reads(form, text)


def test_a_cookie_is_not_accepted_as_a_header_token(form):
    jwt = make_jwt(FIRST)
    text = form.encode(make_ticket())
    header = jwt.encode(make_ticket()).partition(".")[0]

    for token in (text, f"{text}.", f"..{text}", f"{header}.{text}."):
        with pytest.raises(InvalidCredential):
            jwt.decode(token)


@pytest.mark.parametrize(
    "content",
    [
        VERSION,
        VERSION + b"{}",
        write_ticket(make_ticket())[:-1],
        write_ticket(make_ticket()) + b"{}",
        write_ticket(make_ticket()).replace(b"alice", b"role:"),
        write_ticket(make_ticket(claims={"x": 1})).replace(b"x", b"sub"),
    ],
    ids=repr,
)
def test_signed_content_that_is_not_a_ticket_is_refused(kind, content):
    """It is Undecodable, so that the response deletes it."""
    text = encode_base64url(make_transform(kind).encode(content))

    assert refusal(make_form(kind), text)


@pytest.mark.parametrize(
    "reference",
    ["", "pst_abc", "{", '{"sub":"alice"}', "0" * 2000],
    ids=lambda reference: reference[:20],
)
def test_any_other_signed_text_is_a_reference(kind, reference):
    form = make_form(kind)

    assert form.open(form.protect(reference)) == reference


@given(st.text(min_size=1))
def test_no_text_begins_like_a_ticket(text):
    assert not text.encode("utf-8", "surrogatepass").startswith(VERSION)


def test_a_signed_reference_that_is_not_ascii_has_no_meaning(kind):
    text = encode_base64url(make_transform(kind).encode(b"pst_\xff"))

    assert make_form(kind).open(text) == "pst_\ufffd"


# Keys are added and removed.


def test_the_first_key_writes_and_all_keys_read(kind):
    old = make_form(kind, SECOND).encode(make_ticket())
    form = make_form(kind, FIRST, SECOND)
    new = form.encode(make_ticket())

    assert form.open(old) == form.open(new)
    assert form.open(new).ticket == make_ticket()
    assert reads(make_form(kind, FIRST), new)
    assert not reads(make_form(kind, SECOND), new)


def test_cookies_of_a_removed_key_are_refused_though_they_were_read_before(
    kind,
):
    """The memory of a ring is emptied when the ring changes."""
    rings = Rings(FIRST)
    transform = kind(rings, *PURPOSE)
    form = CookieCodec(lambda: transform)
    text = form.encode(make_ticket())
    assert reads(form, text)

    rings.replace(SECOND)

    assert refusal(form, text) == "its key is not in the key ring"
    rings.replace(SECOND, FIRST)
    assert reads(form, text)


def test_another_transform_refuses_cookies_that_were_read_before():
    transforms = [make_transform(SignedTransform)]
    form = CookieCodec(lambda: transforms[-1])
    text = form.encode(make_ticket())
    assert reads(form, text)

    transforms.append(make_transform(EncryptedTransform))

    assert refusal(form, text) == "it has another format"


def test_a_cookie_that_is_read_while_its_key_is_removed_is_not_remembered():
    """While a thread verifies a cookie, another thread finds a new ring."""
    rings = Rings(FIRST)

    class Interrupted(SignedTransform):
        def decode(self, protected):
            content = super().decode(protected)
            if rings.ring.signer == FIRST:
                rings.replace(SECOND)
                other_thread()
            return content

    transform = Interrupted(rings, *PURPOSE)
    form = CookieCodec(lambda: transform)

    def other_thread():
        assert reads(form, form.encode(make_ticket(userid="bob")))

    text = form.encode(make_ticket())
    reads(form, text)

    assert not reads(form, text)


def test_a_verified_cookie_is_not_verified_again(kind):
    form = make_form(kind)
    text = form.encode(make_ticket())

    assert form.open(text) is form.open(text)


def test_a_refused_cookie_is_refused_again(form):
    text = form.encode(make_ticket())[:-1]

    assert not reads(form, text)
    assert not reads(form, text)


# A transform of an application's own.


class Choosy:
    """It reads its own texts while ``likes`` is true."""

    def __init__(self):
        self.likes = True
        self.seen = []

    def encode(self, content):
        self.seen.append(content)
        return content[::-1]

    def decode(self, protected):
        if not self.likes:
            raise InvalidCredential("no more of these")
        return protected[::-1]


@pytest.fixture
def own():
    return Choosy()


@pytest.fixture
def own_form(own):
    signed = make_transform(SignedTransform, FIRST, STRANGER)
    return CookieCodec(lambda: ApplicationTransform(signed, own))


def test_an_applications_own_transform_carries_a_ticket(own, own_form):
    ticket = make_ticket(userid=7, claims={"a": 1}, persistent=True)

    text = own_form.encode(ticket)

    assert own_form.open(text).ticket == ticket
    assert decode_base64url(text) == own.seen[0][::-1]
    seen = make_form().open(encode_base64url(own.seen[0]))
    assert seen.ticket == ticket


def test_a_refusal_of_an_applications_own_transform_is_undecodable(
    own, own_form
):
    """It is called each time, because it may depend on anything."""
    text = own_form.encode(make_ticket())
    assert reads(own_form, text)

    own.likes = False

    assert refusal(own_form, text) == "no more of these"
    own.likes = True
    assert reads(own_form, text)


def test_an_unsigned_text_cannot_be_decoded(own, own_form):
    content = write_ticket(make_ticket())

    assert not reads(own_form, encode_base64url(own.encode(content)))


def test_long_cookies_are_remembered_by_their_weight(monkeypatch):
    monkeypatch.setattr("pyramid_sessiontoken.cookies.codec.REMEMBERED", 20)
    transform = make_transform(SignedTransform)
    codec = CookieCodec(lambda: transform)
    for number in range(20):
        ticket = make_ticket(userid=number, claims={"a": "x" * 4000})
        codec.open(codec.encode(ticket))
    remembered = codec._verified.under(transform.envelope.keys)
    assert len(remembered) <= 20 * PLACE // 4000 + 2


def test_a_long_cookie_takes_several_places_in_the_younger_half_too(
    monkeypatch,
):
    monkeypatch.setattr("pyramid_sessiontoken.cookies.codec.REMEMBERED", 8)
    transform = make_transform(SignedTransform)
    codec = CookieCodec(lambda: transform)
    short = codec.encode(make_ticket())
    long = codec.encode(make_ticket(claims={"a": "x" * 4 * PLACE}))
    for text in (long, short):
        codec.open(text)
    remembered = codec._verified.under(transform.envelope.keys)
    assert remembered._taken == 1

    codec.open(long)

    assert remembered._taken == 1 + math.ceil(len(long) / PLACE)


def test_an_identity_names_its_authenticator():
    transform = make_transform(SignedTransform)
    for name, codec in (
        ("cookie", CookieCodec(lambda: transform)),
        ("other", CookieCodec(lambda: transform, "other")),
    ):
        opened = codec.open(codec.encode(make_ticket()))
        assert opened.authenticator == name
