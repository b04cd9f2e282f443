"""Run a command of ``psessiontoken``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version

from . import (
    check,
    explain,
    issue,
    keygen,
    openapi,
    purge,
    revoke,
    sessions,
)
from .examples import examples_of
from .failures import EXPECTED, sentence

COMMANDS = (
    keygen,
    check,
    issue,
    explain,
    sessions,
    revoke,
    purge,
    openapi,
)

#: The exit status after Ctrl-C: 128, and the number of the signal.
INTERRUPTED = 130

#: Options whose value may begin with a dash.
_BOUND = ("--sid", "--user")


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; give the exit status: 0, 1 for faults, 2 for misuse."""
    given = sys.argv[1:] if argv is None else argv
    arguments = parser().parse_args(_bind(given))
    try:
        status: int = arguments.run(arguments)
        # Here, where a pipe that was closed can be told from a fault.
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _drop_output()
        return 1
    except EXPECTED as error:
        print(sentence(error), file=sys.stderr)
        return 1
    return status


def _drop_output() -> None:
    """Let Python write what is left to nobody when it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def parser() -> argparse.ArgumentParser:
    """Give what reads the words of a call."""
    every = argparse.ArgumentParser(
        prog="psessiontoken",
        description="Keys, settings and session tokens.",
        epilog="psessiontoken COMMAND -h tells more, with examples.",
    )
    every.add_argument(
        "--version",
        action="version",
        version=f"pyramid_sessiontoken {version('pyramid_sessiontoken')}",
    )
    commands = every.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add_to(commands)
    for name, subparser in commands.choices.items():
        subparser.formatter_class = argparse.RawDescriptionHelpFormatter
        subparser.epilog = examples_of(name)
    return every


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
