"""The cookie in the headers: its chunks and attributes (RFC 6265)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice, product
from typing import Any, NamedTuple

from ..errors import ClaimsError

Headers = list[tuple[str, str]]

#: Chunks with a higher number are nobody's, not even to delete.
MOST_CHUNKS = 20

#: How many readings of names that come twice are tried.
MOST_READINGS = 20

#: How long a browser keeps a cookie at most, seconds (RFC 6265bis, section
#: 5.5: 400 days).
MAX_AGE = 400 * 86400

_FOLLOW = re.compile(r"[1-9][0-9]?")


class CookieShown(NamedTuple):
    """What came in.

    :ivar names: the cookies of ours, to delete or to write over.
    :ivar values: every whole value that they can be read as.
    :ivar is_cut_off: whether there were too many of them.
    :ivar is_joined: whether one of ours stands behind a comma, and so was
        not read.
    """

    names: tuple[str, ...]
    values: tuple[str, ...]
    is_cut_off: bool = False
    is_joined: bool = False


@dataclass(frozen=True, slots=True)
class Jar:
    """Reads and writes one cookie, in chunks.

    The first chunk is ``N.text``, where N chunks follow, as ``NAME.1`` and
    so on: all or nothing.

    :param secure: whether browsers send it over TLS only; ``None`` where the
        request decides (:meth:`over`).
    :param chunk_size: bytes of value in one cookie.
    :param max_chunks: how many cookies at most.
    """

    name: str
    secure: bool | None = True
    httponly: bool = True
    samesite: str = "Lax"
    path: str = "/"
    domain: str | None = None
    chunk_size: int = 3800
    max_chunks: int = 2

    def over(self, scheme: str) -> Jar:
        """Give the jar for the answer to a request of a scheme."""
        if self.secure is not None:
            return self
        return replace(self, secure=scheme == "https")

    def read(self, environ: dict[str, Any]) -> CookieShown | None:
        """Find the cookie in the raw ``Cookie`` header, whatever stands
        beside it; ``None`` where it is not there.

        A comma ends a value: servers join header lines by it (RFC 3875,
        section 4.1.18), and no value of ours has one. It begins no cookie:
        another host of the domain can set a cookie of another name whose
        value is a comma and a cookie that looks like ours.
        """
        header = environ.get("HTTP_COOKIE")
        if not header or self.name not in header:
            return None
        found: dict[str, list[str]] = {}
        for pair in header.split(";"):
            name, equals, value = pair.strip(" \t").partition("=")
            if equals and (name == self.name or self._is_chunk(name)):
                value = value.partition(",")[0].rstrip(" \t")
                found.setdefault(name, []).append(_unquote(value))
        joined = self._is_joined(header)
        if not found and not joined:
            return None
        values = tuple(islice(self._readings(found), MOST_READINGS + 1))
        cut_off = len(values) > MOST_READINGS
        return CookieShown(
            tuple(found), values[:MOST_READINGS], cut_off, joined
        )

    def write(
        self, text: str, shown: CookieShown | None, max_age: int | None
    ) -> Headers:
        """Set the cookie; expire the chunks that came in and are no longer
        needed.

        :param max_age: seconds, ``None`` for as long as the browser runs.
        :raises ClaimsError: where the text is too long.
        """
        chunks = self._chunks(text)
        names = [
            self.name,
            *(f"{self.name}.{i}" for i in range(1, len(chunks))),
        ]
        stale = [n for n in (shown.names if shown else ()) if n not in names]
        age = "" if max_age is None else f"; Max-Age={min(max_age, MAX_AGE)}"
        return [
            self._header(name, chunk, age)
            for name, chunk in zip(names, chunks, strict=True)
        ] + self.expire(stale)

    def delete(self, shown: CookieShown | None) -> Headers:
        """Expire what came in, or the first chunk where nothing did."""
        return self.expire((shown and shown.names) or (self.name,))

    def owns(self, header: tuple[str, str]) -> bool:
        """Tell whether a header sets or deletes this cookie, or a chunk."""
        if header[0].lower() != "set-cookie":
            return False
        name = header[1].partition("=")[0]
        return name == self.name or self._is_chunk(name)

    def _is_joined(self, header: str) -> bool:
        if "," not in header:
            return False
        for part in header.split(",")[1:]:
            name, equals, _ = part.lstrip(" \t").partition("=")
            if equals and (name == self.name or self._is_chunk(name)):
                return True
        return False

    def _is_chunk(self, name: str) -> bool:
        base, _, number = name.rpartition(".")
        return base == self.name and number in _NUMBERS

    def _readings(self, found: dict[str, list[str]]) -> Iterator[str]:
        for first in found.get(self.name, ()):
            number, dot, text = first.partition(".")
            if dot and number == "0":
                yield text
                continue
            if not dot or _FOLLOW.fullmatch(number) is None:
                continue
            follow = int(number)
            # Bounded before any loop.
            if follow >= min(self.max_chunks, MOST_CHUNKS):
                continue
            rest = [
                found.get(f"{self.name}.{number}", ())
                for number in range(1, follow + 1)
            ]
            if not all(rest):
                continue
            for tail in product(*rest):
                yield text + "".join(tail)

    def _chunks(self, text: str) -> list[str]:
        size = self.chunk_size
        # The first chunk also tells how many follow.
        first = size - len(f"{MOST_CHUNKS}.")
        chunks = [text[:first]]
        chunks += [text[i : i + size] for i in range(first, len(text), size)]
        if len(chunks) > self.max_chunks:
            raise ClaimsError(
                f"the claims make a cookie of {len(text)} bytes, and"
                f" {self.max_chunks} of {size} are the most: say less, or use"
                " cookie.form = reference"
            )
        chunks[0] = f"{len(chunks) - 1}.{chunks[0]}"
        return chunks

    def expire(self, names: Iterable[str]) -> Headers:
        """Give headers that delete cookies, with all attributes."""
        age = "; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT"
        return [self._header(name, "", age) for name in names]

    def _header(self, name: str, value: str, age: str) -> tuple[str, str]:
        attributes = [f"{name}={value}; Path={self.path}{age}"]
        if self.domain is not None:
            attributes.append(f"Domain={self.domain}")
        if self.secure:
            attributes.append("Secure")
        if self.httponly:
            attributes.append("HttpOnly")
        attributes.append(f"SameSite={self.samesite}")
        return "Set-Cookie", "; ".join(attributes)


def _unquote(value: str) -> str:
    # RFC 6265, section 4.1.1: some clients put it between double quotes.
    quoted = len(value) > 1 and value[0] == value[-1] == '"'
    return value[1:-1] if quoted else value


_NUMBERS = frozenset(str(number) for number in range(1, MOST_CHUNKS))
