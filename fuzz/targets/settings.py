"""The settings, as lines of an INI.

Whatever they say, the faults are told as sentences, and no secret is told.
Nothing is imported and no file is read.
"""

from __future__ import annotations

from pathlib import Path
from unittest.mock import patch

from pyramid_sessiontoken.config import kinds
from pyramid_sessiontoken.config.reader import read_settings
from pyramid_sessiontoken.config.registered import Registered
from pyramid_sessiontoken.config.row import PREFIX
from pyramid_sessiontoken.config.settings import TABLE

INI = Path(__file__).parents[2] / "settings.ini"

REGISTERED = Registered()

# A fault may well contain a word as short as this.
_SHORT = 12


def seeds():
    lines = [
        line[2:]
        for line in INI.read_text("utf-8").splitlines()
        if line.startswith(f"# {PREFIX}")
    ]
    yield "\n".join(lines).encode()
    for line in lines:
        yield line.encode()
    for values in (
        "cookie.samesite=None\ncookie.secure=false",
        "cookie.name=__Host-x\ncookie.domain=example.com",
        "expiry.sliding=20h\nexpiry.absolute=10h",
        "authenticators=session cookie basic bearer google=bearer",
        "google.issuer=https://a.example\nauthenticators=google=bearer",
        "repository=redis\nrepository.url=redis://:hunter2hunter2@[::1/0",
        "repository=sqlalchemy\nrepository.url=postgresql://u:p@h:x/d",
        "trusted_proxies=0.0.0.0/0 ::/0",
        "keys=c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0",
        "token.algorithm=ES256\nkeys={'keys': []}",
        "api_key.keys=alice\nrevocation.strict=maybe",
        "keys.rotate=30d\nkeys=ephemeral",
    ):
        yield "\n".join(PREFIX + v for v in values.split("\n")).encode()


class _ImportsNothing:
    def resolve(self, name: str) -> object:
        raise ImportError(name)


def _no_file(path: str) -> str:
    raise FileNotFoundError(path)


def target(data: bytes) -> None:
    given = {}
    for line in data.decode("utf-8", "replace").split("\n"):
        key, equals, value = line.partition("=")
        if equals:
            given[key.strip()] = value.strip()
    with (
        patch.object(kinds, "DottedNameResolver", _ImportsNothing),
        patch.object(kinds, "read_text_file", _no_file),
    ):
        _read(given)


def _read(given):
    _, faults = read_settings(given, REGISTERED)
    for fault in faults:
        assert isinstance(fault, str)
        assert fault.strip()
        for key, value in given.items():
            row = TABLE.get(key.removeprefix(PREFIX))
            if row is not None and row.kind.secret and len(value) > _SHORT:
                assert value not in fault
