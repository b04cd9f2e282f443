"""Run a command of ``psessiontoken``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from pyramid.exceptions import ConfigurationError
from pyramid.httpexceptions import HTTPException

from ..errors import SessionTokenError
from . import check, explain, issue, keygen, purge, revoke, sessions

COMMANDS = (keygen, check, issue, explain, sessions, revoke, purge)

#: Options whose value may begin with a dash.
_BOUND = ("--sid", "--user")


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; give the exit status: 0, 1 for faults, 2 for misuse."""
    given = sys.argv[1:] if argv is None else argv
    arguments = _parser().parse_args(_bind(given))
    try:
        status: int = arguments.run(arguments)
    except (
        ConfigurationError,
        SessionTokenError,
        ValueError,
        LookupError,
        OSError,
        HTTPException,
    ) as error:
        print(_sentence(error), file=sys.stderr)
        return 1
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="psessiontoken", description="Keys, settings and session tokens."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add_to(commands)
    return parser


def _bind(argv: Sequence[str]) -> list[str]:
    """Write ``--sid X`` as ``--sid=X``, lest argparse takes a value that
    begins with a dash for an option.
    """
    bound: list[str] = []
    for word in argv:
        if bound and bound[-1] in _BOUND:
            bound[-1] += f"={word}"
        else:
            bound.append(word)
    return bound


def _sentence(error: Exception) -> str:
    # Pyramid wraps what an action raises, and adds the place in its own code.
    return str(getattr(error, "evalue", error))
