"""``psessiontoken purge``: forget what has expired."""

from __future__ import annotations

import argparse
from typing import Any

from .. import clock
from ..interfaces import IPurgingRepository, ITokenRepository
from .application import add_ini, application, no_repository

#: Purging begins with what expired so many days ago, and goes on by days.
DAYS = 7


def add_to(commands: Any) -> None:
    purge = commands.add_parser("purge", help="forget what has expired")
    add_ini(purge)
    purge.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    with application(arguments.ini) as request:
        repository = request.registry.queryUtility(ITokenRepository)
        if repository is None:
            raise no_repository()
        now = clock.now(request.registry)
        if IPurgingRepository.providedBy(repository):
            _purge_in_batches(repository, now)
        else:
            _purge_by_days(repository, now)
    return 0


def _purge_in_batches(repository: Any, now: int) -> None:
    total = 0
    for gone in repository.purge(clock.moment(now)):
        total += gone
        print(f"{total} forgotten", flush=True)
    print("done")


def _purge_by_days(repository: Any, now: int) -> None:
    # From the oldest on, so that each step is short and says something.
    for days in range(DAYS, -1, -1):
        date = clock.moment(now - days * 86400)
        gone = repository.remove_all_before(date)
        print(f"until {date:%Y-%m-%d %H:%M}: {_count(gone)}")


def _count(gone: object) -> str:
    return f"{gone} forgotten" if isinstance(gone, int) else "done"
