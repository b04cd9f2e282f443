"""Claims are read-only JSON values."""

import copy
import datetime as dt
import json
import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyramid_sessiontoken.errors import ClaimsError
from pyramid_sessiontoken.identity import claims as claims_module
from pyramid_sessiontoken.identity.claims import (
    NO_CLAIMS,
    RESERVED,
    Claims,
    FrozenDict,
    FrozenList,
    freeze_claims,
)

TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda values: (
        st.lists(values, max_size=4)
        | st.dictionaries(TEXTS, values, max_size=4)
    ),
    max_leaves=12,
)
NAMES = TEXTS.filter(lambda name: name not in RESERVED)
CLAIMS = st.dictionaries(NAMES, VALUES, max_size=5)

# The members of a token, and names with a meaning in RFC 7519 and RFC 7800.
OWN_NAMES = (
    "iss aud sub sub_type iat exp jti sid auth_time session_end amr nbf cnf"
    " act persistent stamp began"
).split()


@given(CLAIMS)
def test_frozen_claims_are_equal_to_the_original(claims):
    frozen = freeze_claims(claims)

    assert frozen == claims
    assert json.loads(json.dumps(frozen)) == claims


@given(CLAIMS)
def test_copies_of_frozen_claims_are_equal_hash_alike_and_are_frozen(claims):
    frozen = freeze_claims(claims)

    for twin in (
        freeze_claims(copy.deepcopy(claims)),
        copy.copy(frozen),
        copy.deepcopy(frozen),
        pickle.loads(pickle.dumps(frozen)),  # noqa: S301
    ):
        assert twin == frozen
        assert hash(twin) == hash(frozen)
        assert type(twin) is Claims


def nested_values(value):
    yield value
    children = value.values() if isinstance(value, dict) else value
    for child in children:
        if isinstance(child, (dict, list)):
            yield from nested_values(child)


@given(CLAIMS)
def test_everything_inside_is_frozen_as_well(claims):
    types = {type(value) for value in nested_values(freeze_claims(claims))}

    assert types <= {Claims, FrozenDict, FrozenList}


@pytest.mark.parametrize("twin", [copy.deepcopy, copy.copy])
def test_a_copied_list_is_frozen(twin):
    roles = freeze_claims({"roles": ["admin"]})["roles"]

    assert twin(roles) == ["admin"]
    assert type(twin(roles)) is FrozenList


def test_frozen_claims_do_not_change_with_the_original():
    mine = {"roles": ["reader"], "address": {"city": "Oslo"}}

    frozen = freeze_claims(mine)
    mine["roles"].append("admin")
    mine["address"]["city"] = "Rome"
    mine["more"] = 1

    assert frozen == {"roles": ["reader"], "address": {"city": "Oslo"}}


def union(value):
    value |= {"b": 2}


def longer(value):
    value += [2]


def twice(value):
    value *= 2


@pytest.mark.parametrize(
    "change",
    [
        lambda value: value.__setitem__("a", 2),
        lambda value: value.__delitem__("a"),
        lambda value: value.update(b=2),
        lambda value: value.setdefault("b", 2),
        lambda value: value.pop("a"),
        lambda value: value.popitem(),
        lambda value: value.clear(),
        union,
    ],
)
def test_a_frozen_mapping_cannot_be_changed(change):
    claims = freeze_claims({"a": 1})

    with pytest.raises(TypeError, match="read-only"):
        change(claims)

    assert claims == {"a": 1}


@pytest.mark.parametrize(
    "change",
    [
        lambda value: value.__setitem__(0, 2),
        lambda value: value.__setitem__(slice(None), []),
        lambda value: value.__delitem__(0),
        lambda value: value.append(2),
        lambda value: value.extend([2]),
        lambda value: value.insert(0, 2),
        lambda value: value.remove(1),
        lambda value: value.pop(),
        lambda value: value.clear(),
        lambda value: value.sort(),
        lambda value: value.reverse(),
        longer,
        twice,
    ],
)
def test_a_frozen_list_cannot_be_changed(change):
    claims = freeze_claims({"a": [1, 3]})

    with pytest.raises(TypeError, match="read-only"):
        change(claims["a"])

    assert claims == {"a": [1, 3]}


def test_frozen_claims_are_not_copied_again():
    frozen = freeze_claims({"a": 1})

    assert freeze_claims(frozen) is frozen


def test_equal_names_are_one_object():
    """Tickets are remembered, and most of them have claims of the same
    names.
    """
    one, other = (
        freeze_claims(json.loads('{"tenant name": {"inner name": 1}}'))
        for _ in range(2)
    )

    assert next(iter(one)) is next(iter(other))
    assert next(iter(one["tenant name"])) is next(iter(other["tenant name"]))


def test_names_are_not_kept_for_ever():
    for number in range(3000):
        freeze_claims({f"claim of user {number}": 1})

    assert 0 < len(claims_module._NAMES) <= 1000


def test_empty_claims_are_one_shared_object():
    assert freeze_claims({}) is NO_CLAIMS


def test_a_tuple_becomes_a_list():
    assert freeze_claims({"roles": ("a", "b")}) == {"roles": ["a", "b"]}


@pytest.mark.parametrize("name", OWN_NAMES)
def test_a_claim_must_not_have_one_of_the_tokens_own_names(name):
    with pytest.raises(ClaimsError, match=repr(name)):
        freeze_claims({"mail": "a@example.org", name: "mine"})


def test_reserved_names_are_allowed_inside_another_claim():
    claims = {"profile": {"sub": "bob", "exp": 5}}

    assert freeze_claims(claims) == claims


@pytest.mark.parametrize("name", OWN_NAMES)
@pytest.mark.parametrize("twin", [dict, copy.copy, copy.deepcopy, lambda c: c])
def test_a_frozen_inner_claim_is_checked_when_it_becomes_the_claims(
    name, twin
):
    """It is read-only already, and may bear the token's own names."""
    inner = freeze_claims({"profile": {"a": 1, name: "mine"}})["profile"]

    with pytest.raises(ClaimsError, match=repr(name)):
        freeze_claims(twin(inner))


def test_read_only_mappings_that_others_made_are_looked_at():
    for made in (FrozenDict({"a": {"set"}}), FrozenDict({"sub": "alice"})):
        with pytest.raises(ClaimsError):
            freeze_claims(made)


def test_pickled_claims_are_looked_at_when_they_are_read():
    forged = Claims({"sub": "alice"})

    with pytest.raises(ClaimsError, match="'sub'"):
        pickle.loads(pickle.dumps(forged))  # noqa: S301


def test_a_name_with_its_own_equality_is_compared_as_text():
    class Sly(str):
        __slots__ = ()

        def __eq__(self, other):
            return self is other

        def __hash__(self):
            return 7

    with pytest.raises(ClaimsError, match="'sub'"):
        freeze_claims({Sly("sub"): "alice"})


@pytest.mark.parametrize("claims", [None, [], "sub", 5, [("a", 1)]])
def test_claims_are_a_mapping(claims):
    with pytest.raises(ClaimsError, match=type(claims).__name__):
        freeze_claims(claims)


@pytest.mark.parametrize(
    "claims", [{1: 2}, {None: 2}, {b"a": 1}, {"a": {1: 2}}, {"a": [{(): 2}]}]
)
def test_the_name_of_a_claim_is_a_text(claims):
    with pytest.raises(ClaimsError, match="must be a text, not"):
        freeze_claims(claims)


@pytest.mark.parametrize(
    "value",
    [
        object(),
        b"bytes",
        {"set"},
        1j,
        float("nan"),
        float("inf"),
        float("-inf"),
        dt.date(2001, 2, 3),
        len,
    ],
)
def test_a_value_that_is_not_json_is_refused_at_any_depth(value):
    name = type(value).__name__

    for claims in ({"a": value}, {"a": [value]}, {"a": {"b": value}}):
        with pytest.raises(ClaimsError, match=f"JSON value, not {name}"):
            freeze_claims(claims)


def test_a_number_that_python_might_not_write_is_refused():
    for number in (10**1000, -(10**1000), 10**5000):
        with pytest.raises(ClaimsError):
            freeze_claims({"a": number})


def in_lists(value, levels):
    for _ in range(levels):
        value = [value]
    return value


def in_mappings(value, levels):
    for _ in range(levels):
        value = {"a": value}
    return value


@pytest.mark.parametrize("wrap", [in_lists, in_mappings])
def test_claims_are_nested_up_to_sixteen_levels(wrap):
    deepest = {"a": wrap("end", 15)}

    assert freeze_claims(deepest) == deepest
    with pytest.raises(ClaimsError, match="deeper than 16"):
        freeze_claims({"a": wrap("end", 16)})


def test_a_list_that_holds_itself_is_refused():
    endless = []
    endless.append(endless)

    with pytest.raises(ClaimsError, match="deeper"):
        freeze_claims({"a": endless})


@settings(max_examples=30)
@given(TEXTS, st.characters(categories=("Cs",)), TEXTS)
def test_half_a_character_is_refused_in_names_and_values(before, half, after):
    text = before + half + after

    for claims in ({text: 1}, {"a": text}, {"a": [text]}, {"a": {text: 1}}):
        with pytest.raises(ClaimsError, match="half a character"):
            freeze_claims(claims)
