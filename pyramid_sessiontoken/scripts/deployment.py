"""What stands around an application: its server, and the files of its keys."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from typing import Any

from ..config.alike import bearers_of
from ..config.keys import FILE, files_of, located
from ..config.row import PREFIX
from ..config.settings import Settings
from ..keys.algorithms import is_hmac


def warnings_of_server(
    settings: Settings, server: Mapping[str, Any]
) -> Iterator[str]:
    """Warn where only addresses are counted, and clients have no address.

    :param server: the section of the INI.
    """
    if not settings.throttle.counts_only_addresses(settings.counted):
        return
    if any(
        key == "unix_socket" or str(value).startswith("unix:")
        for key, value in server.items()
    ):
        yield (
            f"{PREFIX}throttle counts some failures by address alone, and"
            " clients of a unix socket ([server:main]) have none: these"
            " failures are not counted; listen on TCP instead"
        )


def warnings_of_files(
    settings: Settings, in_force: Mapping[str, Any]
) -> Iterator[str]:
    """Warn of files with secrets that every user of the machine can read.

    :param in_force: the settings as they are written.
    """
    for key, path in _secret_files(settings, in_force):
        if _others_can_read(path):
            yield (
                f"{key}: every user of this machine can read {path!r}; let"
                " only the application's user read it: chmod 600"
            )


def _secret_files(
    settings: Settings, in_force: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    keys = ["keys", "token.keys"]
    texts = ["repository.url", "throttle.storage"]
    bearers = bearers_of(settings.built_in.values())
    sets = []
    for each in bearers:
        if is_hmac(each.algorithms or ()):
            # Else it is a public key.
            texts += [f"{each.group}.key", f"{each.group}.jwks"]
            sets.append(f"{each.group}.jwks")
    for key in keys:
        value = in_force.get(PREFIX + key)
        for path in files_of(located(value)) if value is not None else ():
            yield PREFIX + key, path
    for key in texts:
        text = str(in_force.get(PREFIX + key, "")).strip()
        if text.startswith(FILE) or key in sets:
            yield PREFIX + key, text.removeprefix(FILE)


def _others_can_read(path: str) -> bool:
    # Windows has no such modes.
    if os.name == "nt":
        return False
    try:
        return bool(os.stat(path).st_mode & stat.S_IROTH)
    except OSError:
        return False
