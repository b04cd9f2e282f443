"""The session in the cookie: its identity, or why it is refused."""

import itertools
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pyramid.registry import Registry
from pyramid.request import Request
from pyramid.response import Response
from pyramid.security import forget, remember
from support.keys import Rings
from support.states import begin_state
from support.tokens import AUDIENCE, FIRST, ISSUER, SECOND, make_jwt
from zope.interface.verify import verifyObject

from pyramid_sessiontoken.authenticators.cookie import CookieAuthenticator
from pyramid_sessiontoken.cookies.codec import CookieCodec
from pyramid_sessiontoken.cookies.jar import Jar
from pyramid_sessiontoken.cookies.transforms import (
    EncryptedTransform,
    SignedTransform,
)
from pyramid_sessiontoken.errors import (
    REASON_EXPIRED,
    InvalidCredential,
    RepositoryUnavailable,
    Undecodable,
)
from pyramid_sessiontoken.expiry import ExpiryPolicy
from pyramid_sessiontoken.identity import Identity
from pyramid_sessiontoken.interfaces import (
    EXPIRED,
    RENEW,
    VALID,
    IAuthenticator,
    IClock,
    ICookieTransform,
    IExpiryPolicy,
)
from pyramid_sessiontoken.keys.base64url import (
    decode_base64url,
    encode_base64url,
)
from pyramid_sessiontoken.sessions.forms import CookieForm
from pyramid_sessiontoken.sessions.lifecycle import Sessions
from pyramid_sessiontoken.sessions.references import References
from pyramid_sessiontoken.testing import ManualClock

NOW = 1_800_000_000
NAME = "__Host-sessiontoken"

#: No two parts of this claim are equal.
NUMBERS = "".join(f"{number:03}" for number in range(300))


def make_request(header):
    return Request.blank("/", environ={"HTTP_COOKIE": header})


class Site:
    """The sign-in of one application, with a clock that the test sets."""

    def __init__(self, kind=SignedTransform, *keys, name=NAME):
        self.clock = ManualClock(NOW)
        registry = self.registry = Registry()
        registry.registerUtility(self.clock, IClock)
        registry.registerUtility(ExpiryPolicy(36000, 3600), IExpiryPolicy)
        transform = kind(
            Rings(*(keys or (FIRST,))), "cookie", name, ISSUER, AUDIENCE
        )
        references = References(registry, None, "cookie")
        form = CookieForm(CookieCodec(lambda: transform), references, None)
        self.name = name
        self.sessions = Sessions(registry, form, "Session")
        self.jar = Jar(name, chunk_size=200, max_chunks=4)
        self.authenticator = CookieAuthenticator(
            self.sessions.redeem, self.jar
        )

    def sign_in(self, userid="alice", **claims):
        """Give the pairs that a browser sends after the sign-in."""
        return self.pairs(
            self.sessions.issue(Identity(userid, claims, "basic"))
        )

    def pairs(self, issued):
        """Give the pairs that carry a token."""
        headers = self.jar.write(issued.access_token, None, None)
        return [header.partition(";")[0] for _, header in headers]

    def ask(self, *pairs):
        return self.ask_header("; ".join(pairs))

    def ask_header(self, header):
        return self.authenticator.authenticate(make_request(header))

    def refusal(self, *pairs):
        """Give the refusal; any other error fails the test."""
        with pytest.raises(InvalidCredential) as caught:
            self.ask(*pairs)
        return caught.value

    def is_undecodable(self, *pairs):
        try:
            self.ask(*pairs)
        except Undecodable:
            return True
        return False


@pytest.fixture(params=[SignedTransform, EncryptedTransform])
def site(request):
    return Site(request.param)


def test_the_authenticator_provides_its_interface(site):
    authenticator = site.authenticator

    assert verifyObject(IAuthenticator, authenticator)
    assert authenticator.ambient is True
    assert authenticator.vary == ("Cookie",)
    assert authenticator.scheme is None
    assert authenticator.challenge(Request.blank("/")) is None


@pytest.mark.parametrize(
    "header", ["", "theme=dark", f"{NAME}x=0.ab", f"x={NAME}"]
)
def test_a_request_without_the_cookie_shows_nothing(site, header):
    assert site.ask_header(header) is None
    assert site.authenticator.authenticate(Request.blank("/")) is None


def test_a_cookie_behind_a_comma_is_refused_and_not_deleted(site):
    """It may be genuine. Undecodable ones are deleted, this is not."""
    long = site.sign_in("alice", text=NUMBERS[:200])
    first, *rest = long

    for header in (
        f"theme=dark,{site.sign_in()[0]}",
        f"{first},{';'.join(rest)}",
        f"{rest[0]},{';'.join([first, *rest[1:]])}",
        f"{NAME}=0.tampered,{site.sign_in()[0]}",
    ):
        refusal = site.refusal(header)
        assert not isinstance(refusal, Undecodable)
        assert "behind a comma in the Cookie header" in refusal.reason
    assert site.is_undecodable(f"{NAME}=0.tampered,theme=dark")
    assert site.ask(*site.sign_in(), f"a=b,{NAME}=0.evil").userid == "alice"


@pytest.mark.parametrize("userid", ["alice", "7", 7])
def test_the_cookie_gives_its_user(site, userid):
    identity = site.ask(*site.sign_in(userid, roles=["admin"]))

    assert identity.userid == userid
    assert type(identity.userid) is type(userid)
    assert identity.claims == {"roles": ["admin"]}
    assert identity.authenticator == "cookie"
    assert identity.ticket.auth_time == NOW
    assert identity.ticket.amr == ("pwd",)


def test_the_cookie_may_stand_among_others_in_any_order(site):
    pairs = site.sign_in(text=NUMBERS[:200])
    assert len(pairs) == 3

    for order in itertools.permutations([*pairs, 'x="\\377', "=nameless"]):
        assert site.ask(*order).userid == "alice"


def test_the_cookie_may_stand_between_quotes(site):
    """RFC 6265, section 4.1.1: some clients write quotes."""
    pairs = [re.sub("=(.*)", '="\\1"', pair) for pair in site.sign_in()]

    assert site.ask(*pairs).userid == "alice"


def test_a_cookie_that_is_due_for_renewal_is_noted(site):
    """The response decides later whether it may carry a cookie."""
    pairs = site.sign_in()

    for passed, due in ((0, False), (1799, False), (1800, True)):
        site.clock.advance(NOW + passed - site.clock.now())
        request = make_request("; ".join(pairs))
        state = begin_state(request)
        identity = site.authenticator.authenticate(request)
        shown = state.token_of(identity)
        assert (shown.verdict is RENEW) == due
        assert site.ask(*pairs) == identity


def test_of_two_cookies_only_the_accepted_one_is_noted_as_due(site):
    old = site.sign_in("alice")
    site.clock.advance(1800)

    for pairs in (
        [f"{NAME}=0.stranger", *old],
        [*old, f"{NAME}=0.stranger", f"{NAME}.1=stranger"],
    ):
        request = make_request("; ".join(pairs))
        state = begin_state(request)
        assert site.authenticator.authenticate(request).userid == "alice"
        [shown] = state.tokens
        assert shown.ticket.userid == "alice"
        assert shown.verdict is RENEW


# A cookie that is refused, and not deleted: it can be decoded.

NOT_YET = (
    "its iat is later than now: compare the clocks of the servers, or raise"
    " sessiontoken.expiry.clock_skew"
)


@pytest.mark.parametrize(
    ("passed", "reason"),
    [
        (3600, REASON_EXPIRED),
        (36000, REASON_EXPIRED),
        (-1, NOT_YET),
    ],
)
def test_a_cookie_out_of_its_time_can_be_decoded_and_is_refused(
    site, passed, reason
):
    pairs = site.sign_in()

    site.clock.advance(passed)

    refusal = site.refusal(*pairs)
    assert refusal.reason == reason
    assert not isinstance(refusal, Undecodable)


def test_an_outage_is_not_a_refusal():
    def redeem(text):
        raise RepositoryUnavailable("nobody answers")

    authenticator = CookieAuthenticator(redeem, Jar(NAME))

    with pytest.raises(RepositoryUnavailable):
        authenticator.authenticate(make_request(f"{NAME}=0.ab"))


# A cookie that cannot be decoded is deleted.


def test_a_flipped_bit_makes_the_cookie_undecodable(site):
    pairs = site.sign_in(text=NUMBERS[:60])
    assert len(pairs) == 2

    read = []
    for number, pair in enumerate(pairs):
        start = pair.index("=") + 1
        for position in range(start * 8, len(pair) * 8):
            raw = bytearray(pair, "ascii")
            raw[position // 8] ^= 1 << position % 8
            flipped = [*pairs]
            flipped[number] = raw.decode("latin-1")
            if not site.is_undecodable(*flipped):
                read.append(flipped[number])

    assert read == []
    assert site.ask(*pairs).userid == "alice"


def test_a_cut_cookie_is_undecodable(site):
    """Characters are missing at the end or the start of a chunk."""
    pairs = site.sign_in(text=NUMBERS[:60])

    read = []
    for number, pair in enumerate(pairs):
        name, _, value = pair.partition("=")
        cuts = {value[:end] for end in range(len(value))}
        cuts |= {value[start:] for start in range(1, len(value))}
        for cut in cuts:
            shorter = [*pairs]
            shorter[number] = f"{name}={cut}"
            if not site.is_undecodable(*shorter):
                read.append(shorter)

    assert read == []


def test_a_cut_cookie_in_one_piece_is_undecodable(site):
    """Also the mark that no other chunk follows is needed."""
    jar = Jar(NAME)
    authenticator = CookieAuthenticator(site.sessions.redeem, jar)
    issued = site.sessions.issue(Identity("alice", {}, "basic"))
    [(_, header)] = jar.write(issued.access_token, None, None)
    value = header.partition(";")[0].partition("=")[2]
    cuts = {value[:end] for end in range(len(value))}
    cuts |= {value[start:] for start in range(1, len(value))}

    read = []
    for cut in cuts:
        try:
            authenticator.authenticate(make_request(f"{NAME}={cut}"))
        except Undecodable:
            continue
        read.append(cut)

    assert read == []


@pytest.mark.parametrize("lacks", [[0], [1], [2], [0, 1], [1, 2], [0, 2]])
def test_a_cookie_that_lacks_a_chunk_is_undecodable(site, lacks):
    pairs = site.sign_in(text=NUMBERS[:200])
    rest = [pair for i, pair in enumerate(pairs) if i not in lacks]

    assert isinstance(site.refusal(*rest), Undecodable)


def test_chunks_in_each_others_place_are_undecodable(site):
    first, second, third = site.sign_in(text=NUMBERS[:200])
    swapped = (
        first,
        second.replace(".1=", ".2=", 1),
        third.replace(".2=", ".1=", 1),
    )

    assert isinstance(site.refusal(*swapped), Undecodable)


def test_chunks_of_two_sign_ins_are_undecodable(site):
    one = site.sign_in("alice", text=NUMBERS[:200])
    other = site.sign_in("bobby", text=NUMBERS[-200:])
    assert len(one) == len(other) == 3

    for picks in itertools.product((0, 1), repeat=3):
        pairs = [(one, other)[pick][i] for i, pick in enumerate(picks)]
        if len(set(picks)) == 1:
            assert site.ask(*pairs).userid == ("alice", "bobby")[picks[0]]
        else:
            assert isinstance(site.refusal(*pairs), Undecodable)


def test_a_stale_chunk_after_the_last_is_ignored(site):
    pairs = site.sign_in()

    stale = [f"{NAME}.{i}=stale" for i in range(len(pairs), 20)]

    assert site.ask(*stale, *pairs).userid == "alice"


@pytest.mark.parametrize(
    "count", ["4", "19", "20", "99", "2147483648", "01", "x", "-1", ""]
)
def test_an_impossible_count_of_chunks_is_undecodable(site, count):
    first, *rest = site.sign_in()
    first = re.sub(r"=\d+\.", f"={count}.", first)
    every = [f"{NAME}.{i}=x" for i in range(1, 20)]

    assert isinstance(site.refusal(first, *rest), Undecodable)
    assert isinstance(site.refusal(first, *every), Undecodable)


@pytest.mark.parametrize("value", ["", "0.", ".", "1.", "0", "deleted", '""'])
def test_a_value_without_content_is_undecodable(site, value):
    assert isinstance(site.refusal(f"{NAME}={value}"), Undecodable)


def test_a_cookie_of_a_lost_key_is_undecodable():
    for kind in (SignedTransform, EncryptedTransform):
        pairs = Site(kind, FIRST).sign_in()

        assert Site(kind, SECOND, FIRST).ask(*pairs).userid == "alice"
        refusal = Site(kind, SECOND).refusal(*pairs)
        assert isinstance(refusal, Undecodable)


def test_the_value_of_another_cookie_is_undecodable(site):
    """The prefix of a name is a promise about the origin of the cookie."""
    other = Site(SignedTransform, name="sessiontoken")
    pairs = [pair.replace("sess", "__Host-sess") for pair in other.sign_in()]

    assert other.ask(*other.sign_in()).userid == "alice"
    assert isinstance(site.refusal(*pairs), Undecodable)


def test_a_header_token_is_undecodable_in_a_cookie(site):
    """Key, issuer and audience are the same."""
    issued = site.sessions.issue(Identity("alice", {}, "basic"))
    token = make_jwt(FIRST).encode(issued.ticket)

    for value in (token, f"0.{token}", f'"{token}"'):
        assert isinstance(site.refusal(f"{NAME}={value}"), Undecodable)


# If a name comes twice, the value that verifies counts.


@pytest.mark.parametrize(
    "other", ["0.stranger", "", "0.", "99.x", "3.x", "not.ours", '"']
)
def test_of_two_cookies_the_one_that_verifies_is_accepted(site, other):
    first, *rest = site.sign_in()
    stranger = f"{NAME}={other}"

    assert site.ask(stranger, first, *rest).userid == "alice"
    assert site.ask(first, *rest, stranger).userid == "alice"


def test_of_two_chunks_the_one_that_verifies_is_accepted(site):
    for order in itertools.permutations(
        [*site.sign_in(text=NUMBERS[:60]), f"{NAME}.1=stranger"]
    ):
        assert site.ask(*order).userid == "alice"


def test_of_two_cookies_the_one_that_has_not_expired_is_accepted(site):
    old = site.sign_in("alice", text=NUMBERS[:60])
    site.clock.advance(3600)
    new = site.sign_in("bob", text=NUMBERS[:60])
    assert len(old) == len(new) == 2

    for order in itertools.permutations([*old, *new]):
        assert site.ask(*order).userid == "bob"


def test_of_two_sessions_the_one_signed_in_last_counts(site):
    """Of the first one there is no trace but its cookie: the path of the
    cookie is another one since.
    """
    alice = site.sign_in("alice", text=NUMBERS[:60])
    site.clock.advance(1)
    bob = site.sign_in("bob", text=NUMBERS[:60])
    assert len(alice) == len(bob) == 2

    for order in itertools.permutations([*alice, *bob]):
        request = make_request("; ".join(order))
        state = begin_state(request)
        assert site.authenticator.authenticate(request).userid == "bob"
        assert [t.ticket.userid for t in state.tokens] == ["bob"]
        assert [t.ticket.userid for t in state.beside] == ["alice"]


def test_a_later_renewal_does_not_make_a_session_the_later_one(site):
    alice = site.sessions.issue(Identity("alice", {}, "basic"))
    site.clock.advance(1)
    bob = site.sign_in("bob")
    site.clock.advance(1)
    renewed = site.sessions.renew(alice.ticket, None)
    pairs = site.pairs(renewed)

    assert site.ask(*bob, *pairs).userid == "bob"
    assert site.ask(*pairs, *bob).userid == "bob"


def test_of_one_session_the_copy_renewed_last_counts(site):
    issued = site.sessions.issue(
        Identity("alice", {"text": NUMBERS[:60]}, "basic")
    )
    site.clock.advance(1800)
    renewed = site.sessions.renew(issued.ticket, None)
    old, new = site.pairs(issued), site.pairs(renewed)
    assert len(old) == len(new) == 2

    for passed in (0, 1800):
        site.clock.advance(passed)
        for order in itertools.permutations([*old, *new]):
            ticket = site.ask(*order).ticket
            assert ticket.iat == NOW + 1800


def test_where_the_last_one_expired_no_earlier_one_takes_its_place():
    """Else the user before would be back an hour after the sign-in."""
    site = Site()
    policy = {"alice": 36000, "bob": 600}

    class Unequal(ExpiryPolicy):
        def judge(self, ticket, now):
            life = policy[ticket.userid]
            return EXPIRED if now >= ticket.iat + life else VALID

    site.registry.registerUtility(Unequal(36000), IExpiryPolicy)
    alice = site.sign_in("alice")
    site.clock.advance(1)
    bob = site.sign_in("bob")
    site.clock.advance(600)
    assert site.ask(*alice).userid == "alice"

    for order in ([*alice, *bob], [*bob, *alice]):
        request = make_request("; ".join(order))
        state = begin_state(request)
        with pytest.raises(InvalidCredential) as caught:
            site.authenticator.authenticate(request)
        assert caught.value.reason == REASON_EXPIRED
        assert caught.value.ticket.userid == "bob"
        assert [t.ticket.userid for t in state.beside] == ["alice"]
        assert state.tokens == ()


def test_of_two_in_one_second_the_one_that_stands_last_counts(site):
    """RFC 6265, section 5.4: of equal paths the older cookie comes first."""
    alice = site.sign_in("alice")
    bob = site.sign_in("bob")

    assert site.ask(*alice, *bob).userid == "bob"
    assert site.ask(*bob, *alice).userid == "alice"


@given(st.data())
def test_whatever_genuine_cookies_come_the_session_signed_in_last_counts(data):
    """And of this session the copy that was renewed last, in any order."""
    site = Site()
    # In one piece: chunks of several cookies can be read in many ways.
    site.jar = Jar(NAME)
    site.authenticator = CookieAuthenticator(site.sessions.redeem, site.jar)
    shown = []
    for number in range(data.draw(st.integers(1, 3))):
        issued = site.sessions.issue(Identity(number, {}, "basic"))
        shown.append((issued.ticket, site.pairs(issued)))
        site.clock.advance(data.draw(st.integers(1, 1000)))
        if data.draw(st.booleans()):
            earlier = data.draw(st.sampled_from(shown))[0]
            renewed = site.sessions.renew(earlier, None)
            shown.append((renewed.ticket, site.pairs(renewed)))
    tickets = [ticket for ticket, _ in shown]
    last = max(t.auth_time for t in tickets)
    latest = max(t.iat for t in tickets if t.auth_time == last)
    order = data.draw(st.permutations([pairs for _, pairs in shown]))

    found = site.ask(*(pair for pairs in order for pair in pairs)).ticket

    assert (found.auth_time, found.iat) == (last, latest)


def test_a_second_cookie_is_ignored_without_a_request_state(site):
    alice = site.sign_in("alice")
    site.clock.advance(1)

    assert site.ask(*alice, *site.sign_in("bob")).userid == "bob"


def test_of_two_refused_cookies_the_expired_one_is_not_deleted(site):
    """The reason is that it expired, whatever else came with it."""
    old = site.sign_in()
    site.clock.advance(3600)

    for stranger in (f"{NAME}=0.stranger", f"{NAME}.1=stranger"):
        for order in itertools.permutations([*old, stranger]):
            refusal = site.refusal(*order)
            assert refusal.reason == REASON_EXPIRED
            assert not isinstance(refusal, Undecodable)


def test_of_two_undecodable_cookies_neither_is_accepted(site):
    assert isinstance(site.refusal(f"{NAME}=0.a", f"{NAME}=0.b"), Undecodable)


# Any header.

FRAGMENTS = st.sampled_from(
    [
        NAME,
        f"{NAME}=",
        f"{NAME}=0.",
        f"{NAME}=1.",
        f"{NAME}.1=",
        f"{NAME}.19=",
        f"{NAME}=99.",
        f"{NAME}=2147483648.",
        "=",
        ";",
        "; ",
        ".",
        '"',
        "\\377",
        "\xff",
        "\0",
        "AQ",
        "Ag==",
        "\ud800",
    ]
)
HEADERS = st.lists(FRAGMENTS | st.text(max_size=5), max_size=12).map("".join)


@given(HEADERS)
@example(f"{NAME}=\ud800")
@example(f"{NAME}=0.\udcff\udcfe")
@example(f"{NAME}=1.\xff; {NAME}.1=\xfe")
@example(f"{NAME}=0." + "\\" * 50_000)
@example(f"{NAME}=0." + "A" * 50_000)
@example(
    "; ".join(f"{NAME}={i % 20}.x; {NAME}.{i % 20}=y" for i in range(600))
)
def test_any_header_shows_nothing_or_is_refused(header):
    """Another error would be a 500 for the whole site."""
    for kind in (SignedTransform, EncryptedTransform):
        site = Site(kind)
        try:
            identity = site.ask_header(header)
        except InvalidCredential:
            assert NAME in header
        else:
            assert identity is None


@given(HEADERS, HEADERS)
@example("a=b", 'c="\\377')
def test_no_header_around_the_cookie_gives_another_user(before, after):
    site = Site()
    pairs = site.sign_in()

    try:
        identity = site.ask(before, *pairs, after)
    except Undecodable:
        # Our cookie may come too often to try all values.
        assert NAME in before + after
    else:
        assert identity.userid == "alice"


# In an application.


@pytest.mark.parametrize("kind", ["signed", "encrypted"])
@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("token.issuer", "https://other.example"),
        ("token.audience", "https://other.example"),
        ("cookie.name", "__Host-other"),
        ("cookie.transform", "the other"),
    ],
)
def test_the_cookie_of_another_application_is_deleted(make, kind, key, value):
    """Both have the same keys."""
    if value == "the other":
        value = "encrypted" if kind == "signed" else "signed"
    settings = {"cookie.transform": kind}
    ours, theirs = make(settings), make({**settings, key: value})
    theirs.post_json("/sign_in", {})
    assert theirs.get("/identity").json["userid"] == "alice"
    [cookie] = theirs.cookies.values()

    headers = {"Cookie": f"{NAME}={cookie}"}
    response = ours.get("/identity", headers=headers)

    assert response.json["userid"] is None
    [deleted] = response.headers.getall("Set-Cookie")
    assert deleted.startswith(f"{NAME}=; Path=/; Max-Age=0; ")


@pytest.mark.parametrize("kind", ["signed", "encrypted"])
def test_tokens_and_cookies_are_not_taken_for_one_another(make, kind):
    client = make({"cookie.transform": kind})
    token = client.swap()["access_token"]
    client.post_json("/sign_in", {})
    [cookie] = client.cookies.values()
    fresh = client.fresh()

    for shown in (cookie, cookie.partition(".")[2]):
        assert fresh.ask(shown).json["userid"] is None
    for shown in (token, f"0.{token}"):
        headers = {"Cookie": f"{NAME}={shown}"}
        answer = fresh.get("/identity", headers=headers)
        assert answer.json["userid"] is None
    assert fresh.ask(token).json["userid"] == "alice"


class Masked:
    """A transform of the application's own, which notes what it was given."""

    def __init__(self, options=None, registry=None):
        self.seen = []

    def encode(self, content):
        self.seen.append(content)
        return bytes(byte ^ 0x55 for byte in content)

    def decode(self, protected):
        if not protected:
            raise InvalidCredential("there is nothing behind the mask")
        return bytes(byte ^ 0x55 for byte in protected)


WAYS = {
    "setting": {"settings": {"cookie.transform": f"{__name__}:Masked"}},
    "directive": {
        "setup": lambda config: config.set_sessiontoken_cookie_transform(
            Masked()
        )
    },
    "utility": {
        "before": lambda config: config.registry.registerUtility(
            Masked(), ICookieTransform
        )
    },
}


@pytest.fixture(params=WAYS)
def masked(make, request):
    """Make a client of an application that has its own transform."""
    return make(**WAYS[request.param])


def test_a_transform_of_the_application_gets_the_signed_text(masked):
    masked.post_json("/sign_in", {})

    assert masked.get("/identity").json["userid"] == "alice"
    [signed] = masked.registry.getUtility(ICookieTransform).seen
    assert signed.startswith(SignedTransform.VERSION)
    assert b"alice" in signed
    [cookie] = masked.cookies.values()
    protected = decode_base64url(cookie.partition(".")[2])
    assert protected == bytes(byte ^ 0x55 for byte in signed)


def test_a_cookie_that_is_unsigned_or_refused_by_the_transform_is_deleted(
    masked,
):
    masked.post_json("/sign_in", {})
    [cookie] = masked.cookies.values()
    text = cookie.partition(".")[2]
    unsigned = bytes(byte ^ 0x55 for byte in b'{"sub":"alice"}')

    for value in (
        "0.",
        f"0.{encode_base64url(unsigned)}",
        f"0.{text[:99]}{text[100:]}",
    ):
        headers = {"Cookie": f"{NAME}={value}"}
        response = masked.fresh().get("/identity", headers=headers)
        assert response.json["userid"] is None
        assert len(response.headers.getall("Set-Cookie")) == 1


def test_signing_out_after_signing_in_leaves_no_cookie(make):
    """Only the headers of the sign-in are on the response."""

    def change_of_mind(request):
        response = Response("never mind")
        response.headerlist.extend(remember(request, "alice"))
        forget(request)
        return response

    def setup(config):
        config.add_route("mind", "/mind")
        config.add_view(change_of_mind, route_name="mind")

    client = make(setup=setup)

    client.get("/mind")

    assert client.get("/identity").json["userid"] is None


def test_a_cookie_that_is_refused_keeps_no_token_from_being_renewed(make):
    """Both are due; another site made the browser send the cookie."""
    client = make({"authenticators": "cookie session basic"})
    token = client.swap()["access_token"]
    client.post_json("/sign_in", {"userid": "bob"})
    client.clock.advance(1800)

    response = client.post(
        "/identity",
        headers={
            "Authorization": f"Session {token}",
            "Sec-Fetch-Site": "cross-site",
        },
    )

    assert response.json["userid"] == "alice"
    assert "Session-Token" in response.headers


def test_all_undecodable_cookies_get_the_same_answer(make):
    """The answer does not say which check failed."""
    client = make()
    client.post_json("/sign_in", {})
    [cookie] = client.cookies.values()
    other = make({"token.issuer": "https://other.example"})
    other.post_json("/sign_in", {})
    [foreign] = other.cookies.values()

    answers = set()
    for value in (
        foreign,
        cookie[:-1],
        cookie[:-1] + ("A" if cookie[-1] != "A" else "B"),
        "0." + "A" * 100,
        "0.AQ",
        "0.Ag",
        "0.",
        "",
        "1.x",
        "99.x",
        "no.base64url!",
    ):
        headers = {"Cookie": f"{NAME}={value}"}
        response = client.fresh().get(
            "/admin", headers=headers, expect_errors=True
        )
        assert response.headers["Set-Cookie"].startswith(f"{NAME}=; ")
        answers.add((response.status, response.body, *response.headerlist))

    assert len(answers) == 1
