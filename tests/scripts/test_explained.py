"""Whatever is shown is explained: what it is, and why it is refused."""

import jwt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import KEY, OTHER_KEY
from support.application import CLOCK
from support.shown import access_token_of, cookie_of

from pyramid_sessiontoken.keys.base64url import decode_base64url
from pyramid_sessiontoken.keys.ring import Key

NAME = "__Host-sessiontoken"
KID = Key.of(decode_base64url(KEY)).kid

BEARER = {
    "authenticators": "session cookie bearer",
    "bearer__issuer": "https://issuer.example",
    "bearer__audience": "api",
    "bearer__algorithms": "HS512",
    "bearer__key": OTHER_KEY,
}


def token_of(run, path):
    return run("issue", path, "alice")[1].strip()


def told(out):
    """Give the lines of an answer, by what they begin with."""
    return dict(line.split(": ", 1) for line in out.splitlines() if line)


@pytest.fixture
def explain(run):
    def explain_text(path, text):
        status, out, err = run("explain", path, text)
        assert err == ""
        return status, told(out)

    return explain_text


@pytest.mark.parametrize("transform", ["signed", "encrypted"])
@pytest.mark.parametrize("form", ["self-contained", "reference"])
def test_a_cookie_is_explained(explain, ini, tmp_path, transform, form):
    path = ini(
        repository="sqlalchemy",
        repository__url=f"sqlite:///{tmp_path}/s.db",
        cookie__form=form,
        cookie__transform=transform,
    )
    line = cookie_of(path, 42)
    value = line.partition("=")[2]
    for text in (
        line,
        value,
        f"Cookie: lang=de; {line}; other=1",
        f"Set-Cookie: {line}; Path=/; Secure; HttpOnly",
    ):
        status, facts = explain(path, text)
        assert status == 0
        assert facts["Verdict"] == "accepted"
        assert facts["Carrier"] == f"cookie {NAME}"
        assert facts["Form"] == form
        assert facts["Key"] == KID
        assert facts["User"] == "42"
        assert facts["Session ends"].endswith("UTC, in 10 h")
        assert value not in str(facts)


def test_chunks_are_explained_together(explain, ini):
    path = ini()
    line = cookie_of(path, claims={"x": "x" * 4000})
    assert explain(path, line)[1]["User"] == "'alice'"
    first, second = line.split("; ")
    status, facts = explain(path, first)
    assert status == 1
    assert "one of the chunks" in facts["Verdict"]
    assert explain(path, f"{second}; {first}")[0] == 0


def test_of_several_cookies_each_is_told(run, ini):
    path = ini()
    one, two = cookie_of(path, "alice"), cookie_of(path, "bob")
    status, out, _ = run("explain", path, f"{one}; {two}; {NAME}=0.junk")
    assert status == 0
    answers = out.split("\n\n")
    assert [told(answer).get("User") for answer in answers] == [
        "'alice'",
        "'bob'",
        None,
    ]
    assert told(answers[2])["Verdict"].startswith("refused, ")


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (
            {"cookie__secure": "false", "require_tls": "false"},
            f"it is for the cookie 'sessiontoken', and here is '{NAME}'",
        ),
        ({"cookie__path": "/app"}, "the cookie '__Secure-sessiontoken', and"),
        (
            {"token__issuer": "https://a.example"},
            "key is not in the key ring",
        ),
        ({"keys": OTHER_KEY}, "its key is not in the key ring"),
        ({"cookie__transform": "encrypted"}, "it has another format"),
    ],
)
def test_a_cookie_that_is_not_ours_is_told_why(explain, ini, other, reason):
    line = cookie_of(ini(**other))
    status, facts = explain(ini(), line)
    assert status == 1
    assert reason in facts["Verdict"]


def test_a_cookie_of_the_default_issuer_is_told(explain, ini):
    line = cookie_of(ini())
    path = ini(token__issuer="https://a.example", token__audience="api")
    status, facts = explain(path, line)
    assert status == 1
    for text in (
        "for the issuer 'pyramid_sessiontoken', and here is 'https://a.exam",
        "for the audience 'pyramid_sessiontoken', and here is 'api'",
    ):
        assert text in facts["Verdict"]
    assert facts["Key"] == KID


def test_a_cookie_of_another_name_is_told(explain, ini):
    path = ini()
    value = cookie_of(path).partition("=")[2]
    status, facts = explain(path, f"mine={value}")
    assert status == 1
    assert f"the cookie '{NAME}' under another name" in facts["Verdict"]
    status, facts = explain(path, f"{NAME}-own={value}")
    assert status == 1
    assert "comes back when the acting ends" in facts["Verdict"]
    assert "put aside" in facts["Carrier"]
    custom = ini(cookie__name="custom")
    line = cookie_of(custom)
    status, facts = explain(ini(), line)
    assert "it is for the cookie 'custom', and here is" in facts["Verdict"]
    status, facts = explain(ini(), "a=b; c=0.d")
    assert facts["Verdict"].endswith(
        f"'{NAME}' here, and this line has 'a', 'c'"
    )


def test_a_cookie_that_expired_is_told(explain, ini):
    path = ini()
    line = cookie_of(path)
    CLOCK.advance(4000)
    try:
        status, facts = explain(path, line)
    finally:
        CLOCK.advance(-4000)
    assert (status, facts["Verdict"]) == (1, "refused, it expired")
    assert facts["Token ends"].endswith("UTC, 6 min 40 s ago")


def test_where_no_cookie_is_accepted_that_is_told(explain, ini):
    line = cookie_of(ini())
    status, facts = explain(ini(authenticators="session"), line)
    assert status == 1
    assert "does not name 'cookie'" in facts["Verdict"]


def test_a_transform_of_the_application_has_its_own_keys(explain, ini):
    path = ini(cookie__transform="support.application:make_transform")
    status, facts = explain(path, cookie_of(path))
    assert status == 0
    assert facts["Key"] == "that of a cookie transform of the application"


def test_a_line_of_authorization_is_explained(explain, run, ini):
    path = ini()
    token = token_of(run, path)
    for text in (
        f"Authorization: Session {token}",
        f"authorization: session  {token}",
        f"Session {token}",
        f"Session-Token: {token}",
    ):
        status, facts = explain(path, text)
        assert status == 0
        assert facts["Carrier"] == "header Authorization"
        assert facts["Key"] == KID
        assert facts["Form"] == "self-contained"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "nothing was given"),
        ("Basic YWxpY2U6YWxpY2U=", "a user name and a password"),
        ("Bearer TOKEN", "the scheme is 'Session' here, not 'Bearer'"),
        ("Digest x", "no credential here has the scheme 'Digest'"),
        ("Bearer x", "no authenticator here takes a token of this kind"),
        ("X-Api-Key: x", "'x-api-key' carries no session"),
        ("Session junk", "it is not a session token, or its key"),
        ("pst_" + "x" * 43, "not a session token"),
    ],
)
def test_what_is_refused_is_told_why(explain, run, ini, text, reason):
    path = ini()
    shown = text.replace("TOKEN", token_of(run, path))
    status, facts = explain(path, shown)
    assert status == 1
    assert reason in facts["Verdict"]
    assert "YWxp" not in str(facts)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("Authorization: TOKEN", "a scheme and a credential are needed"),
        ("Cookie: TOKEN", "this line has no name and no value"),
        ("Cookie: a=b; TOKEN", "this line has 'a'"),
    ],
)
def test_a_token_in_a_line_that_lacks_a_part_is_not_printed(
    explain, run, ini, line, reason
):
    path = ini()
    token = token_of(run, path)
    status, facts = explain(path, line.replace("TOKEN", token))
    assert status == 1
    assert facts["Verdict"].endswith(reason)
    assert token not in str(facts)


def test_a_token_in_another_header_is_explained(explain, run, ini):
    path = ini(token__header="X-Token", token__renewal_header="off")
    token = token_of(run, path)
    assert explain(path, f"X-Token: {token}")[0] == 0
    status, facts = explain(path, f"Session {token}")
    assert status == 1
    assert "header tokens come in 'X-Token' here" in facts["Verdict"]


def test_a_token_of_another_key_or_issuer_is_told(explain, run, ini):
    token = token_of(run, ini(keys=OTHER_KEY, token__issuer="https://b"))
    status, facts = explain(ini(), token)
    assert status == 1
    assert "its key is not in the key ring" in facts["Verdict"]
    other = Key.of(decode_base64url(OTHER_KEY)).kid
    assert facts["Key"] == f"{other!r}, as it says itself"
    assert facts["Issuer"] == "'https://b', as it says itself"
    token = token_of(run, ini(token__issuer="https://b"))
    assert (
        "'iss' is not sessiontoken.token.issuer"
        in (explain(ini(), token)[1]["Verdict"])
    )


def test_where_no_header_token_is_accepted_that_is_told(explain, run, ini):
    token = token_of(run, ini())
    status, facts = explain(ini(authenticators="cookie"), token)
    assert status == 1
    assert "does not name 'session'" in facts["Verdict"]


def test_an_access_token_is_explained(explain, ini, tmp_path):
    path = ini(
        authenticators="session access_token",
        repository="sqlalchemy",
        repository__url=f"sqlite:///{tmp_path}/s.db",
    )
    text = access_token_of(path)
    for shown in (text, f"Bearer {text}", f"Authorization: Bearer {text}"):
        status, facts = explain(path, shown)
        assert status == 0
        assert facts["Verdict"] == "accepted"
        assert facts["User"] == "'alice'"
        assert facts["Name"] == "'robot'"
        assert facts["Last used"] == "not yet"
        assert facts["Ends"].endswith("UTC, in 1 d")
    status, facts = explain(path, text[:-1] + "~")
    assert status == 1
    assert facts["Carrier"] == "header Authorization, an access token"
    assert "altered" in facts["Verdict"] or "plain" in facts["Verdict"]
    # To explain is no use.
    assert explain(path, text)[1]["Last used"] == "not yet"


def foreign(**claims):
    now = CLOCK.now()
    payload = {
        "iss": "https://issuer.example",
        "aud": "api",
        "sub": "carol",
        "iat": now,
        "exp": now + 600,
        **claims,
    }
    return jwt.encode(payload, decode_base64url(OTHER_KEY), "HS512")


def test_a_token_of_another_issuer_is_explained(explain, ini):
    path = ini(**BEARER)
    text = foreign()
    for shown in (text, f"Bearer {text}"):
        status, facts = explain(path, shown)
        assert (status, facts["Verdict"]) == (0, "accepted")
        assert facts["Authenticator"] == "bearer"
        assert facts["User"] == "'carol'"
        assert facts["Issuer"] == (
            "'https://issuer.example', as it says itself"
        )
    late = foreign(exp=CLOCK.now() - 999)
    assert "expired" in explain(path, late)[1]["Verdict"]
    other = foreign(iss="https://other.example")
    status, facts = explain(path, other)
    assert status == 1
    assert facts["Issuer"] == "'https://other.example', as it says itself"
    status, facts = explain(ini(), text)
    assert status == 1
    assert "no authenticator here takes" in facts["Verdict"]


def test_of_several_issuers_the_one_is_told(explain, ini):
    path = ini(
        authenticators="session one=bearer two=bearer",
        one__issuer="https://one.example",
        one__audience="api",
        one__algorithms="HS512",
        one__key=OTHER_KEY,
        one__userid="one:{sub}",
        two__issuer="https://two.example",
        two__audience="api",
        two__algorithms="HS512",
        two__key=OTHER_KEY,
    )
    for name, user in (("one", "one:carol"), ("two", "carol")):
        text = foreign(iss=f"https://{name}.example")
        status, facts = explain(path, text)
        assert (status, facts["Authenticator"]) == (0, name)
        assert facts["User"] == repr(user)


def test_under_one_scheme_each_kind_finds_its_own(explain, run, ini):
    path = ini(**BEARER, token__scheme="Bearer")
    assert explain(path, f"Bearer {token_of(run, path)}")[1]["Form"]
    facts = explain(path, f"Bearer {foreign()}")[1]
    assert facts["Authenticator"] == "bearer"


@settings(
    max_examples=30,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.text(st.characters(codec="utf-8"), max_size=60))
def test_any_text_is_explained(run, ini, text):
    status, out, err = run("explain", ini(), "--", text)
    assert (status, err) == (1, "")
    assert out.startswith("Verdict: refused, ")
