"""``psessiontoken check``: show what the settings mean."""

from __future__ import annotations

import argparse
import json
import sys
import traceback
from collections.abc import Iterable, Iterator
from contextlib import redirect_stdout
from typing import Any

from .application import add_ini, application, section_of
from .failures import EXPECTED, sentences
from .report import Report, report_of
from .values import Value

#: Where an application does not start, nothing but its faults is known.
_NOTHING_KNOWN: dict[str, Any] = {
    "settings": {},
    "endpoint": None,
    "keys": {},
    "revocable": None,
    "warnings": [],
}


def add_to(commands: Any) -> None:
    check = commands.add_parser("check", help="show what the settings mean")
    add_ini(check)
    form = check.add_mutually_exclusive_group()
    form.add_argument(
        "--all",
        action="store_true",
        help="every setting, also those that have their defaults",
    )
    form.add_argument(
        "--json", action="store_true", help="one JSON object, for programs"
    )
    check.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    if arguments.json:
        return _run_for_programs(arguments)
    report = _look_at(arguments)
    shown = report.values if arguments.all else report.looked_at
    for line in (*_rows(shown), "", *report.lines, "", report.verdict):
        print(line)
    left = len(report.values) - len(shown)
    if left:
        print(f"{left} settings have their defaults: --all shows them")
    return 1 if report.faults else 0


def _run_for_programs(arguments: argparse.Namespace) -> int:
    try:
        # The application may print what it likes while it starts.
        with redirect_stdout(sys.stderr):
            report = _look_at(arguments)
    # Programs read the object whatever the application did.
    except (Exception, SystemExit) as error:  # noqa: BLE001
        if not isinstance(error, EXPECTED):
            traceback.print_exc()
        told = {**_NOTHING_KNOWN, "faults": sentences(error)}
    else:
        told = {
            "settings": {
                key: {"value": text, "source": source}
                for key, text, source in report.values
            },
            "endpoint": report.endpoint,
            "keys": report.keys,
            "revocable": report.revocable,
            "warnings": report.warnings,
            "faults": report.faults,
        }
    print(json.dumps(told, indent=2))
    return 1 if told["faults"] else 0


def _look_at(arguments: argparse.Namespace) -> Report:
    in_file = section_of(arguments)
    server = section_of(arguments, "server:main")
    with application(arguments) as request:
        return report_of(request, in_file, server)


def _rows(values: Iterable[Value]) -> Iterator[str]:
    """Write settings with their values, and where these come from."""
    shown = [*values]
    width = max((len(value.key) for value in shown), default=0)
    for key, text, source in shown:
        yield f"{key:{width}}  {text}  ({source})"
