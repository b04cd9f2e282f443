"""The claims of another issuer become a userid and claims."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pyramid_sessiontoken.errors import InvalidCredential
from pyramid_sessiontoken.identity.claims import RESERVED
from pyramid_sessiontoken.issuers.claims import (
    MAX_TAKEN,
    ClaimsMapping,
    Template,
    read_names,
)

CLAIMS = {
    "iss": "https://issuer.example",
    "sub": "alice",
    "number": 42,
    "https://x.example/id": "7",
    "empty": "",
    "flag": True,
    "float": 1.5,
    "list": ["a"],
    "null": None,
}


def identity(claims, template="{sub}", names=()):
    mapping = ClaimsMapping(Template(template), read_names(names))
    return mapping.identity(claims, "bearer")


def refusal(claims, template="{sub}", names=()):
    with pytest.raises(InvalidCredential) as caught:
        identity(claims, template, names)
    return caught.value.reason


@pytest.mark.parametrize(
    ("template", "userid"),
    [
        ("{sub}", "alice"),
        ("{iss}#{sub}", "https://issuer.example#alice"),
        ("{number}", "42"),
        ("x {https://x.example/id} {sub}{sub}", "x 7 alicealice"),
    ],
)
def test_a_userid_is_made_of_claims(template, userid):
    assert identity(CLAIMS, template).userid == userid


def test_braces_in_a_claim_are_not_a_template():
    claims = {"sub": "{iss}", "iss": "{sub}"}

    assert identity(claims, "{iss}{sub}").userid == "{sub}{iss}"


@pytest.mark.parametrize(
    "name", ["missing", "empty", "flag", "float", "list", "null"]
)
def test_a_claim_that_is_not_a_text_or_a_number_is_refused(name):
    assert refusal(CLAIMS, f"{{sub}}{{{name}}}") == (
        f"its {name!r} is missing, or is not a text or a number"
    )


@pytest.mark.parametrize(
    "template",
    ["", "sub", "{}", "{sub", "sub}", "{{sub}}", "{sub}}", "{a{sub}}", "}{"],
)
def test_braces_that_do_not_match_are_a_fault(template):
    with pytest.raises(ValueError, match="brace"):
        Template(template)


@pytest.mark.parametrize(
    "sub",
    [
        "system.Everyone",
        "role:admin",
        "group:x",
        "scope:x",
        "x" * 256,
        "a\nb",
        "\x7f",
        "\ud800",
    ],
)
def test_a_userid_that_no_session_can_have_is_refused(sub):
    assert "userid" in refusal({"sub": sub})


# Claims.


def test_only_named_claims_are_taken_over():
    claims = {
        "sub": "alice",
        "roles": ["admin"],
        "groups": ["staff"],
        "scope": "read",
        "email": "a@b.example",
    }

    assert identity(claims).claims == {}
    assert identity(claims, names=["email", "groups=roles"]).claims == {
        "email": "a@b.example",
        "roles": ["staff"],
    }
    assert identity(claims, names=["roles"]).claims == {"roles": ["admin"]}
    assert identity(claims, names=["missing"]).claims == {}


def test_the_identity_names_its_authenticator():
    assert identity({"sub": "alice"}).authenticator == "bearer"


def test_names_are_read():
    items = ["email", "groups=roles", "https://x.example/?a=b=name", "exp=e"]

    assert read_names(items) == {
        "email": "email",
        "groups": "roles",
        "https://x.example/?a=b": "name",
        "exp": "e",
    }


@pytest.mark.parametrize(
    ("items", "why"),
    [
        (["="], "lacks a name"),
        (["a="], "lacks a name"),
        (["=a"], "lacks a name"),
        (["a=x", "b=x"], "named already"),
        (["x", "a=x"], "named already"),
        (["a=x", "a=y"], "named already"),
        *(([f"a={name}"], "own names") for name in RESERVED),
        *(([name], "own names") for name in RESERVED),
    ],
)
def test_invalid_names_are_a_fault(items, why):
    with pytest.raises(ValueError, match=why):
        read_names(items)


@pytest.mark.parametrize(
    "value", ["\ud800", float("inf"), 10**2000, {"a": "\ud800"}]
)
def test_a_claim_that_a_token_cannot_carry_is_refused(value):
    assert refusal({"sub": "a", "x": value}, names=["x"])
    assert identity({"sub": "a", "x": value}).claims == {}


def test_claims_that_are_taken_over_must_fit_into_a_token():
    assert identity({"sub": "a", "x": "x" * 4000}, names=["x"])
    assert str(MAX_TAKEN) in refusal({"sub": "a", "x": "x" * 4500}, names="x")
    assert str(MAX_TAKEN) in refusal(
        {"sub": "\U0001f600" * 255, "x": "x" * 2000}, names="x"
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda some: st.lists(some) | st.dictionaries(st.text(), some),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(["sub", "iss", "x", "roles"]), JSON))
@example({"sub": "a", "iss": 10**300})
def test_any_claims_are_given_or_refused(claims):
    try:
        found = identity(claims, "{iss}#{sub}", ["x", "roles"])
    except InvalidCredential as error:
        assert "\n" not in error.reason  # noqa: PT017
        return
    assert found.userid == f"{claims['iss']}#{claims['sub']}"
    assert set(found.claims) == {"x", "roles"} & set(claims)
