"""A userid is written as text and comes back as what it was."""

import enum
import uuid

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pyramid_sessiontoken.errors import ClaimsError
from pyramid_sessiontoken.identity.userid import (
    check_userid,
    from_subject,
    readings,
    to_subject,
)

RESERVED = ("system.", "role:", "group:", "scope:")
LIMIT = 10**254

PRINTABLE = st.characters(exclude_categories=("Cc", "Cs"))
NAMES = st.text(PRINTABLE, min_size=1, max_size=255).filter(
    lambda text: not text.startswith(RESERVED)
)
USERIDS = NAMES | st.integers(1 - LIMIT, LIMIT - 1) | st.uuids()


@given(USERIDS)
@example("7")
@example(7)
@example(-1)
@example(LIMIT - 1)
@example(1 - LIMIT)
def test_a_userid_keeps_value_and_type(userid):
    back = from_subject(*to_subject(check_userid(userid)))

    assert back == userid
    assert type(back) is type(userid)


def test_a_number_of_a_subclass_comes_back_as_a_number():
    """``check_userid`` accepts a subclass of ``int``."""

    class Account(int, enum.Enum):
        ROOT = 1

    assert from_subject(*to_subject(check_userid(Account.ROOT))) == 1


def test_a_number_and_its_text_are_two_users():
    unique = uuid.UUID(int=7)

    assert to_subject(7) == ("7", "int")
    assert to_subject("7") == ("7", "str")
    assert to_subject(unique) == (str(unique), "uuid")
    assert to_subject(str(unique)) == (str(unique), "str")


@pytest.mark.parametrize(
    "userid", [None, True, False, 1.0, b"alice", ["alice"], object()]
)
def test_another_type_is_not_a_userid(userid):
    with pytest.raises(ClaimsError, match=f"not {type(userid).__name__}"):
        check_userid(userid)


@pytest.mark.parametrize("userid", ["", "a" * 256, "\N{SNOWMAN}" * 256])
def test_a_text_has_1_to_255_characters(userid):
    with pytest.raises(ClaimsError, match="1 to 255"):
        check_userid(userid)


@pytest.mark.parametrize("userid", ["a", "a" * 255, "\N{SNOWMAN}" * 255])
def test_255_characters_are_not_too_many(userid):
    assert check_userid(userid) == userid


def test_a_number_has_less_than_255_digits():
    for userid in (LIMIT, -LIMIT, 10**5000):
        with pytest.raises(ClaimsError, match="digits"):
            check_userid(userid)


@given(
    st.text(PRINTABLE, max_size=9),
    st.characters(categories=("Cc", "Cs")),
    st.text(PRINTABLE, max_size=9),
)
@example("", "\0", "")
@example("alice", "\n", "")
@example("", "\x7f", "")
@example("", "\x9f", "")
def test_control_characters_are_refused(before, control, after):
    with pytest.raises(ClaimsError, match="control characters"):
        check_userid(before + control + after)


@pytest.mark.parametrize("prefix", RESERVED)
def test_a_userid_must_not_begin_like_a_principal(prefix):
    for userid in (prefix, f"{prefix}Everyone"):
        with pytest.raises(ClaimsError, match=f"begin with '{prefix}'"):
            check_userid(userid)


@pytest.mark.parametrize("userid", ["system", "my role:x", "roles:x", "group"])
def test_reserved_prefixes_are_allowed_inside_a_userid(userid):
    assert check_userid(userid) == userid


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("007", "int"),
        ("+7", "int"),
        (" 7", "int"),
        ("-0", "int"),
        ("1_000", "int"),
        ("7.0", "int"),
        ("", "int"),
        ("\N{ARABIC-INDIC DIGIT SEVEN}", "int"),
        pytest.param("9" * 5000, "int", id="5000 digits"),
        pytest.param(str(LIMIT), "int", id="beyond the bound"),
        ("00000000-0000-0000-0000-00000000000A", "uuid"),
        ("0" * 32, "uuid"),
        ("{00000000-0000-0000-0000-000000000007}", "uuid"),
        ("urn:uuid:00000000-0000-0000-0000-000000000007", "uuid"),
        ("alice", "uuid"),
        ("", "str"),
        ("system.Everyone", "str"),
        ("a\nb", "str"),
        ("\ud800", "str"),
        ("7", ""),
        ("7", "Int"),
        ("true", "bool"),
    ],
)
def test_another_spelling_of_a_userid_is_refused(text, kind):
    with pytest.raises(ValueError):
        from_subject(text, kind)


@given(st.text(max_size=50), st.sampled_from(["str", "int", "uuid", "x"]))
def test_a_subject_has_one_spelling(text, kind):
    try:
        userid = from_subject(text, kind)
    except ValueError:
        return

    assert to_subject(userid) == (text, kind)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("alice", ["alice"]),
        ("42", ["42", 42]),
        ("-7", ["-7", -7]),
        ("042", ["042"]),
        ("4_2", ["4_2"]),
        ("\u0664\u0662", ["\u0664\u0662"]),
        (str(uuid.UUID(int=7)), [str(uuid.UUID(int=7)), uuid.UUID(int=7)]),
        ("", []),
        ("role:admin", []),
    ],
)
def test_a_text_may_be_a_userid_of_several_types(text, found):
    assert readings(text) == found
    assert list(map(type, readings(text))) == list(map(type, found))
