"""Cookies that were written without this library, and their tickets."""

import json
import uuid
from pathlib import Path

from pyramid_sessiontoken.identity.claims import freeze_claims
from pyramid_sessiontoken.keys.base64url import encode_base64url
from support.tokens import SID, make_ticket

_FILE = Path(__file__).parents[1] / "cookies" / "known_answers.json"

KNOWN = json.loads(_FILE.read_text("utf-8"))

_TIMES = {
    "iat": 1_800_000_000,
    "exp": 1_800_003_600,
    "auth_time": 1_800_000_000,
    "session_end": 1_800_036_000,
}

#: The tickets of the known answers, in their order.
KNOWN_TICKETS = [
    make_ticket(userid="alice", sid=SID, amr=("pwd",), **_TIMES),
    make_ticket(
        userid=42,
        sid="aB3-_" + "0" * 17,
        iat=1_800_001_800,
        exp=1_800_005_400,
        auth_time=1_800_000_000,
        session_end=1_800_036_000,
        amr=("pwd", "hwk"),
        claims={
            "roles": ["admin", "K\u00e4se"],
            "quota": 1.5,
            "nested": {"none": None, "yes": True},
        },
        persistent=True,
    ),
    make_ticket(
        userid=uuid.UUID("12345678-1234-5678-1234-567812345678"),
        sid="_-" * 11,
        iat=0,
        exp=1,
        auth_time=0,
        session_end=253_402_214_400,
        amr=("application",),
    ),
    make_ticket(
        userid="Zo\u00eb",
        sid="S" * 21 + "_",
        amr=(),
        persistent=True,
        thumbprint=encode_base64url(bytes(range(32))),
        stamp="digest-of_the-stamp",
        actor=-7,
        began=freeze_claims({"at": None, "by": "google"}),
        claims={"": '"'},
        **_TIMES,
    ),
]
