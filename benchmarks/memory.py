"""What remembering verified tokens costs, and that it is bounded."""

from __future__ import annotations

import gc
import secrets
import time
import tracemalloc
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from job import AUDIENCE, ISSUER, LIFETIME
from pyramid.registry import Registry

from pyramid_sessiontoken.identity.claims import freeze_claims
from pyramid_sessiontoken.identity.ticket import Ticket, new_id
from pyramid_sessiontoken.interfaces import IKeyRing
from pyramid_sessiontoken.keys.lookup import CurrentRing
from pyramid_sessiontoken.keys.ring import Key, KeyRing
from pyramid_sessiontoken.tokens import jwt
from pyramid_sessiontoken.tokens.verified import VerifiedTokens

ENTRIES = 100_000

#: Sizes at which the bound is tried, odd and tiny ones among them; two is
#: the least that there is.
SIZES = (2, 3, 10, 101, 1000, ENTRIES)


def measure_entry(claims: Mapping[str, Any]) -> float:
    """Give the bytes that each of ENTRIES remembered tokens takes."""
    registry = Registry()
    ring = KeyRing((Key.of(secrets.token_bytes(64)),))
    registry.registerUtility(ring, IKeyRing)
    jwt.REMEMBERED = ENTRIES
    form = jwt.SessionJWT(CurrentRing(registry), "HS256", ISSUER, AUDIENCE)
    tokens = [form.encode(_make_ticket(n, claims)) for n in range(ENTRIES)]
    gc.collect()
    tracemalloc.start()
    try:
        for token in tokens:
            form.decode(token)
        gc.collect()
        used, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return used / ENTRIES


def _make_ticket(number: int, claims: Mapping[str, Any]) -> Ticket:
    now = int(time.time()) + number
    return Ticket(
        userid=f"user-{number}",
        sid=new_id(),
        iat=now,
        exp=now + 3600,
        auth_time=now - 60,
        session_end=now + LIFETIME,
        amr=("pwd",),
        claims=freeze_claims(claims),
    )


@dataclass(frozen=True)
class Kept:
    """How many tokens a memory of some size kept at most, of five times
    as many.
    """

    size: int
    most: int


def try_bound(size: int) -> Kept:
    """Fill a memory over and over; every other token is asked for again,
    which keeps it longer.
    """
    verified = VerifiedTokens(size)
    ticket = _make_ticket(0, {})
    most = 0
    step = max(size // 50, 1)
    for number in range(5 * size):
        verified.add(_digest(number), ticket)
        verified.get(_digest(max(number - size // 2, 0)))
        # To count takes a while: a large memory is counted now and then.
        if number % step == 0:
            most = max(most, len(verified))
    return Kept(size, most)


def _digest(number: int) -> bytes:
    return number.to_bytes(32, "big")
