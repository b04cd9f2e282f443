"""``psessiontoken keygen``: make a key."""

from __future__ import annotations

import argparse
import json
import os
import stat
import tempfile
from contextlib import suppress
from typing import Any

from ..keys.curves import CURVE_OF, CURVES
from ..keys.jwk import new_key, read_jwk_set, write_jwk_set
from ..keys.strength import SIGNING
from ..keys.text_file import read_text_file


def add_to(commands: Any) -> None:
    keygen = commands.add_parser("keygen", help="make a key")
    place = keygen.add_mutually_exclusive_group()
    place.add_argument(
        "--add",
        metavar="FILE",
        help="put the new key in front of the JWK Set in FILE",
    )
    place.add_argument(
        "--out",
        metavar="FILE",
        help="write to a new FILE that its owner alone can read",
    )
    keygen.add_argument(
        "--alg",
        choices=SIGNING,
        metavar="|".join(SIGNING),
        help="what the key is for; without it, for any HMAC",
    )
    keygen.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    if arguments.add is not None:
        _add(arguments.add, arguments.alg)
        return 0
    text = write_jwk_set([new_key(arguments.alg)])
    if arguments.out is not None:
        _create(arguments.out, text + "\n")
    else:
        print(text)
    return 0


def _add(path: str, algorithm: str | None) -> None:
    """Put a new key in front, of the kind that is there: a set has one."""
    try:
        text = read_text_file(path)
        first, *others = {key.curve: key for key in read_jwk_set(text)}
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    if algorithm is None and first is not None:
        algorithm = CURVES[first].algorithms[0]
    if others or CURVE_OF.get(algorithm or "") != first:
        raise ValueError(
            f"{path}: a set has keys of one kind, and the keys there are"
            " others"
        )
    # What else it says stays as it is.
    there = json.loads(text)
    made = json.loads(write_jwk_set([new_key(algorithm)]))
    there["keys"] = made["keys"] + there["keys"]
    _replace(path, json.dumps(there, indent=2) + "\n")


def _create(path: str, text: str) -> None:
    """Write a file that is not there yet, all or nothing.

    :raises ValueError: where something has the name, a link too.
    """
    # O_EXCL follows no link. The mode counts from the first byte on.
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    try:
        number = os.open(path, flags, 0o600)
    except FileExistsError:
        raise ValueError(
            f"{path} is there already, and stays as it is: name another file,"
            " or put a key in front of those in it with --add"
        ) from None
    try:
        with open(number, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError:
        with suppress(OSError):
            os.remove(path)
        raise


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
            # Else the name may be on the disk before the keys are.
            file.flush()
            os.fsync(file.fileno())
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
