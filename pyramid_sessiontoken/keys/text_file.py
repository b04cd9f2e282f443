"""A text file that a setting names."""

from __future__ import annotations

import codecs

# Longer marks first: that of UTF-32 begins as that of UTF-16 does.
_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)


def read_text_file(path: str) -> str:
    """Read a file as :func:`decode_text` does.

    :raises OSError: where it cannot be read.
    :raises ValueError: where it is not UTF-8.
    """
    with open(path, "rb") as file:
        return decode_text(file.read())


def decode_text(content: bytes) -> str:
    """Decode UTF-8, with or without a byte order mark, and any ends of lines.

    :raises ValueError: for another encoding. The error does not contain the
        text, which may be secret.
    """
    encoding = _other_encoding(content)
    if encoding is not None:
        raise ValueError(f"it is {encoding}; save it as UTF-8")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ValueError(f"line {line} is not UTF-8") from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _other_encoding(content: bytes) -> str | None:
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return encoding
    # Without a mark: one of the first two characters is ASCII, and the other
    # bytes of its number are 0.
    if content[:3] == bytes(3) or content[1:4] == bytes(3):
        return "UTF-32"
    return "UTF-16" if b"\0" in content[:2] else None
