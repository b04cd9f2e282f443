"""A ticket has one text in a cookie, and every other text is refused."""

import json
import uuid

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.cookies import KNOWN, KNOWN_TICKETS
from support.strategies import CLAIMS, TEXTS, USERIDS
from support.tokens import BASE64URL, SID, make_ticket, times_of_tickets

from pyramid_sessiontoken.cookies.layout import (
    VERSION,
    read_ticket,
    write_ticket,
)
from pyramid_sessiontoken.errors import (
    ClaimsError,
    InvalidCredential,
    SessionTokenError,
)
from pyramid_sessiontoken.identity.claims import (
    RESERVED,
    Claims,
    freeze_claims,
)
from pyramid_sessiontoken.keys.base64url import encode_base64url

LAST = 253_402_214_400

TICKETS = st.builds(
    lambda times, **fields: make_ticket(**times, **fields),
    times=times_of_tickets(),
    userid=USERIDS,
    sid=st.text(BASE64URL, min_size=22, max_size=22),
    amr=st.lists(TEXTS.filter(str.isprintable), max_size=3).map(tuple),
    claims=CLAIMS,
    persistent=st.booleans(),
    thumbprint=st.none()
    | st.binary(min_size=32, max_size=32).map(encode_base64url),
    stamp=st.none() | st.text("abc-_", max_size=43),
    actor=st.none() | USERIDS,
    began=st.fixed_dictionaries(
        {},
        optional={
            "by": TEXTS,
            "at": st.none() | st.integers(0, LAST),
            "actor": TEXTS,
        },
    ).map(freeze_claims),
)

#: Where the parts of the fixed length are.
TIMES = slice(2, 22)
SIDS = slice(22, 39)
LENGTHS = slice(39, 43)


def written(**changes):
    return write_ticket(make_ticket(**changes))


def refusal(content):
    with pytest.raises(InvalidCredential) as caught:
        read_ticket(content)
    return caught.value.reason


def put(content, place, raw):
    """Put other bytes at a place, of the same length or not."""
    return content[: place.start] + raw + content[place.stop :]


# Written and read.


@given(TICKETS)
@example(make_ticket(amr=("",)))
@example(make_ticket(amr=("", "")))
@example(make_ticket(userid="7", actor=7))
@example(make_ticket(userid=7, actor=uuid.UUID(int=7)))
@example(make_ticket(claims={"claims": {}, "": None}, stamp=""))
@example(make_ticket(claims={"\x7f\u2028": '\0\x1f"\\/\U0001f600'}))
@example(make_ticket(claims={"n": [-0.0, 1e22, 1.5e-7, 10**999, True]}))
def test_a_ticket_comes_back_as_it_was(ticket):
    back = read_ticket(write_ticket(ticket))

    assert back == ticket
    assert type(back.userid) is type(ticket.userid)
    assert type(back.actor) is type(ticket.actor)
    assert type(back.persistent) is bool
    assert type(back.claims) is Claims
    assert json.dumps(back.claims) == json.dumps(ticket.claims)


@pytest.mark.parametrize(
    ("known", "ticket"),
    list(zip(KNOWN, KNOWN_TICKETS, strict=True)),
    ids=[known["what"] for known in KNOWN],
)
def test_the_known_answers_are_written_and_read(known, ticket):
    """They were computed without this library."""
    assert write_ticket(ticket).hex() == known["content"]
    assert read_ticket(bytes.fromhex(known["content"])) == ticket


def test_the_layout_is_as_documented():
    content = written(claims={"a": [1]}, amr=("pwd", "hwk"))

    assert content[:1] == VERSION
    assert content[1] == 0
    assert content[TIMES] == b"".join(
        time.to_bytes(5, "big") for time in (10**9, 2**37, 10**9, 2**37)
    )
    assert encode_base64url(content[SIDS]) == SID + "A"
    assert content[LENGTHS] == b"\0\5\0\x08"
    assert content[LENGTHS.stop :] == b'alicepwd\0hwk\0{"a":[1]}'


def test_a_ticket_without_claims_takes_few_bytes():
    assert len(written()) == 52


def test_equal_times_are_one_object():
    """Tickets are remembered."""
    ticket = read_ticket(written())

    assert ticket.auth_time is ticket.iat


# One text.


@settings(max_examples=500)
@given(TICKETS, st.data())
def test_no_ticket_has_two_texts(ticket, data):
    """Whatever is changed: it is refused, or it is what the ticket that it
    says is written as.
    """
    content = write_ticket(ticket)
    place = data.draw(st.integers(1, len(content)))
    length = data.draw(st.integers(0, 3))
    raw = data.draw(st.binary(max_size=4))
    changed = content[:place] + raw + content[place + length :]
    try:
        back = read_ticket(changed)
    except InvalidCredential:
        return

    assert write_ticket(back) == changed


@given(st.binary(max_size=200))
def test_any_other_bytes_are_refused(raw):
    assert refusal(VERSION + raw)


def test_a_sentence_tells_that_bytes_are_no_ticket():
    for content in (VERSION, written()[:-1], written() + b"x"):
        assert refusal(content) == "its content is damaged"
    assert refusal(written() + b'{"sid":1}') == (
        "the claim 'sid' is one of the token's own names"
    )


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: known["what"])
def test_each_bit_and_each_length_counts(known):
    content = bytes.fromhex(known["content"])
    changed = {content[:end] for end in range(1, len(content))}
    changed |= {content + bytes([byte]) for byte in range(256)}
    for bit in range(8, len(content) * 8):
        flipped = bytearray(content)
        flipped[bit // 8] ^= 1 << bit % 8
        changed.add(bytes(flipped))

    for each in changed:
        try:
            back = read_ticket(each)
        except InvalidCredential:
            continue
        assert write_ticket(back) == each
        assert back != read_ticket(content)


@pytest.mark.parametrize(
    "claims",
    [
        b"{}",
        b"[]",
        b'"a"',
        b"null",
        b"1",
        b'{"a":1} ',
        b' {"a":1}',
        b'{"a": 1}',
        b'{"a":1}{}',
        b'{"a":1,"a":1}',
        b'{"a":{"b":1,"b":2}}',
        b'{"\\u0061":1}',
        b'{"a":"\\/"}',
        b'{"a":"\\u00e4"}',
        b'{"a":"\\ud800"}',
        b'{"a":"\\ud83d\\ude00"}',
        b'{"a":"\xff"}',
        b'{"a":"\xed\xa0\x80"}',
        b'\xef\xbb\xbf{"a":1}',
        b'{"a":"\n"}',
        b'{"a":1.0e0}',
        b'{"a":1e5}',
        b'{"a":1.50}',
        b'{"a":-0}',
        b'{"a":01}',
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":-Infinity}',
        b'{"a":1e999}',
        b'{"a":' + b"9" * 1001 + b"}",
        b'{"a":' + b"9" * 5000 + b"}",
        b'{"a":' + b"[" * 17 + b"1" + b"]" * 17 + b"}",
        b'{"a":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
        b"{'a':1}",
        b"{",
        b"\0",
        *(b'{"%b":1}' % name.encode() for name in sorted(RESERVED)),
    ],
    ids=lambda raw: repr(raw[:24]),
)
def test_claims_that_are_never_written_so_are_refused(claims):
    assert refusal(written() + claims)


def test_claims_in_json_are_read():
    """So the texts above are refused for their difference."""
    assert read_ticket(written() + b'{"a":1}').claims == {"a": 1}


def with_part(flag, raw):
    content = bytearray(written())
    content[1] |= flag
    return bytes(content) + len(raw).to_bytes(2, "big") + raw


@pytest.mark.parametrize(
    ("flag", "raw", "field", "value"),
    [
        (2, bytes(32), "thumbprint", "A" * 43),
        (4, b"stamp", "stamp", "stamp"),
        (8, b"\0bob", "actor", "bob"),
        (16, b'{"by":"basic"}', "began", {"by": "basic"}),
    ],
)
def test_a_part_that_most_tickets_lack_is_read(flag, raw, field, value):
    assert getattr(read_ticket(with_part(flag, raw)), field) == value


@pytest.mark.parametrize(
    ("flag", "raw"),
    [
        (2, b""),
        (2, bytes(31)),
        (2, bytes(33)),
        (4, b"\xe9"),
        (4, "\xe9".encode()),
        (8, b""),
        (8, b"\0"),
        (8, b"bob"),
        (8, b"\0role:admin"),
        (8, b"\1007"),
        (8, b"\2" + bytes(15)),
        (8, b"\3bob"),
        (16, b""),
        (16, b"{}"),
        (16, b"[]"),
        (16, b'{"sub":"alice"}'),
        (16, b'{"at":"1"}'),
        (16, b'{"at":true}'),
        (16, b'{"by": "basic"}'),
        (16, b'{"by":"\\ud800"}'),
        (32, b""),
        (32, b"later"),
    ],
)
def test_a_part_that_is_never_written_is_refused(flag, raw):
    assert refusal(with_part(flag, raw))


@pytest.mark.parametrize("flag", [2, 4, 8, 16])
def test_a_part_must_be_whole(flag):
    content = bytearray(written())
    content[1] |= flag

    for rest in (b"", b"\0", b"\0\5", b"\0\5abcd", b"\xff\xff" + bytes(99)):
        assert refusal(bytes(content) + rest)


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        (0, b""),
        (0, b"a" * 256),
        (0, b"a\n"),
        (0, b"\xff"),
        (0, b"\xed\xa0\x80"),
        (0, b"system.Everyone"),
        (1, b""),
        (1, b"-0"),
        (1, b"+1"),
        (1, b"01"),
        (1, b" 1"),
        (1, b"1_0"),
        (1, "\N{ARABIC-INDIC DIGIT ONE}".encode()),
        (1, b"9" * 255),
        (1, b"9" * 5000),
        (2, b""),
        (2, bytes(15)),
        (2, bytes(17)),
        (2, str(uuid.UUID(int=7)).encode()),
        (3, b"alice"),
    ],
)
def test_another_spelling_of_a_userid_is_refused(kind, raw):
    content = bytearray(written().replace(b"alice", raw))
    content[1] = kind << 6
    content[39:41] = len(raw).to_bytes(2, "big")

    assert refusal(bytes(content))


@pytest.mark.parametrize(
    "amr", [b"pwd", b"pwd\0hwk", b"\0x", b"\xff\0", b"pwd\n\0", b"\xc0\x80\0"]
)
def test_another_spelling_of_amr_is_refused(amr):
    content = put(written(amr=()), slice(41, 43), bytes((0, len(amr))))

    assert refusal(content + amr)


def test_four_bits_of_the_sid_are_always_zero():
    content = written(sid="A" * 22)
    assert content[SIDS] == bytes(17)

    for last in range(1, 16):
        assert refusal(put(content, slice(38, 39), bytes([last])))
    assert (
        read_ticket(put(content, slice(38, 39), b"\x10")).sid == "A" * 21 + "B"
    )


@pytest.mark.parametrize(
    ("times", "why"),
    [
        ((5, 5, 5, 9), "it ends before it begins"),
        ((5, 9, 5, 5), "it ends before it begins"),
        ((5, 9, 606, 9), "its 'auth_time' is long after its 'iat'"),
        ((LAST + 1, 9, 9, 9), "its 'iat' is not a time"),
        ((5, LAST + 1, 9, 9), "its 'exp' is not a time"),
        ((5, 9, LAST + 1, 9), "its 'auth_time' is not a time"),
        ((5, 9, 5, 2**40 - 1), "its 'session_end' is not a time"),
    ],
)
def test_times_that_no_session_has_are_refused(times, why):
    raw = b"".join(time.to_bytes(5, "big") for time in times)

    assert refusal(put(written(), TIMES, raw)) == why


# Not written.


@pytest.mark.parametrize(
    "changes",
    [
        {"sid": "short"},
        {"amr": ("pwd\n",)},
        {"iat": 9, "exp": 9},
        {"exp": 1.5},
    ],
)
def test_what_is_not_read_is_not_written(changes):
    with pytest.raises(SessionTokenError, match="no token can say this"):
        written(**changes)


def test_parts_that_are_too_long_for_any_cookie_are_not_written():
    longest = ("a" * 0xFFFE,)
    assert read_ticket(written(amr=longest)).amr == longest

    for changes in ({"amr": ("a" * 0xFFFF,)}, {"stamp": "a" * 0x10000}):
        with pytest.raises(ClaimsError) as caught:
            written(**changes)
        assert str(caught.value) == "a part is too long for a session"
