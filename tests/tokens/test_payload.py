"""The members that every form of token has, written and read."""

import json
import uuid

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.strategies import CLAIMS, TEXTS, USERIDS, VALUES
from support.tokens import SID, make_ticket, times_of_tickets

from pyramid_sessiontoken.errors import (
    InvalidCredential,
    Malformed,
    SessionTokenError,
)
from pyramid_sessiontoken.identity.claims import RESERVED, freeze_claims
from pyramid_sessiontoken.keys.base64url import (
    decode_base64url,
    encode_base64url,
)
from pyramid_sessiontoken.tokens.payload import (
    read_object,
    read_ticket,
    write_members,
)

UNIQUE = uuid.UUID("12345678-1234-5678-1234-567812345678")
OWN_NAMES = {"sub", "iat", "exp", "auth_time", "session_end", "sid", "amr"}
LAST = 253_402_214_400


#: Fields of a ticket that most tickets lack.
MORE = st.fixed_dictionaries(
    {},
    optional={
        "actor": USERIDS,
        "stamp": st.text("abc-_", max_size=43),
        "began": st.fixed_dictionaries(
            {"by": TEXTS}, optional={"at": st.none() | st.integers(0, LAST)}
        ).map(freeze_claims),
    },
)


def honest(**changes):
    members = {**write_members(make_ticket()), **changes}
    return {k: v for k, v in members.items() if v is not ...}


def travel(members):
    """Write members as JSON, and read them."""
    return read_object(json.dumps(members).encode())


def refused(call, *args, **kw):
    with pytest.raises(InvalidCredential) as caught:
        call(*args, **kw)
    return caught.value.reason


@given(USERIDS, CLAIMS, times_of_tickets(), st.booleans(), MORE)
@example(
    "7",
    {},
    {"iat": 0, "exp": 1, "auth_time": 600, "session_end": 1},
    False,
    {},
)
@example(
    7,
    {"device": 1, "claims": 2},
    {
        "iat": LAST - 1,
        "exp": LAST,
        "auth_time": LAST,
        "session_end": LAST,
    },
    True,
    {"actor": 7, "stamp": "d" * 22, "began": {"at": None, "by": "google"}},
)
def test_a_ticket_is_read_back_unchanged(
    userid, claims, times, persistent, more
):
    """Claims stand among the members."""
    ticket = make_ticket(
        userid=userid,
        claims=claims,
        **times,
        amr=("pwd", "hwk"),
        persistent=persistent,
        **more,
    )

    back = read_ticket(travel({**write_members(ticket), **claims}))

    assert back == ticket
    assert type(back.userid) is type(userid)
    assert type(back.actor) is type(ticket.actor)
    assert json.dumps(back.claims) == json.dumps(claims)


@pytest.mark.parametrize(
    ("userid", "said"),
    [
        ("alice", {"sub": "alice"}),
        ("42", {"sub": "42"}),
        (42, {"sub": "42", "sub_type": "int"}),
        (UNIQUE, {"sub": str(UNIQUE), "sub_type": "uuid"}),
    ],
)
def test_a_subject_is_a_text_and_has_a_type_unless_the_userid_is_a_text(
    userid, said
):
    members = write_members(make_ticket(userid=userid))

    assert {k: members[k] for k in members if k.startswith("sub")} == said


@given(st.binary(min_size=32, max_size=32).map(encode_base64url))
def test_a_confirmation_comes_back(thumbprint):
    """RFC 8705, section 3.1."""
    ticket = make_ticket(thumbprint=thumbprint)

    members = travel(write_members(ticket))

    assert members["cnf"] == {"x5t#S256": thumbprint}
    assert read_ticket(members) == ticket
    assert members == {}


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | TEXTS,
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(st.sampled_from(["x5t#S256", "jkt", ""]), inner)
        ),
    )
    | st.binary().map(lambda raw: {"x5t#S256": encode_base64url(raw)})
)
@example({"x5t#S256": "a" * 43})
@example({"x5t#S256": "A" * 42})
@example({"x5t#S256": "A" * 43 + "="})
@example({"x5t#S256": "A" * 43, "jkt": "A" * 43})
@example({"x5t#S256": ["A" * 43]})
def test_any_other_confirmation_is_refused(cnf):
    try:
        ticket = read_ticket(honest(cnf=cnf))
    except InvalidCredential:
        return
    assert cnf == {"x5t#S256": ticket.thumbprint}
    assert len(decode_base64url(ticket.thumbprint)) == 32


def test_claims_are_not_among_the_members():
    """Each form of token writes them in its own way."""
    ticket = make_ticket(claims={"a": 1})

    assert write_members(ticket).keys() == OWN_NAMES


def test_members_that_were_read_are_removed():
    members = honest(sub_type="int", sub="1")

    read_ticket(members)

    assert members == {}


def test_members_that_are_not_reserved_are_the_claims():
    members = honest(roles=["admin"], device=True)

    ticket = read_ticket(members)

    assert ticket.claims == {"roles": ["admin"], "device": True}
    assert ticket.persistent is False


@pytest.mark.parametrize("name", sorted(OWN_NAMES))
def test_a_missing_member_is_named(name):
    reason = refused(read_ticket, honest(**{name: ...}))

    assert reason == f"it has no {name!r}"


@pytest.mark.parametrize("name", ["iat", "exp", "auth_time", "session_end"])
@pytest.mark.parametrize(
    "time",
    [-1, LAST + 1, 10**30, True, False, 1.0, 1e9, "1", None, [], {}],
    ids=repr,
)
def test_a_time_is_a_whole_number_until_the_year_9999(name, time):
    reason = refused(read_ticket, honest(**{name: time}))

    assert reason == f"its {name!r} is not a time"


#: Times that no session has, with what is said of them.
IMPOSSIBLE = [
    ({"iat": 1000, "exp": 1000}, "it ends before it begins"),
    ({"iat": 1000, "exp": 999}, "it ends before it begins"),
    ({"iat": 1000, "session_end": 1000}, "it ends before it begins"),
    ({"iat": 1000, "session_end": 0}, "it ends before it begins"),
    (
        {"iat": 1000, "auth_time": 1601},
        "its 'auth_time' is long after its 'iat'",
    ),
    ({"session_end": LAST + 1}, "its 'session_end' is not a time"),
]


@pytest.mark.parametrize(("times", "why"), IMPOSSIBLE)
def test_times_that_no_session_has_are_neither_read_nor_written(times, why):
    assert refused(read_ticket, honest(**times)) == why
    with pytest.raises(SessionTokenError, match=why):
        write_members(make_ticket(**times))


@given(
    st.fixed_dictionaries(
        {
            name: st.integers(-2, 1300) | st.integers(LAST - 2, LAST + 2)
            for name in ("iat", "exp", "auth_time", "session_end")
        }
    )
)
def test_times_that_cannot_be_read_are_not_written(times):
    """Whatever the times are."""
    try:
        members = write_members(make_ticket(**times))
    except SessionTokenError:
        refused(read_ticket, honest(**times))
    else:
        assert read_ticket(members) == make_ticket(**times)


@pytest.mark.parametrize(
    "changes", [{"sid": "short"}, {"amr": ("pwd", 1)}, {"amr": ("a\n",)}]
)
def test_an_id_and_methods_that_are_not_read_are_not_written(changes):
    with pytest.raises(SessionTokenError):
        write_members(make_ticket(**changes))


@pytest.mark.parametrize("sub", [7, None, True, 1.5, ["alice"], {"a": 1}])
@pytest.mark.parametrize("kind", [..., "int", "uuid"])
def test_a_subject_that_is_not_a_text_is_refused(sub, kind):
    reason = refused(read_ticket, honest(sub=sub, sub_type=kind))

    assert reason == "its 'sub' is not a text"


@pytest.mark.parametrize(
    ("sub", "kind"),
    [
        ("", ...),
        ("a" * 256, ...),
        ("a\n", ...),
        ("\ud800", ...),
        ("system.Everyone", ...),
        ("role:admin", ...),
        ("alice", "int"),
        ("", "int"),
        ("-0", "int"),
        ("+1", "int"),
        ("01", "int"),
        (" 1", "int"),
        ("1_0", "int"),
        ("1.0", "int"),
        ("\N{ARABIC-INDIC DIGIT ONE}", "int"),
        ("9" * 255, "int"),
        ("9" * 5000, "int"),
        ("alice", "uuid"),
        (str(UNIQUE).replace("-", ""), "uuid"),
        (f"{{{UNIQUE}}}", "uuid"),
        (f"urn:uuid:{UNIQUE}", "uuid"),
        ("ABCDEFAB-1234-5678-1234-567812345678", "uuid"),
    ],
)
def test_another_spelling_of_a_subject_is_refused(sub, kind):
    reason = refused(read_ticket, honest(sub=sub, sub_type=kind))

    assert reason.startswith("its 'sub' is wrong: ")


@pytest.mark.parametrize(
    "kind", ["str", "", "INT", "bool", 1, None, True, ["int"], {"int": 1}]
)
def test_another_type_of_subject_is_refused(kind):
    """A text has no type: with "str", a user would have two spellings."""
    reason = refused(read_ticket, honest(sub="7", sub_type=kind))

    assert reason == "its 'sub_type' is unknown"


@pytest.mark.parametrize(
    "sid", ["", SID[:-1], SID + "s", "!" * 22, SID + "\n", 22, None, [SID]]
)
def test_a_sid_has_the_form_of_an_id(sid):
    reason = refused(read_ticket, honest(sid=sid))

    assert reason == "its 'sid' does not have the form of an id"


@pytest.mark.parametrize(
    "amr",
    [
        "pwd",
        None,
        1,
        {"pwd": 1},
        ["pwd", 1],
        [["pwd"]],
        [None],
        ["\ud800"],
        ["pwd\n"],
    ],
)
def test_amr_is_a_list_of_texts(amr):
    reason = refused(read_ticket, honest(amr=amr))

    assert reason == "its 'amr' is not a list of texts"


@pytest.mark.parametrize(
    "claims",
    [
        {"half": "\ud800"},
        {"\ud800": "half"},
        {"large": float("inf")},
        *({name: 1} for name in sorted(RESERVED - OWN_NAMES)),
    ],
    ids=ascii,
)
def test_invalid_claims_are_refused(claims):
    assert refused(read_ticket, {**honest(), **claims})


def test_a_reserved_name_is_refused_among_the_members():
    reason = refused(read_ticket, honest(nbf=1))

    assert "'nbf'" in reason


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"{}x",
        b"{} {}",
        b"{'a':1}",
        b'{"a":1,}',
        b'{"a":01}',
        b'{"a":"\n"}',
        b'{"a":"\\x41"}',
        b"\xff{}",
        b'{"a":"\xff"}',
        b'{"a":"\xed\xa0\x80"}',
        b'{"a":"\xc0\xaf"}',
        b"\xef\xbb\xbf{}",
        "{}".encode("utf-16"),
        "{}".encode("utf-16-le"),
        "{}".encode("utf-32"),
        # Blank, and not for JSON.
        b"\x0b{}",
        b"{}\x0c",
        "\xa0{}".encode(),
        b'{"a":NaN}',
        b'{"a":[Infinity]}',
        b'{"a":-Infinity}',
        b'{"a":1,"a":1}',
        b'{"a":1,"\\u0061":2}',
        b'{"a":{"b":{"c":1,"c":2}}}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
    ],
    ids=lambda raw: repr(raw[:24]),
)
def test_other_texts_than_strict_json_are_refused(raw):
    """RFC 8259; RFC 7519, section 4, for names that come twice."""
    assert refused(read_object, raw) == "its content is not JSON"


@pytest.mark.parametrize(
    "raw", [b"[]", b'"{}"', b"1", b"true", b"null", b"[{}]"]
)
def test_json_that_is_not_an_object_is_refused(raw):
    assert refused(read_object, raw) == "its content is not a JSON object"


def test_equal_names_are_allowed_in_different_objects():
    raw = b' {"a": {"a": 1}, "b": [{"a": 2}, {"a": 3}]} '

    assert read_object(raw) == {"a": {"a": 1}, "b": [{"a": 2}, {"a": 3}]}


def test_a_number_of_5000_digits_is_not_a_time():
    raw = json.dumps(honest(iat=0)).replace('"iat": 0', '"iat": ' + "9" * 5000)

    with pytest.raises(InvalidCredential):
        read_ticket(read_object(raw.encode()))


@given(st.binary(max_size=40) | st.text(max_size=40).map(str.encode))
def test_any_bytes_are_an_object_or_refused(raw):
    try:
        members = read_object(raw)
    except InvalidCredential:
        return

    assert json.loads(raw) == members


@given(st.dictionaries(st.sampled_from(sorted(OWN_NAMES)), VALUES))
def test_any_members_are_a_ticket_or_refused(changes):
    try:
        ticket = read_ticket(travel(honest(**changes)))
    except InvalidCredential:
        return

    expected = make_ticket()
    assert write_members(ticket) == {**write_members(expected), **changes}


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"cnf": {"jkt": "x"}}, "its 'cnf' has an unknown confirmation"),
        ({"cnf": {}}, "its 'cnf' has an unknown confirmation method"),
    ],
)
def test_a_sentence_tells_why_members_are_refused(changes, why):
    members = {**write_members(make_ticket()), **changes}

    with pytest.raises(Malformed) as caught:
        read_ticket(members)

    assert caught.value.reason.startswith(why)


def test_a_member_that_most_tickets_lack_is_written_as_it_is():
    ticket = make_ticket(
        persistent=True,
        stamp="digest",
        actor=7,
        began=freeze_claims({"at": 1}),
        thumbprint="A" * 43,
    )
    assert {
        name: value
        for name, value in write_members(ticket).items()
        if name not in write_members(make_ticket())
    } == {
        "persistent": True,
        "stamp": "digest",
        "act": {"sub": "7", "sub_type": "int"},
        "began": {"at": 1},
        "cnf": {"x5t#S256": "A" * 43},
    }
