"""``psessiontoken keygen``: make a key."""

from __future__ import annotations

import argparse
import json
import os
import stat
import tempfile
from contextlib import suppress
from typing import Any

from ..keys.jwk import new_key, read_jwk_set, write_jwk_set
from ..keys.text_file import read_text_file


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
    text = read_text_file(arguments.add)
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
    # Under a random name, and only where no file or link has it: other users
    # may write in this folder. Readable for the owner alone, from the first
    # byte on.
    number, new = tempfile.mkstemp(dir=os.path.dirname(path))
    try:
        with open(number, "w", encoding="utf-8") as file:
            file.write(text)
            _copy_owner(path, file.fileno())
        os.replace(new, path)
    except OSError:
        with suppress(OSError):
            os.remove(new)
        raise


def _copy_owner(path: str, number: int) -> None:
    """Let the same users read an open file: root makes keys that others serve
    with.
    """
    there = os.stat(path)
    # Windows has none of them.
    chown = getattr(os, "fchown", lambda *_: None)
    chmod = getattr(os, "fchmod", lambda *_: None)
    chown(number, there.st_uid, there.st_gid)
    chmod(number, stat.S_IMODE(there.st_mode))
