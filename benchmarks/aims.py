"""The aims, and the lines that are computed from those of contenders."""

from __future__ import annotations

from dataclasses import dataclass

from catalogue import SEVERAL_NUMBERS, TRIVIAL, TRIVIAL_GET
from rounds import Rounds


@dataclass(frozen=True)
class Aim:
    """A limit for the ratio of two lines, or for another figure.

    :ivar name: of the line, or of the figure.
    :ivar over: the name of the other line.
    :ivar beyond: the limit that would be even better.
    """

    name: str
    over: str = ""
    at_most: float | None = None
    at_least: float | None = None
    beyond: float | None = None


@dataclass(frozen=True)
class Way:
    """Some requests with one credential: the first costs more than the later
    ones, if what was verified is remembered.

    :ivar first: the contender that is like the first request.
    :ivar later: the one that is like each request after it.
    """

    name: str
    title: str
    first: str
    later: str

    def sum_of(self, requests: int) -> str:
        """Name the line for so many requests."""
        return f"{self.name}, {requests} requests"


#: Summed up for some numbers of requests.
WAYS = (
    Way("ours-token", "ours, token", "ours-never", "ours-seen"),
    Way(
        "ours-signed",
        "ours, cookie, signed",
        "ours-cookie-signed-never",
        "ours-cookie-signed-seen",
    ),
    Way(
        "ours-encrypted",
        "ours, cookie, encrypted",
        "ours-cookie-encrypted-never",
        "ours-cookie-encrypted-seen",
    ),
    Way("authtkt", "AuthTkt cookie", "authtkt", "authtkt"),
    Way(
        "signed-session",
        "SignedCookieSessionFactory",
        "signed-session",
        "signed-session",
    ),
    Way(
        "handwritten",
        "policy around jwt.decode",
        "handwritten",
        "handwritten",
    ),
    Way(
        "cached",
        "jwt.decode behind lru_cache",
        "cached-never",
        "cached-seen",
    ),
    Way("pyramid_jwt", "pyramid_jwt", "pyramid_jwt", "pyramid_jwt"),
)
SUMS = (1, 2, 3, 5, 10)

#: What each authenticator after the first adds.
EACH_FURTHER = "each-further"

_AUTHTKT, *_ = (way for way in WAYS if way.name == "authtkt")

AIMS = (
    Aim("ours-none", TRIVIAL, at_most=1.40, beyond=1.30),
    Aim("ours-seen", TRIVIAL, at_most=2.0, beyond=1.75),
    Aim("ours-never", TRIVIAL, at_most=3.7),
    Aim("ours-never", "authtkt", beyond=1),
    Aim("ours-forged", TRIVIAL, at_most=2.6, beyond=2.3),
    Aim("ours-cookie-signed-seen", TRIVIAL, at_most=2.4, beyond=2.1),
    Aim("ours-cookie-signed-never", TRIVIAL, at_most=3.7),
    Aim("ours-cookie-signed-never", "authtkt", beyond=1),
    Aim("ours-cookie-encrypted-seen", TRIVIAL, at_most=2.4),
    Aim("ours-cookie-encrypted-never", TRIVIAL, at_most=3.8),
    *(Aim(way.sum_of(2), _AUTHTKT.sum_of(2), at_most=1) for way in WAYS[:3]),
    Aim(EACH_FURTHER, TRIVIAL, at_most=0.05),
    Aim("pyramid_jwt", "ours-seen", at_least=3),
    Aim("pyramid_jwt", "ours-never", at_least=1.7),
)

KEPT_AIMS = (
    Aim("ours-redis", TRIVIAL_GET, at_most=1.20, beyond=1.05),
    Aim("session-redis", "ours-redis", at_least=1),
    Aim("session-redis-no-timeout", "ours-redis", at_least=1),
    Aim("drf-knox", "ours-redis", at_least=1),
    Aim("drf-knox", "ours-sqlite", at_least=1),
)

#: Where the repository need not be asked.
UNASKED_AIMS = (
    Aim("ours-revocable", "ours-seen", at_most=1.15),
    Aim("ours-first-level", "ours-revocable", at_most=1.2),
)

#: Objects in reference cycles that a request may leave.
GARBAGE_AIM = Aim("objects that a request leaves in cycles", at_most=0)

MEMORY_AIMS = {
    "no claims": Aim("bytes for a remembered token, no claims", at_most=560),
    "3 claims": Aim("bytes for a remembered token, 3 claims", at_most=1100),
}

IMPORT_AIM = Aim("the import, over Pyramid and PyJWT", at_most=1.20)


def derive(rounds: Rounds) -> None:
    """Add the lines that are computed from others."""
    for way in WAYS:
        for requests in SUMS:
            later = requests - 1
            rounds.derive(
                way.sum_of(requests),
                (way.first, way.later),
                lambda first, each, later=later: first + later * each,
            )
    most = max(SEVERAL_NUMBERS)
    rounds.derive(
        EACH_FURTHER,
        ("ours-none", f"ours-several-{most}"),
        lambda one, all_of_them: (all_of_them - one) / (most - 1),
    )


#: Titles of the lines that are computed.
DERIVED = {
    EACH_FURTHER: "ours, no credential, each further authenticator",
    **{
        way.sum_of(requests): f"{way.title}, {requests} requests"
        for way in WAYS
        for requests in SUMS
    },
}
