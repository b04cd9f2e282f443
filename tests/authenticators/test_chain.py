"""Each authenticator finds nothing, vouches, or refuses; the order counts."""

import itertools
import logging

import pytest
from pyramid.registry import Registry
from pyramid.request import Request
from support.states import begin_state
from zope.interface import implementer

from pyramid_sessiontoken.authenticators.chain import Chain, is_explicit
from pyramid_sessiontoken.authenticators.state import (
    Refusal,
    Status,
)
from pyramid_sessiontoken.errors import (
    InvalidCredential,
    RepositoryUnavailable,
    SessionTokenError,
    Undecodable,
)
from pyramid_sessiontoken.identity import Identity
from pyramid_sessiontoken.interfaces import IAuthenticator
from pyramid_sessiontoken.policy.cross_site import is_cross_site


@implementer(IAuthenticator)
class Own:
    """An authenticator with a given answer."""

    def __init__(self, answer=None, scheme=None, ambient=False, vary=()):
        self.answer = answer
        self.scheme = scheme
        self.ambient = ambient
        self.vary = vary
        self.asked = 0

    def authenticate(self, request):
        self.asked += 1
        answer = self.answer() if callable(self.answer) else self.answer
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def challenge(self, request):
        return None


#: The scheme of an authenticator, and whether it is ambient.
KINDS = {
    "session": ("Session", False),
    "api_key": (None, False),
    # Browsers send it by themselves, and it is in Authorization.
    "basic": ("Basic", True),
    "cookie": (None, True),
}
EXPLICIT = ("session", "api_key", "basic")
OUTCOMES = ("nothing", "vouches", "refuses", "names nobody")


class Story:
    """One request, and authenticators named by their place in the list."""

    def __init__(self, *authenticators, **options):
        self.names = [str(place) for place in range(len(authenticators))]
        self.request = Request.blank("/", **options)
        self.request.registry = Registry("test")
        self.request.registry.settings = {}
        for name, own in zip(self.names, authenticators, strict=True):
            self.request.registry.registerUtility(own, IAuthenticator, name)
        self.state = begin_state(self.request)

    def judge(self):
        return Chain(is_cross_site).first(self.request, self.state, self.names)

    def winner(self):
        """Give the place of the authenticator that vouched, ``None`` for an
        unknown user, or "refused" and the place of the one that refused.
        """
        answer = self.judge()
        if isinstance(answer, Refusal):
            return ("refused", int(answer.reason))
        return None if answer is None else int(answer.authenticator)


def make(kind, outcome, place):
    scheme, ambient = KINDS[kind]
    answer = {
        "nothing": None,
        "vouches": Identity(f"user-{place}"),
        "refuses": InvalidCredential(str(place)),
        "names nobody": Identity(None, {"device": "trusted"}),
    }[outcome]
    return Own(answer, scheme, ambient)


def expected(shown):
    """Give the winner by the contract: the first that vouches, but no
    ambient one where an explicit one is refused.
    """
    explicit_refused = [
        place
        for place, (kind, outcome) in enumerate(shown)
        if outcome == "refuses" and kind in EXPLICIT
    ]
    refused = explicit_refused or [
        place
        for place, (_, outcome) in enumerate(shown)
        if outcome == "refuses"
    ]
    for place, (kind, outcome) in enumerate(shown):
        if outcome == "vouches" and (kind in EXPLICIT or not explicit_refused):
            return place
    return ("refused", refused[0]) if refused else None


def played(shown):
    return Story(
        *(
            make(kind, outcome, place)
            for place, (kind, outcome) in enumerate(shown)
        )
    ).winner()


CREDENTIALS = list(itertools.product(KINDS, OUTCOMES))


@pytest.mark.parametrize("length", [0, 1, 2])
def test_every_short_chain_is_decided_as_the_contract_says(length):
    wrong = [
        shown
        for shown in itertools.product(CREDENTIALS, repeat=length)
        if played(shown) != expected(shown)
    ]

    assert wrong == []


def test_the_order_of_a_longer_chain_does_not_matter_without_a_conflict():
    wrong = []
    for shown in itertools.product(CREDENTIALS, repeat=3):
        outcomes = [outcome for _, outcome in shown]
        if outcomes.count("vouches") > 1 and ("refuses" in outcomes):
            continue
        if played(shown) != expected(shown):
            wrong.append(shown)

    assert wrong == []


def test_a_refused_explicit_credential_is_never_replaced_by_an_ambient_one():
    wrong = []
    for shown in itertools.product(CREDENTIALS, repeat=3):
        winner = played(shown)
        if isinstance(winner, int):
            kind, outcome = shown[winner]
            assert outcome == "vouches"
            if kind == "cookie" and any(
                (other, "refuses") in shown for other in EXPLICIT
            ):
                wrong.append(shown)

    assert wrong == []


def test_a_refused_cookie_never_shadows_another_credential():
    wrong = []
    for shown in itertools.product(CREDENTIALS, repeat=2):
        for place in range(3):
            longer = [*shown[:place], ("cookie", "refuses"), *shown[place:]]
            without = played(shown)
            winner = played(longer)
            if isinstance(without, int):
                moved = without + (without >= place)
                if winner != moved:
                    wrong.append(longer)
            elif isinstance(winner, int):
                wrong.append(longer)

    assert wrong == []


@pytest.mark.parametrize(
    ("kind", "explicit"),
    [("session", True), ("api_key", True), ("basic", True), ("cookie", False)],
)
def test_credentials_in_authorization_are_explicit(kind, explicit):
    assert is_explicit(make(kind, "nothing", 0)) is explicit


def test_an_explicit_credential_that_vouches_spares_asking_the_rest():
    first = make("session", "vouches", 0)
    others = [make(kind, "refuses", 1) for kind in KINDS]

    assert Story(first, *others).winner() == 0
    assert [own.asked for own in others] == [0, 0, 0, 0]


# Identities.


def test_an_identity_gets_the_name_in_the_list():
    """Even if the authenticator gives itself another name."""
    ours = Identity("alice", {"a": 1}, "something else")

    assert Story(Own(ours)).judge() == Identity("alice", {"a": 1}, "0")


def test_an_identity_with_the_right_name_is_not_copied():
    ours = Identity("alice", authenticator="0")

    assert Story(Own(ours)).judge() is ours


def test_an_identity_without_a_userid_signs_no_user_in():
    story = Story(Own(Identity(None, {"device": "trusted"})))

    assert story.judge() is None
    assert story.state.untold == ()


def test_each_authenticator_is_asked_once_a_request():
    found, empty = Own(Identity("alice")), Own()
    refusing = Own(InvalidCredential("no"), ambient=True)
    story = Story(empty, refusing, found)

    for _ in range(3):
        assert story.judge().userid == "alice"

    assert [own.asked for own in (empty, refusing, found)] == [1, 1, 1]
    assert len(story.state.untold) == 1


def test_headers_that_were_read_are_noted_for_vary():
    story = Story(
        Own(vary=("X-One", "X-Two")),
        Own(Identity("alice"), vary=("X-Two", "X-Three")),
        Own(Identity("bob"), vary=("X-Four",)),
    )

    story.judge()

    assert story.state.vary == ("X-One", "X-Two", "X-Two", "X-Three")


# Refusals.


def test_a_refusal_is_logged_once_and_noted_once(caplog):
    caplog.set_level(logging.DEBUG)
    story = Story(Own(InvalidCredential("it is made of straw")))

    for _ in range(2):
        assert story.judge() == Refusal("0", "it is made of straw")

    (record,) = caplog.records
    assert record.name == "pyramid_sessiontoken"
    assert record.levelno == logging.INFO
    assert record.getMessage() == "0 refused: it is made of straw [refused]"
    assert story.state.untold == (Refusal("0", "it is made of straw"),)
    assert story.state.refusal("0") == story.judge()
    assert story.state.refusal("1") is None


@pytest.mark.parametrize(
    "userid", ["system.Everyone", "", "a\0", True, 1.5, "role:admin"]
)
def test_an_identity_that_no_token_can_carry_is_a_refused_credential(userid):
    story = Story(Own(lambda: Identity(userid)))

    refusal = story.judge()

    assert isinstance(refusal, Refusal)
    assert "userid" in refusal.reason
    assert story.state.untold == (refusal,)


@pytest.mark.parametrize("first", ["refused", "found"])
def test_the_reason_of_an_explicit_credential_is_reported(first):
    """The refusal of the cookie counts less."""
    cookie = make("cookie", "refuses" if first == "refused" else "vouches", 0)

    assert Story(cookie, make("session", "refuses", 1)).winner() == (
        "refused",
        1,
    )


def test_an_undecodable_cookie_is_to_be_deleted():
    story = Story(Own(Undecodable("it is cut"), ambient=True))

    assert story.judge() == Refusal("0", "it is cut", code="undecodable")
    assert story.state.status is Status.DISCARD


def test_any_other_refusal_does_not_change_the_response():
    story = Story(Own(InvalidCredential("it expired"), ambient=True))

    story.judge()

    assert story.state.status is Status.NONE


# Cross-site requests.

CROSS_SITE = {
    "method": "POST",
    "environ": {"HTTP_SEC_FETCH_SITE": "cross-site"},
}


@pytest.mark.parametrize("kind", ["basic", "cookie"])
def test_ambient_credentials_are_refused_in_cross_site_requests(kind):
    story = Story(make(kind, "vouches", 0), **CROSS_SITE)

    refusal = story.judge()

    assert isinstance(refusal, Refusal)
    assert "another site" in refusal.reason
    assert len(story.state.untold) == 1


@pytest.mark.parametrize("kind", ["session", "api_key"])
def test_explicit_credentials_are_accepted_in_cross_site_requests(kind):
    assert Story(make(kind, "vouches", 0), **CROSS_SITE).winner() == 0


@pytest.mark.parametrize("kind", KINDS)
def test_same_site_and_safe_requests_may_use_any_credential(kind):
    own = make(kind, "vouches", 0)

    assert Story(own, method="POST").winner() == 0
    assert Story(own, environ=CROSS_SITE["environ"]).winner() == 0


def test_a_cookie_of_a_cross_site_request_hides_no_other_credential():
    cookie = make("cookie", "vouches", 0)
    token = make("session", "vouches", 1)

    assert Story(cookie, token, **CROSS_SITE).winner() == 1


# Errors.


@pytest.mark.parametrize(
    "error", [RepositoryUnavailable("down"), KeyError("bug"), OSError()]
)
def test_a_failure_is_neither_a_refusal_nor_an_unknown_user(error, caplog):
    caplog.set_level(logging.DEBUG)
    own = Own(error)
    story = Story(Own(InvalidCredential("no"), ambient=True), own)

    for _ in range(2):
        with pytest.raises(type(error)) as caught:
            story.judge()
        assert caught.value is error

    # The error is kept like an answer, and is no refusal.
    assert own.asked == 1
    assert len(story.state.untold) == 1
    assert caplog.messages == ["0 refused: no [refused]"]


@pytest.mark.parametrize(
    "answer", ["alice", 42, {"sub": "alice"}, True, False, 0, "", {}]
)
def test_an_answer_that_is_no_identity_is_a_type_error(answer):
    story = Story(Own(answer))

    with pytest.raises(TypeError, match=r"'0' gave .*, not an Identity"):
        story.judge()


def test_a_keyboard_interrupt_is_not_kept_as_an_answer():
    own = Own(KeyboardInterrupt())
    story = Story(own)

    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            story.judge()

    assert own.asked == 2


def test_an_unregistered_authenticator_is_named_in_the_error():
    story = Story()
    story.names = ["own"]
    with pytest.raises(SessionTokenError, match="'own'"):
        story.judge()
