"""What a setting's value may be."""

import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyramid.config import Configurator

from pyramid_sessiontoken.config import kinds
from pyramid_sessiontoken.config.kinds import (
    Named,
    at_least,
    at_most,
    between,
    either,
    matching,
    off_or,
    one_of,
    read_bool,
    read_callable,
    read_dotted,
    read_duration,
    read_header_name,
    read_list,
    read_path,
    read_secret,
    read_text,
)
from pyramid_sessiontoken.config.settings import TABLE

#: What an INI gives, and what the settings of Python code may be.
ANYTHING = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.text("0123456789smhd.,:/-_ \n\t\0=ainotfe")
    | st.binary()
    | st.lists(st.text() | st.integers(), max_size=3)
    | st.dictionaries(st.text(), st.text(), max_size=2)
    | st.sets(st.text(), max_size=2)
)


KINDS = {row.kind.allowed: row.kind for row in TABLE.values()}


@pytest.mark.parametrize("allowed", KINDS)
def test_every_kind_describes_its_values(allowed):
    assert allowed


@pytest.mark.parametrize("allowed", KINDS)
@given(value=ANYTHING)
def test_any_value_is_read_or_refused_with_a_value_error(allowed, value):
    try:
        KINDS[allowed].read(value)
    except ValueError as error:
        assert str(error)  # noqa: PT017


@pytest.mark.parametrize("value", ["a", " a ", "a\n"])
def test_a_text_has_no_blanks_around(value):
    assert read_text(value) == "a"


@pytest.mark.parametrize(
    "value", ["", " ", "\n", "a\nb", "a\0b", "a\x7fb", None, 5, b"a", ["a"]]
)
def test_other_values_are_no_texts(value):
    with pytest.raises(ValueError):
        read_text(value)


@pytest.mark.parametrize("value", ["Session-Token", " X-Api-Key "])
def test_a_header_name_is_read(value):
    assert read_header_name(value) == value.strip()


@pytest.mark.parametrize("value", ["", "a b", "a:", "a\r\nb", "caf\xe9", 5])
def test_other_texts_are_no_header_names(value):
    with pytest.raises(ValueError):
        read_header_name(value)


@pytest.mark.parametrize("value", ["/token", "/auth/token", "/a.b/c-d_e~1"])
def test_a_path_is_read(value):
    assert read_path(value) == value


@pytest.mark.parametrize(
    "value",
    [
        "",
        "/",
        "token",
        "/token/",
        "//token",
        "/to ken",
        "/{token}",
        "/*token",
        "/t\xf6ken",
        "/token?a=b",
        "/token#a",
        "/to%6ben",
        "http://host/token",
        5,
    ],
)
def test_other_texts_are_no_plain_paths(value):
    with pytest.raises(ValueError):
        read_path(value)


@pytest.mark.parametrize(
    ("path", "url", "match"),
    [
        ("/:name", "/anything", {"name": "anything"}),
        ("/api:name", "/apiary", {"name": "ary"}),
        ("/a/:b/c", "/a/x/c", {"b": "x"}),
    ],
)
def test_a_path_that_pyramid_reads_as_a_pattern_is_no_plain_path(
    path, url, match
):
    """``:name`` is how Pyramid used to write ``{name}``, and still reads."""
    config = Configurator()
    config.add_route("pattern", path)
    config.commit()
    (route,) = config.get_routes_mapper().get_routes()
    assert route.match(url) == match

    with pytest.raises(ValueError):
        read_path(path)


def test_a_text_must_match_its_pattern():
    read = matching("[ab]+")

    assert read(" ab ") == "ab"
    for value in ("abc", "", 5, None):
        with pytest.raises(ValueError):
            read(value)


@pytest.mark.parametrize(
    "value", [True, "true", "True", " TRUE ", "yes", "on", "1", 1]
)
def test_true_has_these_spellings(value):
    assert read_bool(value) is True


@pytest.mark.parametrize(
    "value", [False, "false", "False", " FALSE ", "no", "off", "0", 0]
)
def test_false_has_these_spellings(value):
    assert read_bool(value) is False


@pytest.mark.parametrize(
    "value",
    [
        *("", " ", "ture", "fasle", "t", "f", "y", "n", "2", "none", "null"),
        *(2, None, 1.0, 0.0, [], [True], {}, b"true"),
    ],
)
def test_a_misspelt_boolean_is_refused(value):
    with pytest.raises(ValueError, match="neither true nor false"):
        read_bool(value)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("90", 90),
        ("90s", 90),
        ("15m", 900),
        ("10h", 36000),
        ("14d", 1209600),
        (" 1h ", 3600),
        (90, 90),
        ("0", 0),
    ],
)
def test_a_duration_is_read(value, seconds):
    assert read_duration(value) == seconds


@pytest.mark.parametrize(
    "value",
    [
        *("", "h", "1.5h", "-1h", "+1h", "1 h", "1h30m", "1w", "1H", "1e3"),
        *("off", "9" * 13, "1\nh", "1_000"),
        *(True, False, None, 1.0, -5, []),
    ],
)
def test_other_texts_are_no_durations(value):
    with pytest.raises(ValueError, match="not a duration"):
        read_duration(value)


@given(st.integers(0, 36500), st.sampled_from("smhd"))
def test_a_duration_is_a_number_of_its_unit(number, unit):
    seconds = {"s": 1, "m": 60, "h": 3600, "d": 86400}[unit]

    assert read_duration(f"{number}{unit}") == number * seconds


@pytest.mark.parametrize("value", ["36501d", "876001h", "9" * 12, 10**11])
def test_a_duration_is_at_most_a_hundred_years(value):
    with pytest.raises(ValueError, match="hundred years"):
        read_duration(value)


def test_the_limits_of_a_range_are_allowed():
    assert at_most(300, read_duration)("5m") == 300
    assert at_least(1, read_duration)("1") == 1
    with pytest.raises(ValueError, match="too much"):
        at_most(300, read_duration)("301")
    with pytest.raises(ValueError, match="too little"):
        at_least(1, read_duration)("0")


@pytest.mark.parametrize(("value", "number"), [("1", 1), (" 5 ", 5), (3, 3)])
def test_a_number_in_its_range_is_read(value, number):
    assert between(1, 5)(value) == number


@pytest.mark.parametrize(
    "value", ["0", "6", "", "two", "1.0", 0, 6, 1.0, True, "-1"]
)
def test_a_number_outside_its_range_is_refused(value):
    with pytest.raises(ValueError):
        between(1, 5)(value)


@pytest.mark.parametrize("value", [None, [], {}, object()])
def test_a_value_that_is_no_number_is_in_no_range(value):
    with pytest.raises(ValueError):
        between(1, 5)(value)


@pytest.mark.parametrize("kind", [kinds.DURATION, kinds.DURATION_OR_OFF])
def test_a_lifetime_of_zero_is_refused(kind):
    assert kind.read("1s") == 1
    with pytest.raises(ValueError):
        kind.read("0")


@pytest.mark.parametrize("value", ["off", "OFF", " off ", False])
def test_off_has_these_spellings(value):
    assert off_or(read_duration)(value) is None


@pytest.mark.parametrize("value", ["of", "", "none", "no", None, True])
def test_a_misspelt_off_is_refused(value):
    with pytest.raises(ValueError):
        off_or(read_duration)(value)


def test_other_values_are_not_off():
    assert off_or(read_duration)("1h") == 3600
    assert kinds.HEADER_OR_OFF.read("X-Token") == "X-Token"


def test_one_of_several_words_is_read():
    kind = one_of("refuse", "allow")

    assert kind.allowed == "refuse | allow"
    assert kind.read("allow") == "allow"
    for value in ("Allow", "", "al", None, ["allow"], True, "refuse | allow"):
        with pytest.raises(ValueError, match="not one of them"):
            kind.read(value)


def test_a_word_or_another_value_is_read():
    read = either(("acl", "authenticated"), read_duration)

    assert read("acl") == "acl"
    assert read("1h") == 3600
    with pytest.raises(ValueError):
        read("ACL")


@pytest.mark.parametrize(
    "value",
    [
        "a b",
        "a,b",
        "a, b",
        "a ,b",
        " a\n b ",
        "\na,\n\tb\n",
        ["a", "b"],
        ("a", "b"),
    ],
)
def test_a_list_is_read(value):
    assert read_list(value) == ("a", "b")


@pytest.mark.parametrize(
    "value", ["", " ", ",", "a,", ",a", "a,,b", "a, ,b", "a\n,\n,b"]
)
def test_an_empty_item_of_a_list_is_refused(value):
    with pytest.raises(ValueError, match="empty item"):
        read_list(value)


@pytest.mark.parametrize(
    "value", [["a", ""], [" "], [None], [5], ("a", b"b"), [["a"]]]
)
def test_a_list_item_that_is_no_name_is_refused(value):
    with pytest.raises(ValueError, match="empty item"):
        read_list(value)


@pytest.mark.parametrize("value", [[], ()])
def test_an_empty_list_is_refused(value):
    with pytest.raises(ValueError, match="empty list"):
        read_list(value)


@pytest.mark.parametrize("value", ["a a", "a,b,a", ["a", "a"]])
def test_a_name_that_comes_twice_is_refused(value):
    with pytest.raises(ValueError, match="twice"):
        read_list(value)


@pytest.mark.parametrize("value", [None, 5, True, {"a"}, {"a": 1}, b"a"])
def test_other_values_are_no_lists(value):
    with pytest.raises(ValueError, match="not a list"):
        read_list(value)


NAMES = st.lists(
    st.text("abc.:=_", min_size=1, max_size=5), min_size=1, unique=True
)


@given(NAMES, st.sampled_from([" ", ",", ", ", "\n", " ,\n ", "\t"]))
def test_every_spelling_of_a_list_gives_its_items(names, separator):
    assert read_list(separator.join(names)) == tuple(names)


@pytest.mark.parametrize("name", ["json:loads", "json.loads", " json.loads "])
def test_a_dotted_name_is_imported(name):
    named = read_dotted(name)

    assert named == Named(name.strip(), json.loads)
    assert named.name == name.strip()


def test_an_object_is_taken_unchanged():
    clock = st.just(5)

    named = read_dotted(clock)

    assert named.value is clock
    assert named.name.endswith(type(clock).__name__)


@pytest.mark.parametrize(
    "name",
    [
        "no_such_module",
        "no.such.module",
        "no_such_module:attribute",
        "json:nothing",
        "json.nothing",
        "json:loads.nothing",
        "json:",
        "json..loads",
        "js on",
        "",
        "\ud800",
    ],
)
def test_an_import_that_fails_is_a_fault(name):
    with pytest.raises(ValueError):
        read_dotted(name)


@pytest.mark.parametrize(
    "name", ["..", "...", "..json", ".kinds", ".kinds:Kind", ":PREFIX", ":log"]
)
def test_a_relative_dotted_name_is_refused(name):
    """Relative to what? Not to this library, which happens to read it."""
    with pytest.raises(ValueError):
        read_dotted(name)


@pytest.mark.parametrize(
    "source",
    [
        "def broken(:",
        "1 / 0",
        "raise KeyError('a setting of its own')",
        "import no_such_module",
        "from json import nothing",
        "undefined",
    ],
)
def test_a_module_that_fails_during_import_is_a_fault(
    tmp_path, monkeypatch, source
):
    """Whatever it raises is one fault among others."""
    (tmp_path / "module_that_fails.py").write_text(source)
    monkeypatch.syspath_prepend(str(tmp_path))

    with pytest.raises(ValueError, match="cannot be imported"):
        read_dotted("module_that_fails:check")


def test_an_object_to_be_called_must_be_callable():
    assert read_callable("json:loads").value is json.loads
    assert read_callable(json.loads).value is json.loads
    for value in ("json", "json:decoder", 5, "string:digits"):
        with pytest.raises(ValueError, match="cannot be called"):
            read_callable(value)


def test_a_secret_stands_in_the_settings_the_environment_or_a_file(
    tmp_path, monkeypatch
):
    path = tmp_path / "secret with blanks"
    path.write_text("from a file\n", encoding="utf-8")
    monkeypatch.setenv("SESSIONTOKEN_TEST", " from the environment ")

    assert read_secret(" plain ") == "plain"
    assert read_secret("env:SESSIONTOKEN_TEST") == "from the environment"
    assert read_secret(f"file:{path}") == "from a file"


def test_a_text_with_a_colon_is_no_place():
    assert read_secret("environment:X") == "environment:X"


@pytest.mark.parametrize("value", ["", " ", None, 5, b"secret", "a\0b"])
def test_other_values_are_no_secrets(value):
    with pytest.raises(ValueError):
        read_secret(value)


def test_a_variable_that_is_not_set_is_a_fault(monkeypatch):
    monkeypatch.delenv("SESSIONTOKEN_TEST", raising=False)

    with pytest.raises(ValueError, match="'SESSIONTOKEN_TEST'"):
        read_secret("env:SESSIONTOKEN_TEST")


def test_a_file_that_cannot_be_read_is_named_and_not_quoted(tmp_path):
    path = tmp_path / "secret"
    path.write_bytes(b"\xff hush")

    for place in (tmp_path / "nothing", tmp_path, path):
        with pytest.raises(ValueError, match="cannot be read") as caught:
            read_secret(f"file:{place}")
        assert repr(str(place)) in str(caught.value)
        assert "hush" not in str(caught.value)


def test_reading_settings_logs_nothing(caplog):
    caplog.set_level(logging.DEBUG)

    read_dotted("json:loads")

    assert caplog.messages == []


def test_several_of_some_words_are_read():
    kind = kinds.some_of("user", "address")
    assert kind.read("address user") == ("address", "user")
    for value in ("usr", "user user", "", 7):
        with pytest.raises(ValueError):
            kind.read(value)
