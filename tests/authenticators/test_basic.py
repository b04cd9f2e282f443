"""A user name and a password, exactly as RFC 7617 describes them."""

import base64
import logging

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pyramid.registry import Registry
from pyramid.request import Request
from support.states import begin_state
from zope.interface.verify import verifyObject

from pyramid_sessiontoken.authenticators.basic import (
    BasicAuthenticator,
    is_script,
    parse_credential,
)
from pyramid_sessiontoken.authenticators.chain import Chain
from pyramid_sessiontoken.authenticators.passwords import Passwords
from pyramid_sessiontoken.authenticators.state import Refusal
from pyramid_sessiontoken.errors import InvalidCredential
from pyramid_sessiontoken.identity import Identity
from pyramid_sessiontoken.interfaces import IAuthenticator
from pyramid_sessiontoken.policy.cross_site import allow_all

PASSWORD = "correct horse battery staple"


def make_request(header=None, **environ):
    request = Request.blank("/", environ=environ)
    request.registry = Registry("test")
    if header is not None:
        request.environ["HTTP_AUTHORIZATION"] = header
    return request


def credential(username="alice", password=PASSWORD, codec="utf-8"):
    return base64.b64encode(f"{username}:{password}".encode(codec)).decode()


class Check:
    """Know alice, and note the user names that were asked for."""

    def __init__(self):
        self.asked = []

    def __call__(self, username, password, request):
        self.asked.append((username, password))
        return username == "alice" and password == PASSWORD


def everybody(username, password, request):
    return True


def basic(check, *realm):
    return BasicAuthenticator(Passwords(check, "basic"), *realm)


def ask(authenticator, request):
    """Ask the authenticator through a chain."""
    state = begin_state(request)
    request.registry.registerUtility(authenticator, IAuthenticator, "basic")
    return Chain(allow_all).ask(request, state, "basic")


def refusal(authenticator, header):
    """Give the reason of the refusal; any other answer fails the test."""
    refused = ask(authenticator, make_request(header))
    assert isinstance(refused, Refusal)
    return refused.reason


def test_the_authenticator_provides_its_interface():
    authenticator = basic(everybody)

    assert verifyObject(IAuthenticator, authenticator)
    assert authenticator.scheme == "Basic"
    assert authenticator.ambient is True
    assert authenticator.vary == ("Authorization",)


@pytest.mark.parametrize("scheme", ["Basic", "basic", "BASIC"])
def test_a_password_is_checked_and_gives_its_user(scheme):
    check = Check()
    request = make_request(f"{scheme} {credential()}")

    identity = basic(check).authenticate(request)

    assert identity == Identity("alice", authenticator="basic")
    assert check.asked == [("alice", PASSWORD)]


@pytest.mark.parametrize(
    "header", [None, "", "Session abc", "Bearer abc", f"Basi {credential()}"]
)
def test_other_schemes_are_ignored(header):
    check = Check()

    assert basic(check).authenticate(make_request(header)) is None
    assert check.asked == []


def test_a_password_in_the_url_or_in_the_body_is_never_read():
    check = Check()
    shown = credential()
    request = Request.blank(
        f"https://alice:secret@localhost/?Authorization=Basic%20{shown}",
        POST={"Authorization": f"Basic {shown}"},
    )

    assert basic(check).authenticate(request) is None
    assert check.asked == []


def test_the_check_sees_the_request():
    seen = []
    request = make_request(f"Basic {credential()}")

    basic(lambda *args: seen.append(args) or "bob").authenticate(request)

    assert seen == [("alice", PASSWORD, request)]


@pytest.mark.parametrize("answer", [None, False])
def test_unknown_user_and_wrong_password_are_alike(answer):
    authenticator = basic(lambda *args: answer)

    reason = refusal(authenticator, f"Basic {credential()}")

    assert reason == "unknown user or wrong password for 'alice'"


def test_claims_that_come_with_the_user_are_taken():
    authenticator = basic(lambda *args: {"sub": 7, "roles": ["admin"]})

    identity = ask(authenticator, make_request(f"Basic {credential()}"))

    assert identity == Identity(7, {"roles": ["admin"]}, "basic")


# The credential.

PARTS = st.characters(exclude_categories=("Cc", "Cs"))


@given(
    st.text(PARTS, min_size=1).filter(lambda text: ":" not in text),
    st.text(PARTS, min_size=1),
)
@example("alice", " blanks around ")
@example("alice", "colons:in:it:")
@example("al ice", "caf\xe9 and cafe\u0301")
def test_name_and_password_are_read_unchanged(username, password):
    parsed = parse_credential(credential(username, password))

    assert parsed == (username, password)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("alice", id="no base64"),
        pytest.param(f"{credential()} {credential()}", id="two"),
        pytest.param(f"{credential()}, {credential()}", id="a list"),
        pytest.param(f"{credential()[:8]} {credential()[8:]}", id="blank"),
        pytest.param(f"{credential()[:8]}\n{credential()[8:]}", id="new line"),
        pytest.param(credential() + "=", id="more padding"),
        pytest.param(credential("ab", "c").rstrip("="), id="less"),
        pytest.param(credential()[:-1], id="cut"),
        pytest.param("YTpiYw=", id="half the padding"),
        pytest.param("YTpiYx==", id="stray bits"),
        pytest.param("YTr_-yE=", id="base64url"),
        pytest.param(credential("alice", "caf\xe9", "latin-1"), id="latin-1"),
        pytest.param(credential("alice", "a", "utf-16"), id="utf-16"),
        pytest.param(base64.b64encode(b"alice").decode(), id="no colon"),
        pytest.param(credential(username=""), id="no user name"),
        pytest.param(credential(username="ali\0ce"), id="nul"),
        pytest.param(credential(password="a\nb"), id="line feed"),
        pytest.param(credential(password="a\x7f"), id="delete"),
        pytest.param(credential(password="a\x85"), id="C1 control"),
        pytest.param(credential(password="x" * 6200), id="too long"),
        pytest.param("=" * 10**6, id="huge"),
    ],
)
def test_a_malformed_credential_is_refused_before_the_check_is_called(text):
    check = Check()

    reason = refusal(basic(check), f"Basic {text}")

    assert check.asked == []
    assert len(reason) < 60


def test_a_credential_over_8192_characters_is_refused():
    longest = credential("alice", "x" * (8192 // 4 * 3 - len("alice:")))

    assert len(longest) == 8192
    assert parse_credential(longest)[0] == "alice"
    with pytest.raises(InvalidCredential, match="longer than 8192"):
        parse_credential(longest + "AAAA")


HOSTILE = (
    st.text()
    | st.text(st.characters(max_codepoint=255))
    | st.binary().map(lambda raw: base64.b64encode(raw).decode())
    | st.text().map(
        lambda text: base64.b64encode(
            f"{text}:x".encode("utf-8", "surrogatepass")
        ).decode()
    )
    | st.sampled_from(["system.", "role:", "group:", "a\0"]).map(credential)
)


@settings(max_examples=200)
@given(st.sampled_from(["", "Basic ", "basic  ", "Basic\t"]), HOSTILE)
@example("Basic ", "\ud800")
@example("Basic ", "\0" * 70000)
@example("Basic ", credential("system.Everyone"))
@example("Basic ", credential("a" * 256))
def test_any_header_value_is_accepted_or_refused(scheme, text):
    """The check accepts every user, so only the grammar can refuse."""
    request = make_request(scheme + text)

    answer = ask(basic(everybody), request)

    assert answer is None or isinstance(answer, (Identity, Refusal))


def test_a_name_that_no_user_can_have_is_refused_like_any_credential():
    """For a bad credential an authenticator raises only
    ``InvalidCredential``; code that calls one directly relies on it.
    """
    request = make_request(f"Basic {credential('system.Everyone')}")

    with pytest.raises(InvalidCredential):
        basic(everybody).authenticate(request)


def test_the_password_appears_neither_in_the_log_nor_in_the_reason(caplog):
    caplog.set_level(logging.DEBUG)
    authenticator = basic(Check())
    secrets = ("hunter2-hunter2", "hunter2\nhunter2", "hunter2\xa0hunter2")
    for secret in secrets:
        for shown in (
            credential("bob", secret),
            credential("bob", secret) + "=",
            credential("bob", secret, "latin-1"),
            base64.b64encode(secret.encode()).decode(),
            f"bob:{secret}",
        ):
            reason = refusal(authenticator, f"Basic {shown}")
            assert "hunter2" not in reason
            assert shown not in reason

    assert len(caplog.messages) == 15
    assert "hunter2" not in caplog.text


def test_a_user_name_cannot_forge_a_line_of_the_log(caplog):
    caplog.set_level(logging.INFO)

    shown = credential("eve\u2028\u202einfo: alice signed in")

    refusal(basic(Check()), f"Basic {shown}")

    (message,) = caplog.messages
    assert message.isascii()
    assert len(message.splitlines()) == 1


# The challenge.


def test_a_page_is_asked_for_a_password_in_utf_8():
    authenticator = basic(everybody, 'the "inner" circle')

    assert authenticator.challenge(make_request()) == (
        r'Basic realm="the \"inner\" circle", charset="UTF-8"'
    )


def test_the_default_realm_is_session():
    challenge = basic(everybody).challenge(make_request())

    assert challenge.startswith('Basic realm="session"')


@pytest.mark.parametrize(
    ("environ", "script"),
    [
        ({}, False),
        ({"HTTP_SEC_FETCH_MODE": "navigate"}, False),
        ({"HTTP_SEC_FETCH_MODE": "cors"}, True),
        ({"HTTP_SEC_FETCH_MODE": "no-cors"}, True),
        ({"HTTP_SEC_FETCH_MODE": "same-origin"}, True),
        ({"HTTP_SEC_FETCH_MODE": ""}, True),
        ({"HTTP_X_REQUESTED_WITH": "XMLHttpRequest"}, True),
        ({"HTTP_X_REQUESTED_WITH": "xmlhttprequest"}, True),
        ({"HTTP_X_REQUESTED_WITH": "com.example.app"}, False),
        (
            {
                "HTTP_X_REQUESTED_WITH": "XMLHttpRequest",
                "HTTP_SEC_FETCH_MODE": "navigate",
            },
            True,
        ),
    ],
)
def test_a_script_is_recognized(environ, script):
    assert is_script(make_request(**environ).environ) is script
