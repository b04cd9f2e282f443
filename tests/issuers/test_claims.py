"""The claims of another issuer become a userid and claims."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pyramid_sessiontoken.errors import InvalidCredential
from pyramid_sessiontoken.identity.claims import RESERVED
from pyramid_sessiontoken.issuers.claims import (
    ABSENT,
    MAX_TAKEN,
    ClaimsMapping,
    Template,
    find_claim,
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
def test_a_claim_that_is_no_text_makes_no_userid(name):
    assert refusal(CLAIMS, f"{{sub}}:{{{name}}}") == (
        f"its {name!r} is missing, or is not a text or a number"
    )


@pytest.mark.parametrize(
    "template",
    ["", "sub", "{}", "{sub", "sub}", "{{sub}}", "{sub}}", "{a{sub}}", "}{"],
)
def test_braces_that_do_not_match_are_a_fault(template):
    with pytest.raises(ValueError, match="brace"):
        Template(template)


# Two users never have one userid.


@pytest.mark.parametrize(
    ("template", "claims"),
    [
        ("{a}#{b}", {"a": "a#b", "b": "c"}),
        ("{a}#{b}", {"a": "#", "b": "c"}),
        ("{a}##{b}", {"a": "a#", "b": "b"}),
        ("{a}#{b}.{c}", {"a": "a", "b": "b.x", "c": "c"}),
        ("{a}{a}#{b}", {"a": "#", "b": "c"}),
        ("{a}--{a}{a}-{b}", {"a": "x-", "b": "c"}),
        ("{a}{iss}{b}", {"a": "x https://i.example y", "b": "z"}),
    ],
)
def test_a_claim_that_contains_the_separator_is_refused(template, claims):
    told = refusal({"iss": "https://i.example", **claims}, template)

    assert "which separates the claims in the userid" in told
    assert claims["b"] not in told or len(claims["b"]) < 2


@pytest.mark.parametrize(
    ("template", "claims", "userid"),
    [
        ("{a}#{b}", {"a": "a", "b": "b#c"}, "a#b#c"),
        ("{a}##{b}", {"a": "#a", "b": "#"}, "#a###"),
        ("{a}", {"a": "a#b"}, "a#b"),
        ("{iss}#{a}", {"a": "a#b"}, "https://i.example#a#b"),
        ("{a}@{iss}", {"a": "a@b"}, "a@b@https://i.example"),
        ("#{a}#", {"a": "#"}, "###"),
        ("{a}{a}", {"a": "#"}, "##"),
        ("{iss}{iss}{a}", {"a": "x"}, "https://i.examplehttps://i.examplex"),
    ],
)
def test_other_claims_may_contain_that_text(template, claims, userid):
    said = {"iss": "https://i.example", **claims}

    assert identity(said, template).userid == userid


@pytest.mark.parametrize(
    "template", ["{a}{b}", "{iss}#{a}{b}", "{a}{a}{b}", "x{a}-{b}{c}"]
)
def test_claims_without_a_separator_are_a_fault(template):
    with pytest.raises(ValueError, match="there is no text between"):
        Template(template)


PIECES = st.text("ab#", min_size=1, max_size=4)
TEMPLATES = st.sampled_from(
    ["{a}#{b}", "{a}##{b}#{c}", "{a}{a}#{b}", "a{a}ab{b}a{iss}{c}", "{a}b{b}"]
)


@given(
    TEMPLATES,
    *(st.fixed_dictionaries(dict.fromkeys("abc", PIECES)) for _ in range(2)),
)
@example("{a}#{b}", {"a": "a#b", "b": "c"}, {"a": "a", "b": "b#c"})
def test_two_users_never_have_one_userid(template, one, other):
    names = [n for n in "abc" if f"{{{n}}}" in template]
    try:
        filled = [
            identity({"iss": "#", **claims}, template).userid
            for claims in (one, other)
        ]
    except InvalidCredential:
        return

    assert (filled[0] == filled[1]) == all(
        one[name] == other[name] for name in names
    )


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


NESTED = {
    "sub": "alice",
    "realm_access": {"roles": ["admin"], "x.y": 1},
    "a.b": {"c": "longest", "d": {"e": 2}},
    "a": {"b": {"c": "shorter", "f": 3}, "b.c": "middle"},
    "https://x.example/roles": ["writer"],
    "text": "no object",
    "list": [{"0": 1}],
    "whole.name": "whole",
    "whole": {"name": "split"},
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("realm_access.roles", ["admin"]),
        ("realm_access.x.y", 1),
        ("whole.name", "whole"),
        ("a.b.c", "longest"),
        ("a.b.d.e", 2),
        ("a.b.f", 3),
        ("https://x.example/roles", ["writer"]),
        ("realm_access", {"roles": ["admin"], "x.y": 1}),
    ],
)
def test_a_nested_claim_is_found_by_its_path(path, value):
    """A name as it stands wins, then the longest name of an object."""
    assert find_claim(NESTED, path) == value
    assert identity(NESTED, names=[f"{path}=found"]).claims == {"found": value}


@pytest.mark.parametrize(
    "path",
    [
        "realm_access.missing",
        "text.x",
        "list.0",
        "realm_access.roles.admin",
        ".realm_access",
        "realm_access.",
        "realm_access..roles",
        ".",
        "missing",
    ],
)
def test_a_path_through_other_values_than_objects_finds_no_claim(path):
    assert find_claim(NESTED, path) is ABSENT
    assert identity(NESTED, names=[f"{path}=found"]).claims == {}


def test_a_userid_may_come_from_a_nested_claim():
    claims = {"sub": "x", "tenant": {"id": 7}}

    assert identity(claims, "{tenant.id}/{sub}").userid == "7/x"


def test_a_missing_claim_is_logged_once(caplog):
    mapped = ClaimsMapping(
        Template("{sub}"), read_names(["email", "a.b=c", "d"])
    )

    for number in range(3):
        mapped.identity({"sub": "alice", "d": number}, "google")
    mapped.identity({"sub": "alice"}, "google")

    assert caplog.messages == [
        f"sessiontoken.google.claims: a token has no claim {name!r} (this"
        " warning comes once)"
        for name in ("email", "a.b", "d")
    ]
    assert {record.levelname for record in caplog.records} == {"WARNING"}


@pytest.mark.parametrize("ours", ["roles", "groups"])
def test_one_role_or_group_as_a_text_becomes_a_list(ours):
    claims = {"sub": "alice", "team": "staff", "teams": ["a", "b"], "no": 5}

    assert identity(claims, names=[f"team={ours}"]).claims == {ours: ["staff"]}
    assert identity(claims, names=[f"teams={ours}"]).claims == {
        ours: ["a", "b"]
    }
    assert identity(claims, names=[f"no={ours}"]).claims == {ours: 5}
    assert identity(claims, names=["team=scope"]).claims == {"scope": "staff"}


def test_the_identity_names_its_authenticator():
    assert identity({"sub": "alice"}).authenticator == "bearer"


def test_names_of_claims_are_read():
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
        (["realm_access.roles"], "realm_access.roles=roles"),
        (["https://x.example/team"], "has a dot"),
        (["a."], "a.=name"),
        (["a.b=x", "a.b=y"], "named already"),
        (["act=actor"], "says who acts for the user"),
        (["act.sub=delegate"], "says who acts for the user"),
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


def test_claims_have_no_limit_where_no_token_holds_them():
    mapped = ClaimsMapping(Template("{sub}"), read_names(["x"]), None)

    claims = mapped.identity({"sub": "a", "x": "x" * 6000}, "bearer").claims

    assert claims == {"x": "x" * 6000}


def test_claims_that_are_too_large_are_refused():
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
    assert not isinstance(found.claims.get("roles"), str)
