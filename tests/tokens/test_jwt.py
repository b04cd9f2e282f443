"""A token is a JWT that every library can verify."""

import base64
import json
import math
import uuid

import jwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.keys import Rings
from support.tokens import (
    ALGORITHMS,
    AUDIENCE,
    BASE64URL,
    FIRST,
    ISSUER,
    JTI,
    ODD_LETTERS,
    SECOND,
    STRANGER,
    compact,
    forge,
    header_text,
    honest_header,
    honest_payload,
    hostile_tokens,
    make_jwt,
    make_ticket,
    times_of_tickets,
    with_raw,
)

from pyramid_sessiontoken.errors import (
    ClaimsError,
    InvalidCredential,
    Malformed,
    UnknownKey,
    WrongAudience,
    WrongIssuer,
    WrongSignature,
)
from pyramid_sessiontoken.expiry import ExpiryPolicy
from pyramid_sessiontoken.identity.claims import Claims
from pyramid_sessiontoken.interfaces import RENEW, VALID
from pyramid_sessiontoken.keys.ring import Key
from pyramid_sessiontoken.sessions.issued import IssuedToken
from pyramid_sessiontoken.tokens.jwt import (
    MAX_READ,
    SessionJWT,
    bare_type,
    decode_segment,
    is_session_jwt,
)
from pyramid_sessiontoken.tokens.verified import PLACE, VerifiedTokens

#: A time at which the tokens of these tests are valid. PyJWT reads the clock
#: of the machine, and no time here is near it, except LONG_AGO.
NOW = 2**32
POLICY = ExpiryPolicy(absolute=2**38)

TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
NAMES = st.text(
    st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=30
).filter(
    lambda text: not text.startswith(("system.", "role:", "group:", "scope:"))
)
IDS = st.text(BASE64URL, min_size=22, max_size=22)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda values: (
        st.lists(values, max_size=3)
        | st.dictionaries(TEXTS, values, max_size=3)
    ),
    max_leaves=6,
)
PLAIN_JSON = JSON.filter(
    lambda value: not any(x in json.dumps(value) for x in ("NaN", "Infinity"))
)
CLAIMS = st.dictionaries(st.text("abcxyz", max_size=4), PLAIN_JSON, max_size=3)

TICKETS = st.builds(
    lambda times, **fields: make_ticket(**times, **fields),
    times=times_of_tickets(),
    userid=NAMES | st.integers(1 - 10**254, 10**254 - 1) | st.uuids(),
    sid=IDS,
    amr=st.lists(TEXTS.filter(str.isprintable), max_size=3).map(tuple),
    claims=CLAIMS,
)


#: What a token may be refused as, before its times are judged.
CAUSES = (Malformed, UnknownKey, WrongAudience, WrongIssuer, WrongSignature)


def refusal(token, reader=None):
    """Give the reason of the refusal; every other result fails the test."""
    with pytest.raises(InvalidCredential) as caught:
        (reader or make_jwt()).decode(token)
    assert type(caught.value) in CAUSES
    return caught.value.reason


def reason_of(token):
    """Give the reason of the refusal; an empty text if only the times are
    wrong.
    """
    try:
        make_jwt().decode(token)
    except InvalidCredential as refused:
        return refused.reason
    return ""


def read_by_pyjwt(token, secret=FIRST.secret, algorithm="HS256"):
    return jwt.decode(
        token,
        secret,
        algorithms=[algorithm],
        issuer=ISSUER,
        audience=AUDIENCE,
        options={"require": ["exp", "iat", "sub", "jti"]},
    )


def does_pyjwt_accept(token):
    try:
        read_by_pyjwt(token)
    except Exception:  # noqa: BLE001
        # An error of PyJWT is not an acceptance.
        return False
    return True


def do_we_accept(token):
    try:
        ticket = make_jwt().decode(token).ticket
    except InvalidCredential:
        return False
    return POLICY.judge(ticket, NOW) in (VALID, RENEW)


# Written and read.


@given(TICKETS, st.sampled_from(ALGORITHMS))
def test_a_ticket_is_decoded_unchanged_in_another_process(ticket, algorithm):
    token = make_jwt(algorithm=algorithm).encode(ticket)

    back = make_jwt(algorithm=algorithm).decode(token).ticket

    assert back == ticket
    assert type(back.userid) is type(ticket.userid)
    assert type(back.claims) is type(ticket.claims)


def test_a_token_has_these_members_and_no_others():
    token = make_jwt().encode(make_ticket(claims={"roles": ["admin"]}))

    header, payload = (
        json.loads(base64.urlsafe_b64decode(part + "=="))
        for part in token.split(".")[:2]
    )

    assert header == honest_header()
    jti = payload["jti"]
    assert payload == honest_payload(roles=["admin"], jti=jti)
    assert len(base64.urlsafe_b64decode(jti + "==")) == 16


@pytest.mark.parametrize(
    ("userid", "subject", "kind"),
    [
        (42, "42", "int"),
        (uuid.UUID(int=7), str(uuid.UUID(int=7)), "uuid"),
        ("42", "42", None),
    ],
)
def test_the_type_of_a_userid_is_written_unless_it_is_a_text(
    userid, subject, kind
):
    payload = read_by_pyjwt(make_jwt().encode(make_ticket(userid=userid)))

    assert payload["sub"] == subject
    assert payload.get("sub_type") == kind
    assert ("sub_type" in payload) == (kind is not None)


def test_the_tokens_own_members_win_over_claims():
    """Whoever made the claims, and whatever they say."""
    forged = Claims(
        dict.fromkeys(honest_payload(), "forged") | {"role": "admin"}
    )
    assert type(forged) is Claims

    token = make_jwt().encode(make_ticket()._replace(claims=forged))

    payload = read_by_pyjwt(token)
    jti = payload["jti"]
    assert jti != "forged"
    assert payload == honest_payload(role="admin", jti=jti)


def test_every_token_has_an_id_of_its_own():
    writer = make_jwt()
    ids = {
        read_by_pyjwt(writer.encode(make_ticket()))["jti"] for _ in range(50)
    }

    assert len(ids) == 50


@given(TICKETS, st.sampled_from(ALGORITHMS))
def test_any_library_verifies_our_tokens(ticket, algorithm):
    token = make_jwt(algorithm=algorithm).encode(ticket)

    payload = jwt.decode(
        token,
        FIRST.secret,
        algorithms=[algorithm],
        issuer=ISSUER,
        audience=AUDIENCE,
        # PyJWT would compare the times with the clock of the machine.
        options={"verify_exp": False, "verify_iat": False},
    )

    assert payload["sub"] == str(ticket.userid)
    assert payload["exp"] == ticket.exp
    assert payload["amr"] == list(ticket.amr)
    assert {name: payload[name] for name in ticket.claims} == ticket.claims


def test_any_library_verifies_a_token_in_its_time():
    token = make_jwt().encode(make_ticket())

    assert read_by_pyjwt(token)["sub"] == "alice"
    assert do_we_accept(token)


def test_the_times_of_a_token_are_not_checked_when_it_is_read():
    long_over = make_ticket(iat=1, exp=2, auth_time=1, session_end=2)
    reader = make_jwt()
    token = reader.encode(long_over)

    assert reader.decode(token).ticket == long_over
    assert POLICY.judge(long_over, NOW) not in (VALID, RENEW)


def test_a_token_is_verified_once_while_it_is_in_use():
    reader = make_jwt()
    token = reader.encode(make_ticket())

    assert reader.decode(token) is reader.decode(token)


# Refused.


@given(
    st.text()
    | st.text(st.characters(max_codepoint=255))
    | st.text(BASE64URL + ".")
    | st.from_regex(r"\A[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*\Z")
)
def test_any_text_is_refused(text):
    refusal(text)


@given(st.text(BASE64URL + ".=\0\xe9\ud800", max_size=40))
def test_any_text_after_an_honest_header_is_refused(text):
    refusal(f"{header_text()}{text}")
    refusal(f"{header_text()}.{text}")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("\ud800", id="surrogate"),
        pytest.param("\0", id="nul"),
        pytest.param("a" * 10**6, id="huge"),
        pytest.param("." * 10**6, id="dots"),
        pytest.param("\xe9" * 10**6, id="huge latin-1"),
    ],
)
def test_hostile_text_is_refused(text):
    refusal(text)
    refusal(f"{header_text()}.{text}")
    refusal(forge() + text)


def flips(token):
    raw = token.encode("ascii")
    for place in range(len(raw)):
        for bit in range(8):
            flipped = bytearray(raw)
            flipped[place] ^= 1 << bit
            yield flipped.decode("latin-1")


def cuts(token):
    for place in range(len(token)):
        yield token[:place]
        yield token[place + 1 :]
        yield token[:place] + token[place + 1 :]


def extensions(token):
    for extra in [chr(code) for code in range(256)] + ["\u0100", "\ud800"]:
        yield token + extra
        yield extra + token
    for place in range(len(token)):
        for extra in "A=. -":
            yield token[:place] + extra + token[place:]


def substitutions(token):
    for place, char in enumerate(token):
        for other in BASE64URL + ".=+/ ":
            if other != char:
                yield token[:place] + other + token[place + 1 :]


@pytest.mark.parametrize("change", [flips, cuts, extensions, substitutions])
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_token_that_was_changed_anywhere_is_refused(change, algorithm):
    """Every bit, every cut, every extension and every other character, even
    if the reader remembers the token itself.
    """
    reader = make_jwt(algorithm=algorithm)
    token = reader.encode(make_ticket())
    reader.decode(token)

    accepted = []
    for changed in change(token):
        try:
            reader.decode(changed)
        except InvalidCredential:
            continue
        accepted.append(changed)

    assert accepted == []


@pytest.mark.parametrize(
    "other",
    [
        make_jwt(issuer="https://issuer.example.net"),
        make_jwt(issuer="https://issuer.exampl"),
        make_jwt(issuer=AUDIENCE, audience=ISSUER),
        make_jwt(audience="https://audience.example/"),
        make_jwt(algorithm="HS384"),
        make_jwt(algorithm="HS512"),
        make_jwt(SECOND),
        # The same name for another key.
        make_jwt(Key(FIRST.kid, SECOND.secret)),
        # The same key by another name.
        make_jwt(Key("other", FIRST.secret)),
    ],
)
def test_a_token_of_another_application_is_refused(other):
    refusal(other.encode(make_ticket()))
    refusal(make_jwt().encode(make_ticket()), other)


# Keys are added and removed.


def test_the_first_key_signs_and_all_verify():
    before = make_jwt(FIRST)
    between = make_jwt(SECOND, FIRST)
    after = make_jwt(SECOND)
    ticket = make_ticket()
    old, new = before.encode(ticket), between.encode(ticket)

    assert between.decode(old).ticket == ticket
    assert between.decode(new).ticket == ticket
    assert after.decode(new).ticket == ticket
    assert jwt.get_unverified_header(new)["kid"] == SECOND.kid
    refusal(old, after)
    refusal(new, before)


def test_a_key_that_does_not_sign_yet_verifies():
    """A new key is on all nodes before it signs on one."""
    published = make_jwt(FIRST, SECOND)

    token = make_jwt(SECOND).encode(make_ticket())

    assert published.decode(token).ticket == make_ticket()
    assert published.kid_of(published.encode(make_ticket())) == FIRST.kid


def test_a_signature_is_checked_with_the_named_key_only():
    reader = make_jwt(FIRST, SECOND)

    refusal(forge(secret=SECOND.secret), reader)
    refusal(
        forge(header=honest_header(kid=SECOND.kid), secret=FIRST.secret),
        reader,
    )


def test_the_kid_of_a_token_is_given_if_the_ring_has_the_key():
    reader = make_jwt(FIRST, SECOND)

    assert reader.kid_of(make_jwt(FIRST).encode(make_ticket())) == FIRST.kid
    assert reader.kid_of(make_jwt(SECOND).encode(make_ticket())) == SECOND.kid
    assert reader.kid_of(make_jwt(STRANGER).encode(make_ticket())) is None
    for text in ("", ".", "a.b.c", "\ud800", "\0"):
        assert reader.kid_of(text) is None


def test_a_ring_that_changes_keeps_what_was_made_of_its_keys(monkeypatch):
    """A new period costs a request one preparation, and not four hundred."""
    rings = Rings(FIRST, SECOND)
    reader = SessionJWT(rings, "HS256", ISSUER, AUDIENCE)
    old = reader.encode(make_ticket())
    signed = []
    encode = jwt.encode

    def note(payload, *args, **kw):
        signed.append(payload)
        return encode(payload, *args, **kw)

    monkeypatch.setattr(jwt, "encode", note)
    rings.replace(STRANGER, FIRST, SECOND)

    assert reader.decode(old).ticket == make_ticket()
    # The header of one key was made.
    assert signed == [{}]
    assert reader.kid_of(reader.encode(make_ticket())) == STRANGER.kid


class Behind(Rings):
    """The ring of a process that has not read the newest key yet."""

    def fresh(self, than):
        self.replace(STRANGER, *than)
        return True


def test_a_token_under_a_key_that_was_not_read_yet_is_accepted():
    reader = SessionJWT(Behind(FIRST), "HS256", ISSUER, AUDIENCE)

    identity = reader.decode(make_jwt(STRANGER).encode(make_ticket()))

    assert identity.ticket == make_ticket()
    assert identity.authenticator == "session"


# Too long.


@pytest.mark.parametrize("kid", ["k", "kk", "kkk"])
def test_a_token_that_is_too_long_for_a_header_is_not_issued(kid):
    """Servers and proxies accept lines of 8 KiB."""
    longest = issue_longer_and_longer(make_jwt(Key(kid, FIRST.secret)))

    # Base64 writes three bytes as four characters.
    assert 7599 <= longest <= 7600


def test_the_limit_itself_is_allowed():
    lengths = {
        issue_longer_and_longer(make_jwt(Key(kid, FIRST.secret)))
        for kid in ("k", "kk", "kkk")
    }

    assert max(lengths) == 7600


def issue_longer_and_longer(writer):
    """Give the length of the longest token that is issued."""
    longest = 0
    for size in range(5200, 5600):
        ticket = make_ticket(claims={"a": "x" * size})
        try:
            longest = len(writer.encode(ticket))
        except ClaimsError as error:
            assert "7600" in str(error)  # noqa: PT017
            assert "reference" in str(error)  # noqa: PT017
            return longest
    return None


def test_the_longest_token_is_read_and_a_longer_one_is_refused():
    def padded(size):
        return forge(compact(honest_payload(a="x" * size)))

    longest = next(
        token
        for token in map(padded, range(5800, 5700, -1))
        if len(token) <= 8192
    )

    assert len(longest) > 8188
    assert len(padded(5800)) > 8192
    assert make_jwt().decode(longest).claims["a"].startswith("xxx")
    # The length alone is the reason: the signature was not checked.
    reason = refusal("x" * 8193)
    assert reason == refusal(padded(5800))
    assert "8192" in reason


def test_the_longest_number_that_claims_may_hold_is_written_and_read():
    """Python does not write an int of more than 4,300 digits."""
    ticket = make_ticket(claims={"a": 10**1000 - 1, "b": 1 - 10**1000})

    assert make_jwt().decode(make_jwt().encode(ticket)).ticket == ticket


NAMED = list(hostile_tokens())
HOSTILE = dict(NAMED)

#: Tokens that PyJWT accepts and this library refuses. PyJWT gets a list of
#: algorithms, an issuer, an audience and required claims.
STRICTER = """
aud list; aud ours and another; aud twice;
sub empty; sub system.Everyone; sub system.Authenticated; sub role;
sub control character; sub nul; sub half a character; sub 256 characters;
sub twice; sub twice, other;
jti empty; jti short; jti long; jti control character; jti path; jti twice;
sid empty; sid short; sid long; sid number; sid list; sid control character;
sid path; sid missing; sid null; sid twice;
amr text; amr numbers; amr nested; amr object; amr number; amr missing;
amr null; amr twice;
session_end past; session_end text; session_end float; session_end fraction;
session_end exponent; session_end NaN; session_end Infinity;
session_end -Infinity; session_end beyond floats; session_end true;
session_end negative; session_end far; session_end 400 digits;
session_end list; session_end object; session_end missing; session_end null;
session_end twice;
nbf past;
cnf thumbprint;
claim half a character; claim NaN; claim Infinity; claim -Infinity;
claim beyond floats; claim nested 17 deep; claim twice inside;
claim UTF-8 surrogate; claim twice;
iat true; iat negative; iat twice;
exp text; exp float; exp fraction; exp exponent; exp far; exp 400 digits;
exp twice;
auth_time text; auth_time float; auth_time fraction; auth_time exponent;
auth_time NaN; auth_time Infinity; auth_time -Infinity;
auth_time beyond floats; auth_time true; auth_time negative; auth_time far;
auth_time 400 digits; auth_time list; auth_time object; auth_time missing;
auth_time null; auth_time twice;
iss twice;
name half a character; utf-8-sig; utf-16; utf-16-le; utf-16-be; utf-32;
utf-32-le; utf-32-be; 64 KiB;
sub_type unknown; sub_type null; sub_type number; sub_type list;
sub_type empty; sub_type other spelling; sub_type no number; sub_type no uuid;
sub_type never written;
header typ JWT; header typ at+jwt; header typ JOSE; header typ in other case;
header typ with application/; header typ null; header typ list;
header kid unknown; header kid empty; header kid path; header kid SQL;
header crit b64 true; header b64 true; header jku; header jwk; header x5u;
header x5c; header zip; header cty; header more; header without kid;
header without typ; header alg twice; header typ twice;
header in another order; header with blanks; header byte order mark;
header UTF-16;
amr half a character; amr control character;
act text; act empty; act number; act role; act sub_type; act chain;
persistent false; persistent text; persistent number;
stamp number; stamp list; stamp not ASCII;
began empty; began list; began text; began another name; began at text;
began at true; began by number; began actor null; began token number;
exp in the year 10000; auth_time in the year 10000; auth_time long after iat;
session_end in the year 10000; session_end iat
"""

#: Tokens that only some releases of PyJWT, or of Python, accept.
SOMETIMES = """
signature padded; signature over-padded; signature with stray bits;
payload padded; payload over-padded; standard alphabet;
claim nested 2000 deep
"""


def labels(text):
    return {label.strip() for label in text.replace("\n", " ").split(";")}


def test_every_hostile_token_has_a_name_of_its_own():
    assert len(HOSTILE) == len(NAMED)
    assert len(set(HOSTILE.values())) == len(HOSTILE)


@pytest.mark.parametrize("label", HOSTILE)
def test_a_hostile_token_is_refused(label):
    """Most of them are signed with the right key."""
    assert not do_we_accept(HOSTILE[label])


def test_a_valid_token_made_in_the_same_way_is_accepted():
    """So a hostile token is refused for its difference only."""
    for token in (
        forge(),
        forge(header=honest_header()),
        forge(with_raw("a", b'"x"')),
        forge(ODD_LETTERS),
        forge(honest_payload(sub="42", sub_type="int")),
    ):
        assert do_we_accept(token)
        assert does_pyjwt_accept(token)


def test_some_tokens_that_pyjwt_accepts_are_refused():
    accepted = {
        label for label, token in HOSTILE.items() if does_pyjwt_accept(token)
    }

    assert accepted - labels(SOMETIMES) == labels(STRICTER)


NEAR_THE_CLOCK = range(2**30, 2**36)


def is_far_from_the_clock(value):
    number = isinstance(value, (int, float)) and value == value  # noqa: PLR0124
    return not (number and NEAR_THE_CLOCK.start <= value < NEAR_THE_CLOCK.stop)


@settings(max_examples=300)
@given(
    st.sampled_from([*honest_payload(), "sub_type", "nbf", "a"]),
    JSON.filter(is_far_from_the_clock),
)
def test_a_token_that_pyjwt_refuses_is_refused(name, value):
    """One member of a valid token is replaced, and the token is signed."""
    token = forge(compact(honest_payload(**{name: value})))

    if do_we_accept(token):
        assert does_pyjwt_accept(token)


@settings(max_examples=300)
@given(st.data())
def test_changed_bytes_in_a_signed_payload_are_read_as_by_pyjwt_or_refused(
    data,
):
    raw = bytearray(compact(honest_payload(a="\N{SNOWMAN}")))
    place = data.draw(st.integers(0, len(raw) - 1))
    length = data.draw(st.integers(0, 3))
    raw[place : place + length] = data.draw(st.binary(max_size=4))
    token = forge(bytes(raw))
    try:
        ticket = make_jwt().decode(token).ticket
    except InvalidCredential:
        return

    payload = jwt.decode(
        token,
        FIRST.secret,
        algorithms=["HS256"],
        issuer=ISSUER,
        audience=AUDIENCE,
        options={"verify_exp": False, "verify_iat": False},
    )
    assert payload["sub"] == str(ticket.userid)
    assert payload["exp"] == ticket.exp


# Messages contain no secret and no token.


def test_a_reason_never_contains_the_token():
    """The reason of a refusal is logged."""
    for token in HOSTILE.values():
        reason = reason_of(token)
        parts = [part for part in token.split(".") if len(part) >= 12]
        assert not [part for part in parts if part in reason]
        assert JTI not in reason
        assert len(reason) < 600


def test_nothing_is_read_before_the_signature_is_verified():
    """The reason is the same for each payload and each signature."""
    signed = forge().rpartition(".")[0]
    macs = ("", "x", "A" * 43, forge(ODD_LETTERS).rpartition(".")[2])
    reasons = {refusal(f"{signed}.{mac}") for mac in macs}
    for payload in (b"", b"null", b"[" * 2000, b"\xff", honest_payload(iss=1)):
        reasons.add(refusal(forge(payload, secret=SECOND.secret)))

    assert len(reasons) == 1


def test_printed_objects_contain_no_token():
    reader = make_jwt()
    ticket = make_ticket()
    token = reader.encode(ticket)
    issued = IssuedToken(token, "Session", 5, 9, ticket)

    for printed in (f"{issued!r} {issued}", f"{reader!r}", f"{[issued]}"):
        assert token not in printed
        assert token.rpartition(".")[2] not in printed


@pytest.mark.parametrize("token", [None, b"a.b.c", 5])
def test_an_argument_that_is_not_a_text_is_an_error_of_the_caller(token):
    with pytest.raises((TypeError, AttributeError)):
        SessionJWT(Rings(FIRST), "HS256", "i", "a").decode(token)


def test_long_tokens_are_remembered_by_their_weight(monkeypatch):
    monkeypatch.setattr("pyramid_sessiontoken.tokens.jwt.REMEMBERED", 20)
    reader = make_jwt()
    for number in range(20):
        ticket = make_ticket(userid=number, claims={"a": "x" * 4000})
        reader.decode(reader.encode(ticket))
    assert len(reader._keys.verified) <= 20 * PLACE // 4000 + 2


# What another authenticator asks before it takes a token.


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        (honest_header(), True),
        (honest_header(typ="Session+JWT", alg="none"), True),
        (honest_header(typ="application/session+jwt"), True),
        (honest_header(typ="application/application/session+jwt"), False),
        (honest_header(typ="JWT"), False),
        (honest_header(typ=["session+jwt"]), False),
        (honest_header(typ=None), False),
        ({"alg": "HS256"}, False),
        (b"[]", False),
        (b'{"typ":"session+jwt","typ":"JWT"}', False),
    ],
)
def test_a_session_token_is_told_by_its_type_alone(said, answer):
    text = forge(header=said, secret=STRANGER.secret)

    assert is_session_jwt(text) is answer
    for other in (text + ".x", text + "=", "x" + text, text + "\n", "\xe9"):
        assert is_session_jwt(other) is False


def test_a_session_token_over_the_limit_is_not_told_by_its_type():
    first, _, last = forge().split(".")
    room = MAX_READ - len(first) - len(last) - 2

    assert is_session_jwt(f"{first}.{'A' * room}.{last}") is True
    assert is_session_jwt(f"{first}.{'A' * (room + 1)}.{last}") is False


@pytest.mark.parametrize(
    ("value", "bare"),
    [
        ("JWT", "jwt"),
        ("application/at+JWT", "at+jwt"),
        ("APPLICATION/jwt", "jwt"),
        ("", ""),
        (None, ""),
        (5, ""),
        (["jwt"], ""),
    ],
)
def test_a_type_is_compared_without_its_prefix(value, bare):
    assert bare_type(value) == bare


def test_a_part_that_is_no_base64url_is_told():
    assert decode_segment("eHg") == b"xx"
    with pytest.raises(Malformed) as caught:
        decode_segment("eHh=")
    assert caught.value.reason == (
        "one of its parts is not base64url (RFC 7515)"
    )


#: Why hostile tokens are refused, as the log tells it. What Python says of a
#: number or a UUID is left out.
REASONS = {
    "'actor' of its 'began' is unknown",
    "'at' of its 'began' is unknown",
    "'by' of its 'began' is unknown",
    "'sub' of its 'began' is unknown",
    "'token' of its 'began' is unknown",
    "a claim must be a JSON value, not float",
    "a claim must not contain half a character (a surrogate)",
    "claims must not be nested deeper than 16 levels",
    "it contains characters that are not ASCII",
    "it ends before it begins",
    "it has no 'amr'",
    "it has no 'auth_time'",
    "it has no 'exp'",
    "it has no 'iat'",
    "it has no 'session_end'",
    "it has no 'sid'",
    "it has no 'sub'",
    "it is longer than 8192 bytes",
    "its 'act' is not an object",
    "its 'amr' is not a list of texts",
    "its 'auth_time' is long after its 'iat'",
    "its 'auth_time' is not a time",
    "its 'began' is not an object with members",
    "its 'exp' is not a time",
    "its 'iat' is not a time",
    "its 'jti' does not have the form of an id",
    "its 'persistent' is not true",
    "its 'session_end' is not a time",
    "its 'sid' does not have the form of an id",
    "its 'stamp' is not a digest",
    "its 'sub' is not a text",
    "its 'sub_type' is unknown",
    "its content is not JSON",
    "its content is not a JSON object",
    "its payload is not base64url",
    "the 'act' of its 'act' is unknown",
    "the 'x5t#S256' of its 'cnf' is not SHA-256",
    "the claim 'nbf' is one of the token's own names",
    "it is not a session token, or its key is not in the key ring",
    "its 'aud' is not sessiontoken.token.audience",
    "its 'iss' is not sessiontoken.token.issuer",
    "its signature is wrong",
}


def test_a_sentence_tells_why_each_hostile_token_is_refused():
    told = set()
    for token in HOSTILE.values():
        try:
            make_jwt().decode(token)
        except InvalidCredential as error:
            told.add(error.reason)

    # The times of a token are judged later.
    assert {r for r in told if "'sub' is wrong: " not in r} == REASONS


def test_a_token_is_remembered_in_the_older_half_too():
    codec = make_jwt()
    tokens = [codec.encode(make_ticket(userid=n)) for n in (1, 2)]
    codec.decode(tokens[0])
    codec._made.verified = VerifiedTokens(2)

    for number in (0, 1, 0, 1):
        ticket = codec.decode(tokens[number]).ticket
        assert ticket.userid == number + 1


def test_a_long_token_takes_several_places_in_the_younger_half_too():
    codec = make_jwt()
    short = codec.encode(make_ticket())
    long = codec.encode(make_ticket(claims={"a": "x" * 4 * PLACE}))
    codec.decode(long)
    verified = codec._made.verified = VerifiedTokens(8)
    for token in (long, short):
        codec.decode(token)
    assert verified._taken == 1

    codec.decode(long)

    assert verified._taken == 1 + math.ceil(len(long) / PLACE)


def test_a_sentence_tells_what_to_do_if_the_claims_are_too_long():
    with pytest.raises(ClaimsError) as caught:
        make_jwt().encode(make_ticket(claims={"a": "x" * 8000}))
    length = str(caught.value).split()[6]
    assert 10_000 < int(length) < 12_000
    assert str(caught.value) == (
        f"the claims make a token of {length} bytes, and servers and proxies"
        " accept no more than 7600: use fewer claims, or"
        " sessiontoken.token.form = reference"
    )
