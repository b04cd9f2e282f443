"""Text files are UTF-8, with or without a byte order mark."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pyramid_sessiontoken.keys.text_file import decode_text, read_text_file


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", ""),
        (b"\xef\xbb\xbf", ""),
        (b"alice", "alice"),
        (b"\xef\xbb\xbfalice\r\nbob\rcarol\n", "alice\nbob\ncarol\n"),
        ("\ufeffcaf\xe9".encode(), "caf\xe9"),
        ("a\u2028b\x85".encode(), "a\u2028b\x85"),
    ],
)
def test_utf_8(content, text, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(content)

    assert decode_text(content) == text
    assert read_text_file(str(path)) == text


@pytest.mark.parametrize(
    ("codec", "named"),
    [
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16"),
        ("utf-16-be", "UTF-16"),
        ("utf-32", "UTF-32"),
        ("utf-32-le", "UTF-32"),
        ("utf-32-be", "UTF-32"),
    ],
)
@pytest.mark.parametrize("text", ["alice:hash", "{}", "\ufeffalice", "x"])
def test_another_encoding_of_unicode_is_named(codec, named, text):
    with pytest.raises(ValueError, match=f"it is {named}; save it as UTF-8"):
        decode_text(text.encode(codec))


def test_anything_else_is_not_utf_8_and_the_line_is_told():
    with pytest.raises(ValueError, match=r"^line 3 is not UTF-8$") as caught:
        decode_text("one\ntwo\nhush\xe9\n".encode("latin-1"))

    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@given(st.binary())
@example(b"\0")
@example(b"\xff\xfe")
def test_whatever_a_file_holds_it_is_decoded_or_refused(content):
    try:
        text = decode_text(content)
    except ValueError as error:
        told = str(error)
        assert "UTF-8" in told
        return
    assert "\r" not in text
    assert not text.startswith("\ufeff") or content.count(b"\xef\xbb") > 1


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(OSError):
        read_text_file(str(tmp_path / "absent"))


def test_a_nul_further_back_is_no_other_encoding():
    assert decode_text(b"ab\0c") == "ab\0c"
    with pytest.raises(ValueError, match="UTF-16"):
        decode_text(b"a\0bc")
