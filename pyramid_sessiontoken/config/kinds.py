"""What a setting's value may be, and how it is read.

A reader takes the value as the INI or the application's code gives it, and
gives what the library works with.

:raises ValueError: saying what is wrong, without the value.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from pyramid.path import DottedNameResolver

from ..authenticators.schemes import TOKEN
from ..keys.text_file import read_text_file

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
# Not \d, nor what Python reads as a number: no digits of other alphabets, and
# no underscores between digits.
_DURATION = re.compile(r"([0-9]{1,12})([smhd]?)")
_NUMBER = re.compile(r"[+-]?[0-9]{1,30}")
_LONGEST = 36500 * 86400
_TRUE = ("true", "yes", "on", "1")
_FALSE = ("false", "no", "off", "0")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of value.

    :ivar allowed: what is allowed, for messages and for the docs.
    :ivar read: the reader.
    :ivar secret: whether a message never shows what was found.
    """

    allowed: str
    read: Callable[[Any], Any]
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Named:
    """An object that the settings name, or are given.

    :ivar name: as it stands in the INI; the type of an object that was given
        itself.
    :ivar value: the object.
    """

    name: str
    value: Any


def read_text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("not a text")
    text = value.strip()
    if not text:
        raise ValueError("empty")
    if _CONTROL.search(text):
        raise ValueError("it has control characters")
    return text


def read_bool(value: Any) -> bool:
    """Strict: a typo must not switch a protection off."""
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise ValueError("neither true nor false")


def read_duration(value: Any) -> int:
    """Give seconds."""
    if isinstance(value, bool):
        raise ValueError("not a duration")
    match = _DURATION.fullmatch(str(value).strip())
    if match is None:
        raise ValueError("not a duration")
    seconds = int(match[1]) * _UNITS[match[2]]
    if seconds > _LONGEST:
        raise ValueError("longer than a hundred years")
    return seconds


def read_list(value: Any) -> tuple[str, ...]:
    """Split at blanks, commas and new lines.

    Two commas with nothing between are an empty item: a name was forgotten.
    """
    if isinstance(value, str):
        items: Iterable[Any] = re.split(
            r"\s*,\s*|\s+", value.strip().rstrip(",").rstrip()
        )
        if value.strip().endswith(","):
            raise ValueError("an empty item in the list")
    elif isinstance(value, (list, tuple)):
        items = value
    else:
        raise ValueError("not a list")
    read = tuple(items)
    if not read:
        raise ValueError("an empty list")
    for item in read:
        if not isinstance(item, str) or not item.strip():
            raise ValueError("an empty item in the list")
    if len(set(read)) < len(read):
        raise ValueError("an item comes twice in the list")
    return read


def read_header_name(value: Any) -> str:
    text = read_text(value)
    if TOKEN.fullmatch(text) is None:
        raise ValueError("it has characters that a name cannot have")
    return text


def read_path(value: Any) -> str:
    text = read_text(value)
    if re.fullmatch(r"(/[A-Za-z0-9._~!$&'()+,;=@-]+)+", text) is None:
        raise ValueError("not a plain path")
    return text


def read_dotted(value: Any) -> Named:
    """Import what a dotted name names; take other objects as they are."""
    if not isinstance(value, str):
        return Named(f"{type(value).__module__}.{type(value).__name__}", value)
    name = read_text(value)
    if name.startswith((".", ":")):
        raise ValueError("it is relative")
    try:
        return Named(name, DottedNameResolver().resolve(name))
    except Exception as error:
        # A module may raise whatever it likes while it is imported.
        raise ValueError(
            f"it cannot be imported ({type(error).__name__}: {error})"
        ) from error


def read_callable(value: Any) -> Named:
    named = read_dotted(value)
    if not callable(named.value):
        raise ValueError("it cannot be called")
    return named


def read_secret(value: Any) -> str:
    """Follow ``env:NAME`` and ``file:PATH``."""
    text = read_text(value)
    place, _, name = text.partition(":")
    if place == "env":
        if name not in os.environ:
            raise ValueError(f"the environment has no variable {name!r}")
        return os.environ[name].strip()
    if place == "file":
        try:
            return read_text_file(name).strip()
        except (OSError, ValueError) as error:
            raise ValueError(f"{name!r} cannot be read ({error})") from error
    return text


def some_of(*choices: str) -> Kind:
    def read(value: Any) -> tuple[str, ...]:
        items = read_list(value)
        if not set(items) <= set(choices):
            raise ValueError("not some of them")
        return items

    return Kind("some of: " + " ".join(choices), read)


def off_or(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Read ``off`` as ``None``, anything else as ``read`` does."""

    def read_or_off(value: Any) -> Any:
        off = value is False or str(value).strip().lower() == "off"
        return None if off else read(value)

    return read_or_off


def one_of(*choices: str) -> Kind:
    def read(value: Any) -> str:
        if value not in choices:
            raise ValueError("not one of them")
        return str(value)

    return Kind(" | ".join(choices), read)


def either(
    words: tuple[str, ...], read: Callable[[Any], Any]
) -> Callable[[Any], Any]:
    """Read one of some words as itself, anything else as ``read`` does."""

    def read_either(value: Any) -> Any:
        return value if value in words else read(value)

    return read_either


def between(least: int, most: int) -> Callable[[Any], int]:
    def read_number(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, (int, str)):
            raise ValueError("not a whole number")
        if isinstance(value, str) and not _NUMBER.fullmatch(value.strip()):
            raise ValueError("not a whole number")
        number = int(value)
        if not least <= number <= most:
            raise ValueError("out of range")
        return number

    return read_number


def matching(pattern: str) -> Callable[[Any], str]:
    def read_matching(value: Any) -> str:
        text = read_text(value)
        if re.fullmatch(pattern, text) is None:
            raise ValueError("it has characters that it cannot have")
        return text

    return read_matching


def at_most(limit: int, read: Callable[[Any], int]) -> Callable[[Any], int]:
    def read_limited(value: Any) -> int:
        number = read(value)
        if number > limit:
            raise ValueError("too much")
        return number

    return read_limited


def at_least(limit: int, read: Callable[[Any], int]) -> Callable[[Any], int]:
    def read_limited(value: Any) -> int:
        number = read(value)
        if number < limit:
            raise ValueError("too little")
        return number

    return read_limited


SECRET_TEXT = Kind("a text, env:NAME or file:PATH", read_secret, secret=True)
_positive = at_least(1, read_duration)

TEXT = Kind("a text", read_text)
BOOL = Kind("true or false (yes/no, on/off, 1/0)", read_bool)
DURATION = Kind("a duration: 90, 90s, 15m, 10h, 14d", _positive)
DURATION_OR_OFF = Kind(
    "a duration (90, 90s, 15m, 1h) or off", off_or(_positive)
)
LIST = Kind("names, separated by blanks, commas or new lines", read_list)
HEADER = Kind("the name of a header", read_header_name)
HEADER_OR_OFF = Kind("the name of a header or off", off_or(read_header_name))
PATH = Kind("a path such as /token, without a slash at its end", read_path)
PATH_OR_OFF = Kind(
    "a path such as /logout, without a slash at its end, or off",
    off_or(read_path),
)
DOTTED = Kind("a dotted name: package.module:attribute", read_dotted)
CALLABLE = Kind("the dotted name of a callable", read_callable)

#: What ``token.form`` and ``cookie.form`` say of tokens that only point.
REFERENCE = "reference"

FORM = one_of("self-contained", REFERENCE)
