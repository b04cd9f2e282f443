"""``psessiontoken explain``: tell what a credential is."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from .application import add_ini, application
from .explained import explain
from .pasted import read_pasted


def add_to(commands: Any) -> None:
    command = commands.add_parser("explain", help="tell what a token is")
    add_ini(command)
    command.add_argument(
        "token",
        metavar="TOKEN",
        help="a token, a cookie, or a whole line of Cookie or Authorization;"
        " - reads standard input, which no history keeps",
    )
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    given = arguments.token
    text = sys.stdin.read() if given == "-" else given
    with application(arguments) as request:
        answers = [
            answer
            for pasted in read_pasted(text.strip())
            for answer in explain(request, pasted)
        ]
    print("\n\n".join("\n".join(answer.lines) for answer in answers))
    return 0 if any(answer.is_accepted for answer in answers) else 1
