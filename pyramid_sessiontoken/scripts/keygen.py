"""``psessiontoken keygen``: make a key."""

from __future__ import annotations

import argparse
import json
import os
import shutil
from contextlib import suppress
from typing import Any

from ..keys.jwk import new_key, read_jwk_set, write_jwk_set


def add_to(commands: Any) -> None:
    keygen = commands.add_parser("keygen", help="make a key")
    keygen.add_argument(
        "--add",
        metavar="FILE",
        help="put the new key in front of the JWK Set in FILE",
    )
    keygen.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    keys = [new_key()]
    if arguments.add is None:
        print(write_jwk_set(keys))
        return 0
    with open(arguments.add, encoding="utf-8") as file:
        text = file.read()
    read_jwk_set(text)
    # What else it says stays as it is.
    there = json.loads(text)
    there["keys"] = json.loads(write_jwk_set(keys))["keys"] + there["keys"]
    _replace(arguments.add, json.dumps(there, indent=2) + "\n")
    return 0


def _replace(path: str, text: str) -> None:
    """Write a file anew, all or nothing: a process that reads it meanwhile,
    or after a crash, finds the old keys or the new ones.
    """
    path = os.path.realpath(path)
    new = f"{path}.new"
    try:
        # Readable for the owner alone, from the first byte on.
        with open(new, "w", encoding="utf-8", opener=_private) as file:
            file.write(text)
        _copy_owner(path, new)
        shutil.copymode(path, new)
        os.replace(new, path)
    except OSError:
        with suppress(OSError):
            os.remove(new)
        raise


def _copy_owner(path: str, new: str) -> None:
    """Let the same user read it: root makes keys that others serve with."""
    there = os.stat(path)
    # Windows has none.
    chown = getattr(os, "chown", lambda *_: None)
    chown(new, there.st_uid, there.st_gid)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
