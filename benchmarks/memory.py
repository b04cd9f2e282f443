"""The memory that verified tokens need, and its limit."""

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

#: Sizes at which the limit is tried, also odd and small ones. Two is the least
#: size.
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
    """The most tokens that a memory of some size kept, of five times as
    many.
    """

    size: int
    most: int


def try_bound(size: int) -> Kept:
    """Fill a memory again and again. Every other token is used once more, and
    so kept longer.
    """
    verified = VerifiedTokens(size)
    ticket = _make_ticket(0, {})
    most = 0
    step = max(size // 50, 1)
    for number in range(5 * size):
        verified.add(_digest(number), ticket)
        verified.get(_digest(max(number - size // 2, 0)))
        # Counting is slow, so a large memory is counted now and then.
        if number % step == 0:
            most = max(most, len(verified))
    return Kept(size, most)


def _digest(number: int) -> bytes:
    return number.to_bytes(32, "big")
