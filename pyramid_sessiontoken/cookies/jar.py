"""The chunks and the attributes of a cookie (RFC 6265)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice, product
from typing import Any, NamedTuple

from ..errors import ClaimsError

Headers = list[tuple[str, str]]

#: The most chunks. Cookies with a higher number are ignored, and not deleted.
MAX_CHUNKS = 20

#: If chunks come twice, the most combinations of them that are read.
MAX_COMBINATIONS = 20

#: A browser keeps a cookie for at most 400 days, in seconds (RFC 6265bis,
#: section 5.5).
MAX_AGE = 400 * 86400

# How many chunks follow the first one, if any.
_FOLLOWING = re.compile(r"[1-9][0-9]?")


class CookieShown(NamedTuple):
    """The chunks of a cookie in a request.

    :ivar names: the names of the chunks, to delete or to replace them.
    :ivar values: every whole value that the chunks make. They make several if
        a chunk comes twice.
    :ivar is_cut_off: whether there were too many values, so that not all of
        them are here.
    :ivar is_joined: whether a chunk stands behind a comma, where it is not
        read.
    """

    names: tuple[str, ...]
    values: tuple[str, ...]
    is_cut_off: bool = False
    is_joined: bool = False


@dataclass(frozen=True, slots=True)
class Jar:
    """Read and write one cookie, in chunks.

    The first chunk is ``N.text``, and N is the number of chunks that follow.
    These are named ``NAME.1`` and so on. If one is missing, no value is read.

    :param secure: whether browsers send it over TLS only; ``None`` if the
        request decides (:meth:`over`).
    :param partitioned: whether the browser keeps one for each site whose pages
        show the application in a frame (CHIPS).
    :param chunk_size: the most bytes in the value of a chunk.
    :param max_chunks: the most chunks.
    """

    name: str
    secure: bool | None = True
    httponly: bool = True
    samesite: str = "Lax"
    path: str = "/"
    domain: str | None = None
    chunk_size: int = 3800
    max_chunks: int = 2
    partitioned: bool = False

    def over(self, scheme: str) -> Jar:
        """Give the jar for the answer to a request of a scheme."""
        if self.secure is not None:
            return self
        return replace(self, secure=scheme == "https")

    def read(self, environ: dict[str, Any]) -> CookieShown | None:
        """Find the cookie in the raw ``Cookie`` header, which may also contain
        malformed cookies of other programs. ``None`` if the cookie is absent.

        A comma ends a value: servers join header lines with it (RFC 3875,
        section 4.1.18), and this cookie never contains one. A comma does not
        begin a cookie: another host of the domain could set a cookie of
        another name whose value is a comma and a forged cookie of this name.
        """
        header = environ.get("HTTP_COOKIE")
        if not header or self.name not in header:
            return None
        found: dict[str, list[str]] = {}
        for pair in header.split(";"):
            name, equals, value = pair.strip(" \t").partition("=")
            if equals and (name == self.name or self._is_chunk(name)):
                value = value.partition(",")[0].rstrip(" \t")
                if value.startswith('"'):
                    value = _unquote(value)
                found.setdefault(name, []).append(value)
        joined = "," in header and self._is_joined(header)
        if not found and not joined:
            return None
        if len(found) == 1:
            # Mostly it comes once, and in one chunk.
            first, *more = found.get(self.name, [""])
            if not more and first.startswith("0."):
                return CookieShown((self.name,), (first[2:],), False, joined)
        most = MAX_COMBINATIONS
        values = tuple(islice(self._combinations(found), most + 1))
        return CookieShown(
            tuple(found), values[:most], len(values) > most, joined
        )

    def write(
        self, text: str, shown: CookieShown | None, max_age: int | None
    ) -> Headers:
        """Set the cookie, and delete the chunks in the request that are no
        longer needed.

        :param max_age: seconds; ``None`` for as long as the browser runs.
        :raises ClaimsError: if the text is too long.
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
        """Delete the chunks of the request, or the first one if none came."""
        return self.expire((shown and shown.names) or (self.name,))

    def clear_unpartitioned(self, shown: CookieShown | None) -> Headers:
        """Give headers that delete the cookies of these names that are not
        partitioned: a browser may send both. They come before all others, as
        an older browser takes both for one. None if the jar is not
        partitioned.
        """
        if not self.partitioned:
            return []
        names = dict.fromkeys((self.name, *(shown.names if shown else ())))
        return replace(self, partitioned=False).expire(names)

    def owns(self, header: tuple[str, str]) -> bool:
        """Tell whether a header sets or deletes a chunk of this cookie."""
        if header[0].lower() != "set-cookie":
            return False
        name = header[1].partition("=")[0]
        return name == self.name or self._is_chunk(name)

    def _is_joined(self, header: str) -> bool:
        for part in header.split(",")[1:]:
            name, equals, _ = part.lstrip(" \t").partition("=")
            if equals and (name == self.name or self._is_chunk(name)):
                return True
        return False

    def _is_chunk(self, name: str) -> bool:
        if not name.startswith(self.name):
            return False
        base, _, number = name.rpartition(".")
        return base == self.name and number in _NUMBERS

    def _combinations(self, found: dict[str, list[str]]) -> Iterator[str]:
        """Give each value that chunks of the request make.

        :param found: the values of each name, in order.
        """
        for first in found.get(self.name, ()):
            number, dot, text = first.partition(".")
            if dot and number == "0":
                yield text
                continue
            if not dot or _FOLLOWING.fullmatch(number) is None:
                continue
            following = int(number)
            # The client chose the number, so it is checked before the loop.
            if following >= min(self.max_chunks, MAX_CHUNKS):
                continue
            rest = [
                found.get(f"{self.name}.{number}", ())
                for number in range(1, following + 1)
            ]
            if not all(rest):
                continue
            for tail in product(*rest):
                yield text + "".join(tail)

    def _chunks(self, text: str) -> list[str]:
        size = self.chunk_size
        # The first chunk also contains the number of those that follow.
        first = size - len(f"{MAX_CHUNKS}.")
        chunks = [text[:first]]
        chunks += [text[i : i + size] for i in range(first, len(text), size)]
        if len(chunks) > self.max_chunks:
            raise ClaimsError(
                f"the claims make a cookie of {len(text)} bytes, and"
                f" sessiontoken.cookie.max_chunks allows {self.max_chunks}"
                f" chunks of {size}: use fewer claims, or"
                " sessiontoken.cookie.form = reference"
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
        if self.partitioned:
            attributes.append("Partitioned")
        return "Set-Cookie", "; ".join(attributes)


def _unquote(value: str) -> str:
    # RFC 6265, section 4.1.1: double quotes around a value are allowed.
    quoted = len(value) > 1 and value[0] == value[-1] == '"'
    return value[1:-1] if quoted else value


_NUMBERS = frozenset(str(number) for number in range(1, MAX_CHUNKS))
