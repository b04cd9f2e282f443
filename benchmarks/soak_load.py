"""The load of :mod:`soak`, in a process of its own.

A thousand users come over 64 connections. Each user has one credential: a
header token or a cookie, of one of the two applications. Every answer is
compared with the owner of the credential that was shown. Some requests show
what must be refused: nothing but an answer 401 is right there.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import math
import random
import time
from collections import Counter, deque
from dataclasses import dataclass, field

CONNECTIONS = 64

#: Of all requests, those that are to be refused.
HOSTILE = 0.2

#: Of the others, those that end the session.
SIGN_OUTS = 0.03

#: A credential that was not shown for so long may expire, seconds: its owner
#: signs in again.
OLD = 200

#: After so many seconds every process knows that a session was ended.
KNOWN = 6

#: So many faults of each kind are told in words.
FIRST = 5

Headers = dict[str, str]


@dataclass(frozen=True)
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: str

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]


class Connection:
    """A connection, made anew when the server has closed it."""

    def __init__(self, port: int, keeps: bool) -> None:
        self._port, self._keeps = port, keeps
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def send(self, method: str, path: str, headers: Headers) -> Answer:
        try:
            fresh = self._writer is None
            return await self._send(method, path, headers)
        except (OSError, asyncio.IncompleteReadError):
            self.close()
            if fresh:
                raise
            # The server closed it meanwhile.
            return await self._send(method, path, headers)

    async def _send(self, method: str, path: str, headers: Headers) -> Answer:
        if self._reader is None or self._writer is None:
            self._reader, self._writer = await asyncio.open_connection(
                "127.0.0.1", self._port
            )
        ends = "keep-alive" if self._keeps else "close"
        given = {
            "Host": "app.example",
            "Connection": ends,
            "Content-Length": "0",
            **headers,
        }
        lines = "".join(f"{key}: {value}\r\n" for key, value in given.items())
        head = f"{method} {path} HTTP/1.1\r\n{lines}\r\n"
        self._writer.write(head.encode("latin-1"))
        answer = await self._read(self._reader)
        if not self._keeps or "close" in answer.all("connection"):
            self.close()
        return answer

    async def _read(self, reader: asyncio.StreamReader) -> Answer:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.removesuffix("\r\n\r\n").split("\r\n")
        pairs = [line.split(":", 1) for line in lines]
        headers = [(key.lower(), value.strip()) for key, value in pairs]
        length = int(dict(headers).get("content-length", 0))
        body = (await reader.readexactly(length)).decode()
        return Answer(int(first.split()[1]), headers, body)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None


@dataclass
class User:
    name: str
    application: str
    has_cookie: bool
    shown: str | None = None
    since: float = 0
    ended: deque[tuple[float, str]] = field(
        default_factory=lambda: deque(maxlen=5)
    )

    def adopt(self, answer: Answer) -> bool:
        """Take what an answer renews; say whether it did."""
        if self.has_cookie:
            found = _cookie_of(answer)
        else:
            (found,) = answer.all("session-token") or [None]
        if found is not None:
            self.shown = found
        return found is not None

    def show(self, credential: str) -> Headers:
        if self.has_cookie:
            return {"Cookie": credential}
        return {"Authorization": f"Session {credential}"}


def _cookie_of(answer: Answer) -> str | None:
    """Give what the header ``Cookie`` has from now on."""
    pairs = [line.split(";")[0] for line in answer.all("set-cookie")]
    kept = [pair for pair in pairs if pair.split("=", 1)[1].strip('"')]
    return "; ".join(kept) or None


class Load:
    """What some connections send, and what came back.

    :ivar counts: how often what happened; ``swapped`` and ``accepted`` are
        what must not.
    :ivar faults: the first of what must not happen, in words.
    """

    def __init__(self, given: argparse.Namespace) -> None:
        self._port, self._keeps = given.port, given.keeps == "keeps"
        self._until = time.monotonic() + given.seconds
        self._requests = given.requests
        self.random = random.Random(1)
        self.counts: Counter[str] = Counter()
        self.faults: list[str] = []
        self.users = [
            User(f"user{n}", "ab"[n % 2], bool(n // 2 % 2))
            for n in range(given.users)
        ]

    async def run(self) -> None:
        shares = [self.users[n::CONNECTIONS] for n in range(CONNECTIONS)]
        await asyncio.gather(*map(self._serve, filter(None, shares)))

    async def _serve(self, users: list[User]) -> None:
        connection = Connection(self._port, self._keeps)
        while (
            time.monotonic() < self._until
            and self.counts["requests"] < self._requests
        ):
            user = self.random.choice(users)
            try:
                await self._step(connection, user)
            except (OSError, asyncio.IncompleteReadError) as error:
                connection.close()
                self._tell("broken", f"{error!r}")
        connection.close()

    async def _step(self, connection: Connection, user: User) -> None:
        self.counts["requests"] += 1
        if self.random.random() < HOSTILE:
            await self._attack(connection, user)
        elif user.shown is None or time.monotonic() - user.since > OLD:
            await self._sign_in(connection, user)
        elif self.random.random() < SIGN_OUTS:
            await self._sign_out(connection, user)
        else:
            await self._ask(connection, user)

    async def _sign_in(self, connection: Connection, user: User) -> None:
        user.since = time.monotonic()
        path = f"/{user.application}/{'login' if user.has_cookie else 'token'}"
        word = base64.b64encode(f"{user.name}:{user.name}".encode()).decode()
        headers = {"X-User": user.name}
        if not user.has_cookie:
            headers["Authorization"] = f"Basic {word}"
        answer = await connection.send("POST", path, headers)
        if not self._is(answer, 200, "sign-in"):
            return
        self.counts["sign-ins"] += 1
        if user.has_cookie:
            user.shown = _cookie_of(answer)
        else:
            user.shown = json.loads(answer.body)["access_token"]

    async def _ask(self, connection: Connection, user: User) -> None:
        assert user.shown is not None
        user.since = time.monotonic()
        path = f"/{user.application}/who"
        answer = await connection.send("GET", path, user.show(user.shown))
        if self._is(answer, 200, "an honest request"):
            if answer.body.split() != [user.name] * 3:
                self._tell("swapped", f"{user.name} was told {answer.body}")
            self.counts["answers compared"] += 1
            self.counts["renewals"] += user.adopt(answer)
        else:
            user.shown = None

    async def _sign_out(self, connection: Connection, user: User) -> None:
        assert user.shown is not None
        shown, user.shown = user.shown, None
        path = f"/{user.application}/end"
        answer = await connection.send("POST", path, user.show(shown))
        if self._is(answer, 200, "sign-out"):
            self.counts["sign-outs"] += 1
            user.ended.append((time.monotonic(), shown))

    async def _attack(self, connection: Connection, user: User) -> None:
        kind = self.random.choice(list(KINDS))
        headers = KINDS[kind](self, user)
        if headers is None:
            kind, headers = "random", _random(self, user)
        path = f"/{user.application}/who"
        answer = await connection.send("GET", path, headers)
        self.counts["hostile"] += 1
        if answer.status == 200:
            self._tell("accepted", f"{kind}: {answer.body}")
        else:
            self._is(answer, 401, f"hostile ({kind})")

    def _is(self, answer: Answer, status: int, what: str) -> bool:
        if answer.status == status:
            return True
        name = "5xx" if answer.status >= 500 else "unexpected"
        self._tell(name, f"{what}: {answer.status} {answer.body[:200]}")
        return False

    def _tell(self, name: str, fault: str) -> None:
        self.counts[name] += 1
        if self.counts[name] <= FIRST:
            self.faults.append(f"{name}: {fault}")

    # What must be refused.

    def other(self, user: User) -> User | None:
        """Give somebody else who shows the same kind of credential."""
        for _ in range(20):
            found = self.random.choice(self.users)
            if (
                found.name != user.name
                and found.application == user.application
                and found.has_cookie == user.has_cookie
                and found.shown is not None
            ):
                return found
        return None

    def change(self, text: str) -> str:
        """Change one character that counts, but not the name of a cookie."""
        begin = text.index("=") + 2 if "=" in text else 0
        # All bits of the last one need not count.
        place = self.random.randrange(begin, len(text.rstrip('"')) - 1)
        new = "A" if text[place] != "A" else "B"
        return text[:place] + new + text[place + 1 :]

    def word(self) -> str:
        return "".join(self.random.choices("abcdefghijkmnp-_0123", k=43))


def _changed(load: Load, user: User) -> Headers | None:
    return user.shown and user.show(load.change(user.shown))


def _halves(load: Load, user: User) -> Headers | None:
    """The beginning is of one user, the end of another."""
    other = load.other(user)
    if user.shown is None or other is None:
        return None
    mine, theirs = user.shown, other.shown or ""
    middle = max(mine.rfind("."), len(mine) // 2)
    mixed = mine[:middle] + theirs[middle:]
    return None if mixed in (mine, theirs) else user.show(mixed)


def _ended(load: Load, user: User) -> Headers | None:
    for when, shown in user.ended:
        if time.monotonic() - when > KNOWN:
            return user.show(shown)
    return None


def _elsewhere(load: Load, user: User) -> Headers | None:
    """It is of the other application, which has other keys."""
    for _ in range(20):
        found = load.random.choice(load.users)
        if found.application != user.application and found.shown:
            return found.show(found.shown)
    return None


def _unsigned(load: Load, user: User) -> Headers | None:
    if user.shown is None or user.has_cookie or user.shown.count(".") != 2:
        return None
    head = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').decode()
    return user.show(f"{head.rstrip('=')}.{user.shown.split('.')[1]}.")


def _as_cookie(load: Load, user: User) -> Headers | None:
    """A header token under the name of the cookie."""
    cookie = load.other(user)
    if not user.has_cookie or cookie is None:
        return None
    name = (cookie.shown or "").split("=")[0]
    tokens = [u.shown for u in load.users if not u.has_cookie and u.shown]
    return {"Cookie": f"{name}={tokens[0]}"} if tokens else None


def _random(load: Load, user: User) -> Headers:
    return {"Authorization": f"Session {load.word()}"}


def _wrong_password(load: Load, user: User) -> Headers:
    word = base64.b64encode(f"{user.name}:{load.word()}".encode()).decode()
    return {"Authorization": f"Basic {word}"}


KINDS = {
    "changed": _changed,
    "two halves": _halves,
    "ended": _ended,
    "of the other application": _elsewhere,
    "unsigned": _unsigned,
    "a token as a cookie": _as_cookie,
    "random": _random,
    "wrong password": _wrong_password,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("seconds", type=float)
    parser.add_argument(
        "keeps",
        choices=["keeps", "closes"],
        help="what is done with a connection after a request",
    )
    parser.add_argument("--users", type=int, default=1000)
    parser.add_argument(
        "--requests", type=float, default=math.inf, help="at most so many"
    )
    load = Load(parser.parse_args())
    asyncio.run(load.run())
    print(json.dumps({"counts": load.counts, "faults": load.faults}))


if __name__ == "__main__":
    main()
