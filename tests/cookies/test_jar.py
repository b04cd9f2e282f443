"""The chunks and the attributes of a cookie."""

import itertools
import re
import string
import sys
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pyramid_sessiontoken.cookies.jar import CookieShown, Jar
from pyramid_sessiontoken.errors import ClaimsError

NAME = "__Host-sessiontoken"
ALPHABET = string.ascii_letters + string.digits + "-_"

#: RFC 6265, section 4.1.1.
COOKIE_OCTETS = re.compile(r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*")

#: All its parts are different.
LONG = "".join(map("".join, itertools.product(ALPHABET, repeat=3)))


class Browser:
    """A browser that keeps and sends cookies (RFC 6265, sections 5.3, 5.4)."""

    def __init__(self):
        self.cookies = {}

    def take(self, headers):
        for field, header in headers:
            assert field == "Set-Cookie"
            pair, *attributes = header.split("; ")
            name, equals, value = pair.partition("=")
            assert equals
            if "Max-Age=0" in attributes:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value

    @property
    def environ(self):
        pairs = [f"{name}={value}" for name, value in self.cookies.items()]
        return {"HTTP_COOKIE": "; ".join(pairs)}


def read(jar, *pairs):
    return jar.read({"HTTP_COOKIE": "; ".join(pairs)})


def values(jar, *pairs):
    shown = read(jar, *pairs)
    assert shown is not None
    return list(shown.values)


def write(jar, text):
    """Give a written text as pairs."""
    headers = jar.write(text, None, None)
    return [header.partition(";")[0] for _, header in headers]


def attributes(header):
    return header.split("; ")[1:]


@pytest.fixture
def small():
    """Four cookies of 100 bytes: 97 and three times 100 of text."""
    return Jar(NAME, chunk_size=100, max_chunks=4)


# Written and read.


@pytest.mark.parametrize("length", range(398))
def test_a_text_of_any_length_is_read_back(small, length):
    browser, text = Browser(), LONG[:length]

    browser.take(small.write(text, None, None))

    assert small.read(browser.environ).values == (text,)
    assert len(browser.cookies) == 1 + -(-max(0, length - 97) // 100)


@pytest.mark.parametrize("length", [3796, 3797, 3798, 7596, 7597])
def test_the_default_is_two_cookies_of_3800_bytes(length):
    jar, browser, text = Jar(NAME), Browser(), LONG[:length]

    browser.take(jar.write(text, None, None))

    assert jar.read(browser.environ).values == (text,)
    assert len(browser.cookies) == (1 if length <= 3797 else 2)
    assert len(browser.environ["HTTP_COOKIE"]) < 8192 - len("Cookie: \r\n")


@pytest.mark.parametrize("count", range(1, 21))
def test_a_text_takes_up_to_twenty_cookies(count):
    jar, browser = Jar(NAME, chunk_size=100, max_chunks=20), Browser()

    for length in range(count * 100 - 6, count * 100 - 2):
        text = LONG[:length]
        browser.take(jar.write(text, jar.read(browser.environ), None))
        assert jar.read(browser.environ).values == (text,)
        assert len(browser.cookies) == count


@pytest.mark.parametrize(
    ("jar", "most"),
    [
        (Jar(NAME), 7597),
        (Jar(NAME, max_chunks=1), 3797),
        (Jar(NAME, chunk_size=100, max_chunks=4), 397),
        (Jar(NAME, chunk_size=100, max_chunks=20), 1997),
    ],
)
def test_a_text_that_is_too_long_is_an_error_that_says_what_to_do(jar, most):
    assert values(jar, *write(jar, LONG[:most])) == [LONG[:most]]

    for length in (most + 1, most + 101, 100_000):
        with pytest.raises(ClaimsError) as caught:
            jar.write(LONG[:length], None, None)
        assert str(caught.value) == (
            f"the claims make a cookie of {length} bytes, and"
            f" sessiontoken.cookie.max_chunks allows {jar.max_chunks}"
            f" chunks of {jar.chunk_size}: use fewer claims, or"
            " sessiontoken.cookie.form = reference"
        )


def test_a_text_is_written_in_this_format(small):
    """Browsers have cookies of this format, so it must not change."""
    assert write(small, "abc") == [f"{NAME}=0.abc"]
    assert write(small, "") == [f"{NAME}=0."]
    assert write(small, "a" * 97 + "b" * 100 + "c") == [
        f"{NAME}=2.{'a' * 97}",
        f"{NAME}.1={'b' * 100}",
        f"{NAME}.2=c",
    ]
    assert values(small, f"{NAME}=2.ab", f"{NAME}.1=c", f"{NAME}.2=d") == [
        "abcd"
    ]
    assert values(small, f"{NAME}=0.abc") == ["abc"]


@pytest.mark.parametrize("length", [0, 1, 97, 98, 397])
def test_a_value_has_only_octets_that_a_cookie_may_have(small, length):
    """RFC 6265, section 4.1.1: no blank, comma, quote, backslash."""
    for pair in write(small, (ALPHABET * 10)[:length]):
        name, _, value = pair.partition("=")
        assert COOKIE_OCTETS.fullmatch(value)
        assert re.fullmatch(r"[A-Za-z0-9_.-]+", name)


@pytest.mark.parametrize(
    "jar",
    [
        Jar(NAME),
        Jar("sessiontoken", secure=False),
        Jar(NAME, chunk_size=4096 - len(NAME) - 3, max_chunks=20),
        Jar("n", chunk_size=4092, max_chunks=20),
    ],
    ids=lambda jar: f"{jar.name} {jar.chunk_size} x {jar.max_chunks}",
)
def test_a_chunk_is_never_longer_than_browsers_keep(jar):
    """RFC 6265bis, section 5.6: name and value, 4096 octets."""
    most = jar.chunk_size * jar.max_chunks - 3

    pairs = write(jar, LONG[:most])

    assert len(pairs) == jar.max_chunks
    assert max(len(pair) - len("=") for pair in pairs) <= 4096
    assert values(jar, *pairs) == [LONG[:most]]


def test_a_jar_and_its_results_cannot_be_changed():
    jar = Jar(NAME)

    for value, field in ((jar, "name"), (read(jar, f"{NAME}=0."), "names")):
        with pytest.raises(AttributeError):
            setattr(value, field, "other")


# A chunk is missing.


@pytest.fixture
def three(small):
    """A text in three cookies."""
    return write(small, LONG[:250])


def test_the_order_of_the_chunks_does_not_matter(small, three):
    for order in itertools.permutations(three):
        assert values(small, *order) == [LONG[:250]]


@pytest.mark.parametrize("missing", [[0], [1], [2], [0, 1], [1, 2]])
def test_a_cookie_with_a_missing_chunk_has_no_value(small, three, missing):
    rest = [pair for i, pair in enumerate(three) if i not in missing]

    shown = read(small, *rest)

    assert shown.values == ()
    assert len(shown.names) == len(rest)


def test_chunks_with_exchanged_names_make_another_value(small, three):
    first, second, third = three
    swapped = [
        first,
        second.replace(".1=", ".2=", 1),
        third.replace(".2=", ".1=", 1),
    ]

    [value] = values(small, *swapped)

    assert value != LONG[:250]
    assert len(value) == 250


def test_chunks_of_two_sign_ins_do_not_make_a_value(small):
    one, other = write(small, LONG[:250]), write(small, LONG[250:500])

    for picks in itertools.product((0, 1), repeat=3):
        mixed = [(one, other)[pick][i] for i, pick in enumerate(picks)]
        [value] = values(small, *mixed)
        expected = {(0, 0, 0): LONG[:250], (1, 1, 1): LONG[250:500]}
        if picks in expected:
            assert value == expected[picks]
        else:
            assert value not in expected.values()


def test_a_chunk_beyond_the_counted_ones_is_ignored(small, three):
    extra = [f"{NAME}.3=stale", f"{NAME}.19=stale"]

    shown = read(small, *extra, *three)

    assert shown.values == (LONG[:250],)
    assert set(shown.names) == {
        NAME,
        *(f"{NAME}.{i}" for i in (1, 2, 3, 19)),
    }


def test_a_chunk_may_be_empty_but_not_missing(small):
    assert values(small, f"{NAME}=1.ab", f"{NAME}.1=") == ["ab"]
    assert values(small, f"{NAME}=1.ab") == []


@pytest.mark.parametrize("count", [4, 5, 19, 20, 21, 99])
def test_more_chunks_than_allowed_have_no_value(small, count):
    """Even if all chunks came."""
    chunks = [f"{NAME}.{i}=x" for i in range(1, 100)]

    assert values(small, f"{NAME}={count}.ab", *chunks) == []
    assert values(small, f"{NAME}=3.ab", *chunks) == ["abxxx"]


def test_more_than_twenty_chunks_are_never_allowed():
    jar = Jar(NAME, max_chunks=1000)
    chunks = [f"{NAME}.{i}=x" for i in range(1, 1000)]

    for count in (20, 21, 99):
        assert values(jar, f"{NAME}={count}.ab", *chunks) == []
    assert values(jar, f"{NAME}=19.ab", *chunks) == ["ab" + 19 * "x"]


@pytest.mark.parametrize(
    "first",
    [
        "",
        "ab",
        ".ab",
        "00.ab",
        "01.ab",
        "001.ab",
        "-1.ab",
        "+1.ab",
        " 1.ab",
        "1 .ab",
        "1_.ab",
        "0x1.ab",
        "1e0.ab",
        "x.ab",
        "1,ab",
        "1:ab",
        "\xb2.ab",
        "\u0661.ab",
        "\uff11.ab",
        "100.ab",
        "2147483648.ab",
        "4294967297.ab",
        "9" * 4000 + ".ab",
        "%31.ab",
        '"1.ab',
        '1.ab"',
    ],
)
def test_a_first_chunk_without_a_count_has_no_value(small, first):
    """Not even its own text is a value."""
    whole = values(small, f"{NAME}={first}", f"{NAME}.1=cd")

    assert not {"ab", "abcd"}.intersection(whole)
    # No transform can read the rest: it is empty, or has a character that
    # the texts of a cookie never have.
    for text in whole:
        assert re.fullmatch("[A-Za-z0-9_-]+", text) is None


def test_a_high_count_costs_no_more_than_the_chunks_in_the_request(small):
    """The count is checked before the loop."""

    def calls(first):
        seen = 0

        def count(frame, event, arg):
            nonlocal seen
            seen += 1

        before = sys.getprofile()
        sys.setprofile(count)
        try:
            read(small, f"{NAME}={first}.ab", f"{NAME}.1=x")
        finally:
            sys.setprofile(before)
        return seen

    honest = calls(1)
    assert honest > 10
    assert calls(99) <= honest
    assert calls(2**31) <= honest
    assert calls(10**3000) <= honest


# Reading the header.


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"HTTP_COOKIE": ""},
        {"HTTP_COOKIE": "theme=dark; lang=de"},
        {"HTTP_COOKIE": f"theme={NAME}"},
        {"HTTP_COOKIE": f"theme=0.ab {NAME}=0.ab"},
        {"HTTP_COOKIE": f"={NAME}=0.ab"},
        {"HTTP_COOKIE": f"=={NAME}=0.ab"},
        {"HTTP_SET_COOKIE": f"{NAME}=0.ab"},
    ],
    ids=repr,
)
def test_without_the_cookie_the_result_is_none(environ):
    assert Jar(NAME).read(environ) is None


@pytest.mark.parametrize("pair", [NAME, f"{NAME}.1"])
def test_a_pair_without_an_equals_sign_has_no_name(pair):
    """RFC 6265bis, section 5.6: such a pair is a value without a name. No
    Set-Cookie with a name deletes it.
    """
    jar = Jar(NAME)

    assert read(jar, pair) is None
    shown = read(jar, pair, f"{NAME}=0.ab")
    assert shown == CookieShown((NAME,), ("ab",))


@pytest.mark.parametrize(
    "name",
    [
        "{0}X",
        "{0}x",
        "x{0}",
        "X-{0}",
        "{0}.",
        "{0}.0",
        "{0}.01",
        "{0}.1.",
        "{0}.1.1",
        "{0}.x",
        "{0}.-1",
        "{0}.+1",
        "{0}.20",
        "{0}.21",
        "{0}.100",
        "{0}.2147483648",
        "{0}. 1",
        "{0}.\xb2",
        "{0}.\u0661",
        "{0}..1",
        "{0} ",
        "{0}\t",
        "{0}%2E1",
        "{0}\0",
        "\0{0}",
        '"{0}"',
        "$Path{0}",
    ],
)
def test_a_name_that_only_resembles_the_cookie_is_ignored(name):
    for own in (NAME, "sessiontoken"):
        jar = Jar(own, max_chunks=20)
        other = f"{name.format(own)}=0.stranger"

        assert read(jar, other) is None
        assert read(jar, other, f"{own}=0.ab") == CookieShown((own,), ("ab",))


@pytest.mark.parametrize(
    "name",
    [
        "__host-sessiontoken",
        "__HOST-SESSIONTOKEN",
        "__Host-Sessiontoken",
        "__Host-sessiontoke%6E",
        "%5F%5FHost-sessiontoken",
        "__Host%2Dsessiontoken",
        "__Host-sessiontoke\u0144",
        "sessiontoken",
        "__Secure-sessiontoken",
        "Host-sessiontoken",
    ],
)
def test_names_are_compared_byte_by_byte(name):
    """Case matters and nothing is decoded: a prefix has a meaning."""
    jar = Jar(NAME)

    assert read(jar, f"{name}=0.ab", f"{name}.1=cd") is None
    assert values(jar, f"{name}=0.cd", f"{NAME}=0.ab") == ["ab"]


MALFORMED = {
    "octal escapes": '{n}="\\377\\376"',
    "unclosed quote": 'theme="dark',
    "quote in the middle": 'a"b"=c"d"',
    "bad UTF-8": "x=\xff\xfe\xc3\x28",
    "half a character": "x=\udcff",
    "nameless": "=value",
    "twice nameless": "=",
    "no equals sign": "novalue",
    "empty": "",
    "blanks": " \t ",
    "many equals signs": "a==b=c==",
    "control characters": "x=\x00\x01\x7f\x1b",
    "a comma": "a=b, c=d",
    "a bracket": "a[]={{}}",
    "percent": "%5F%5FHost=%zz",
    "reserved": "$Version=1",
    "a date": "expires=Thu, 01 Jan 1970 00:00:00 GMT",
    "fifty thousand backslashes": "x=" + "\\" * 50_000,
    "fifty thousand quotes": "x=" + '"' * 50_000,
    "hundreds of cookies": "; ".join(f"c{i}=v{i}" for i in range(900)),
    "a long one": "x=" + "y" * 100_000,
}


@pytest.mark.parametrize("sibling", MALFORMED.values(), ids=MALFORMED)
def test_other_cookies_in_the_header_are_ignored(small, sibling):
    sibling = sibling.format(n="sibling")
    three = write(small, LONG[:250])

    assert read(small, sibling) is None
    for place in range(4):
        pairs = [*three[:place], sibling, *three[place:]]
        assert values(small, *pairs) == [LONG[:250]]


@pytest.mark.parametrize(
    "header",
    [
        "{n}=0.ab",
        "{n}=0.ab;",
        ";{n}=0.ab",
        " {n}=0.ab ",
        "\t{n}=0.ab\t",
        "a=b;{n}=0.ab;c=d",
        "a=b ;\t{n}=0.ab ; c=d",
        ";;;{n}=0.ab;;;",
        "a;{n}=0.ab;b",
        # RFC 6265, section 4.1.1.
        '{n}="0.ab"',
    ],
)
def test_blanks_and_extra_semicolons_are_ignored(header):
    jar = Jar(NAME)

    assert jar.read({"HTTP_COOKIE": header.format(n=NAME)}).values == ("ab",)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("cd", "abcd"),
        ('"cd"', "abcd"),
        ('""', "ab"),
        ('"', 'ab"'),
        ('""cd""', 'ab"cd"'),
        ('"cd', 'ab"cd'),
        ('cd"', 'abcd"'),
        ('c"d', 'abc"d'),
        ("'cd'", "ab'cd'"),
        ('"cd" x', 'ab"cd" x'),
    ],
)
def test_one_pair_of_quotes_around_a_value_is_ignored(value, text):
    jar = Jar(NAME)

    assert values(jar, f"{NAME}=1.ab", f"{NAME}.1={value}") == [text]
    assert values(jar, f'{NAME}="1.ab"', f"{NAME}.1={value}") == [text]


@given(st.text(st.characters(max_codepoint=255) | st.sampled_from(";=., ")))
@example(f"{NAME}=")
@example(f"{NAME}={NAME}={NAME};{NAME}.1")
def test_any_header_can_be_read(header):
    """For any header, the value consists of chunks with our names."""
    shown = Jar(NAME).read({"HTTP_COOKIE": header})

    if shown is not None:
        assert all(name in header for name in shown.names)
        assert all(len(value) <= len(header) for value in shown.values)


# Lines that a server joins by a comma.


@pytest.mark.parametrize("comma", [",", ", ", " , ", ",,", ",;", ';,"'])
def test_a_comma_ends_the_value_of_a_cookie(comma):
    """waitress and gunicorn join Cookie lines so."""
    jar = Jar(NAME)

    for value in ("0.ab", '"0.ab"'):
        shown = read(jar, f"{NAME}={value}{comma}theme=dark", "lang=de")
        assert shown == CookieShown((NAME,), ("ab",))
    [two] = values(jar, f"{NAME}.1=cd{comma}a=b", f"{NAME}=1.ab{comma}c=d")
    assert two == "abcd"


@pytest.mark.parametrize("comma", [",", ", ", ",\t", "x=y, ", "x=y,,"])
def test_a_cookie_does_not_begin_after_a_comma(comma):
    """Another host of the domain sets a cookie ``a`` with this value: no
    browser lets it set one with the prefix ``__Host-``.
    """
    jar = Jar(NAME)

    for name in (NAME, f"{NAME}.1"):
        shown = read(jar, f"a=b{comma}{name}=0.ab")
        assert shown == CookieShown((), (), is_joined=True)
    shown = read(jar, f"a=b{comma}{NAME}=0.evil", f"{NAME}=0.ab")
    assert shown == CookieShown((NAME,), ("ab",), is_joined=True)
    assert jar.delete(read(jar, f"a=b,{NAME}=0.ab")) == jar.delete(None)


@pytest.mark.parametrize(
    "value", ["a,b", f"a,{NAME}", f"a,{NAME}X=c", f"a,{NAME}.99=c", f"{NAME},"]
)
def test_a_comma_in_another_cookie_is_ignored(value):
    shown = read(Jar(NAME), f"theme={value}", f"{NAME}=0.ab")

    assert shown == CookieShown((NAME,), ("ab",))


@given(
    st.lists(
        st.text(st.characters(max_codepoint=255)).filter(
            lambda text: NAME not in text
        )
    ),
    st.booleans(),
)
def test_whatever_lines_are_joined_behind_the_cookie_it_is_read(lines, in_two):
    jar = Jar(NAME, chunk_size=100, max_chunks=4)
    text = LONG[: 150 if in_two else 50]
    mine = "; ".join(write(jar, text))

    shown = jar.read({"HTTP_COOKIE": ",".join([mine, *lines])})

    assert shown.values == (text,)
    assert not shown.is_joined


# A name that comes twice.


def test_both_values_of_a_name_that_comes_twice_are_read(small):
    shown = read(small, f"{NAME}=0.one", f"{NAME}=0.two")

    assert shown == CookieShown((NAME,), ("one", "two"))


def test_every_combination_of_chunks_that_come_twice_is_read(small):
    """Two sign-ins below two paths: each of them is among the values."""
    one, other = write(small, LONG[:150]), write(small, LONG[150:300])

    for order in itertools.permutations([*one, *other]):
        whole = values(small, *order)
        assert {LONG[:150], LONG[150:300]} <= set(whole)
        assert len(whole) == 4


def test_an_invalid_first_chunk_does_not_hide_a_valid_one(small):
    one = write(small, LONG[:150])

    for bad in ("", "x", "99.x", "3.x", "0.x"):
        for pairs in ([f"{NAME}={bad}", *one], [*one, f"{NAME}={bad}"]):
            assert LONG[:150] in values(small, *pairs)


def test_of_hundreds_of_equal_names_only_some_combinations_are_read(small):
    many = [f"{NAME}=2.{i}" for i in range(300)]
    many += [f"{NAME}.{1 + i % 2}={i}" for i in range(300)]

    shown = read(small, *many)

    assert 2 <= len(shown.values) <= 20
    assert shown.names == (NAME, f"{NAME}.1", f"{NAME}.2")


# Set and deleted.


def test_a_cookie_has_the_attributes_of_the_default():
    [(field, header)] = Jar(NAME).write("ab", None, None)

    assert field == "Set-Cookie"
    assert header == f"{NAME}=0.ab; Path=/; Secure; HttpOnly; SameSite=Lax"


JARS = {
    "the default": (
        Jar(NAME, chunk_size=100),
        ["Path=/", "Secure", "HttpOnly", "SameSite=Lax"],
    ),
    "below a path of a domain": (
        Jar(
            "__Secure-sessiontoken",
            path="/app",
            domain="example.com",
            samesite="Strict",
            chunk_size=100,
        ),
        [
            "Path=/app",
            "Domain=example.com",
            "Secure",
            "HttpOnly",
            "SameSite=Strict",
        ],
    ),
    "open to scripts": (
        Jar(NAME, httponly=False, samesite="None", chunk_size=100),
        ["Path=/", "Secure", "SameSite=None"],
    ),
    "over plain HTTP": (
        Jar("sessiontoken", secure=False, chunk_size=100),
        ["Path=/", "HttpOnly", "SameSite=Lax"],
    ),
}


@pytest.mark.parametrize(("jar", "expected"), JARS.values(), ids=JARS)
def test_every_chunk_has_all_attributes(jar, expected):
    headers = jar.write(LONG[:150], None, None)

    assert len(headers) == 2
    for _, header in headers:
        assert attributes(header) == expected


@pytest.mark.parametrize(("jar", "expected"), JARS.values(), ids=JARS)
def test_deletion_has_all_attributes(jar, expected):
    """A browser deletes a cookie of the same name, domain and path. It
    ignores a name with a prefix if the attributes for the prefix are missing.
    """
    shown = read(jar, f"{jar.name}=1.ab", f"{jar.name}.1=cd")

    headers = jar.delete(shown)

    gone = ["Max-Age=0", "Expires=Thu, 01 Jan 1970 00:00:00 GMT"]
    assert [header.partition(";")[0] for _, header in headers] == [
        f"{jar.name}=",
        f"{jar.name}.1=",
    ]
    for field, header in headers:
        assert field == "Set-Cookie"
        assert [a for a in attributes(header) if a in gone] == gone
        assert [a for a in attributes(header) if a not in gone] == expected


@pytest.mark.parametrize(("jar", "expected"), JARS.values(), ids=JARS)
def test_chunks_that_are_no_longer_needed_are_deleted_with_all_attributes(
    jar, expected
):
    shown = read(jar, f"{jar.name}=1.ab", f"{jar.name}.1=cd")

    [_, (field, header)] = jar.write("ab", shown, None)

    assert field == "Set-Cookie"
    assert header.startswith(f"{jar.name}.1=; ")
    assert set(expected) < set(attributes(header))
    assert "Max-Age=0" in attributes(header)


@pytest.mark.parametrize("jar", [jar for jar, _ in JARS.values()], ids=JARS)
@pytest.mark.parametrize("was", [0, 97, 98, 197])
def test_a_browser_keeps_no_cookie_after_deletion(jar, was):
    browser = Browser()
    browser.take(jar.write(LONG[:was], None, 3600))

    browser.take(jar.delete(jar.read(browser.environ)))

    assert browser.cookies == {}


@pytest.mark.parametrize("was", [10, 100, 200, 300, 397])
@pytest.mark.parametrize("becomes", [10, 100, 200, 300, 397])
def test_a_shorter_value_replaces_a_longer_one_completely(small, was, becomes):
    browser, fresh = Browser(), Browser()
    browser.take(small.write(LONG[:was], None, None))
    text = LONG[-becomes:]

    browser.take(small.write(text, small.read(browser.environ), None))

    fresh.take(small.write(text, None, None))
    assert browser.cookies == fresh.cookies
    assert small.read(browser.environ).values == (text,)


def test_only_chunks_of_the_request_are_deleted(small):
    shown = read(small, f"{NAME}=3.a", f"{NAME}.2=b", f"{NAME}.19=c", "d=e")

    [_, *expired] = small.write("ab", shown, None)

    assert [header.partition("=")[0] for _, header in expired] == [
        f"{NAME}.2",
        f"{NAME}.19",
    ]
    assert [h.partition("=")[0] for _, h in small.delete(shown)] == [
        NAME,
        f"{NAME}.2",
        f"{NAME}.19",
    ]


def test_without_a_cookie_in_the_request_the_first_chunk_is_deleted(small):
    [(_, header)] = small.delete(None)

    assert header.startswith(f"{NAME}=; Path=/; Max-Age=0; ")


def test_a_chunk_that_came_twice_is_deleted_once(small):
    shown = read(small, f"{NAME}=0.a", f"{NAME}=0.b", f"{NAME}.1=c")

    assert len(small.delete(shown)) == 2


def test_a_flood_of_chunks_is_answered_with_at_most_twenty_cookies(small):
    flood = [f"{NAME}.{i % 1000}=x" for i in range(5000)]
    shown = read(small, f"{NAME}=0.ab", *flood)

    assert len(small.delete(shown)) == 20
    assert len(small.write("ab", shown, None)) == 20


@pytest.mark.parametrize(
    ("seconds", "kept"),
    [
        (0, 0),
        (1, 1),
        (36000, 36000),
        (400 * 86400, 34560000),
        (400 * 86400 + 1, 34560000),
        (2**40, 34560000),
    ],
)
def test_a_cookie_lives_for_400_days_at_most(small, seconds, kept):
    """RFC 6265bis, section 5.5."""
    for _, header in small.write(LONG[:150], None, seconds):
        assert attributes(header)[:2] == ["Path=/", f"Max-Age={kept}"]
        assert "Expires" not in header


def test_without_an_age_the_cookie_has_no_max_age(small):
    for _, header in small.write(LONG[:150], None, None):
        assert "Max-Age" not in header
        assert "Expires" not in header


def test_a_partitioned_cookie_says_so_in_every_header():
    jar = Jar(NAME, samesite="None", chunk_size=100, partitioned=True)
    written = jar.write("x" * 150, None, None)
    gone = jar.delete(None)

    for _, header in [*written, *gone]:
        assert header.endswith("; SameSite=None; Partitioned")


def test_the_cookie_without_partition_is_deleted_chunk_by_chunk(small):
    jar = replace(small, partitioned=True)
    shown = read(small, *write(small, LONG[:150]))

    cleared = jar.clear_unpartitioned(shown)

    assert cleared == small.expire(shown.names)
    assert jar.clear_unpartitioned(None) == small.expire((NAME,))
    assert small.clear_unpartitioned(shown) == []


def test_a_header_that_sets_the_cookie_is_recognized(small):
    for header in (
        ("Set-Cookie", f"{NAME}x=1"),
        ("Set-Cookie", f"x{NAME}=1"),
        ("Set-Cookie", f"{NAME}.x=1"),
        ("X-Other", f"{NAME}=1"),
    ):
        assert not small.owns(header)
    for header in (
        *small.write("ab" * 50, None, None),
        *small.delete(None),
        ("set-cookie", f"{NAME}.1=1"),
    ):
        assert small.owns(header)


@pytest.mark.parametrize(
    ("secure", "scheme", "result"),
    [
        (None, "https", True),
        (None, "http", False),
        (None, "HTTPS", False),
        (True, "http", True),
        (False, "https", False),
    ],
)
def test_the_request_decides_only_where_the_settings_do_not(
    secure, scheme, result
):
    jar = Jar(NAME, secure=secure, path="/app", chunk_size=99)

    assert jar.over(scheme) == replace(jar, secure=result)


@pytest.mark.parametrize("before", ["\x0b", "\x0c", "X", "\xa0"])
def test_only_blanks_and_tabs_stand_before_a_cookie(before):
    jar = Jar(NAME)

    assert jar.read({"HTTP_COOKIE": f"a=b;{before}{NAME}=0.ab"}) is None
    assert jar.read({"HTTP_COOKIE": f"a=b,{before}{NAME}=0.ab"}) is None
    assert jar.read({"HTTP_COOKIE": f"a=b,\t {NAME}=0.ab"}).is_joined


@pytest.mark.parametrize("behind", ["\x0b", "\x0c", "\xa0"])
def test_only_blanks_and_tabs_stand_behind_a_joined_cookie(behind):
    jar = Jar(NAME)

    shown = jar.read({"HTTP_COOKIE": f"{NAME}=0.ab{behind}, a=b"})

    assert shown.values != ("ab",)
    assert jar.read({"HTTP_COOKIE": f"{NAME}=0.ab\t , a=b"}).values == ("ab",)


@pytest.mark.parametrize("text", ["a.b", ".", "0.a.b.", "1." * 60])
def test_a_text_may_have_dots(small, text):
    assert values(small, *write(small, text)) == [text]


def test_the_name_of_a_cookie_may_have_dots():
    jar = Jar("a.b.c", chunk_size=100, max_chunks=4)
    text = "x" * 250

    pairs = write(jar, text)

    assert len(pairs) > 1
    assert read(jar, *pairs).values == (text,)


def test_no_more_values_are_put_together_than_are_looked_at():
    """Ten cookies of each of nine names make a billion values."""
    jar = Jar(NAME, max_chunks=9)
    pairs = [f"{NAME}=8.{n}" for n in range(10)]
    pairs += [f"{NAME}.{c}={n}" for c in range(1, 9) for n in range(10)]

    shown = read(jar, *pairs)

    assert (len(shown.values), shown.is_cut_off) == (20, True)


def test_twenty_values_are_read_and_a_further_one_is_told():
    jar = Jar(NAME)
    for count, cut_off in ((19, False), (20, False), (21, True)):
        shown = read(jar, *[f"{NAME}=0.{n}" for n in range(count)])
        expected = tuple(str(n) for n in range(min(count, 20)))
        assert shown == CookieShown((NAME,), expected, cut_off)
