"""A repository whose calls are measured."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

#: The verbs of all interfaces of repositories.
VERBS = (
    "add_or_update",
    "get",
    "remove",
    "remove_all_before",
    "renew",
    "add",
    "items_of",
    "remove_all_of",
    "items",
    "purge",
    "trim",
    "keep_and_trim",
)

#: Takes a verb and seconds.
Record = Callable[[str, float], None]


class TimedRepository:
    """Measure how long the calls of a repository take, also those that fail.
    What else the repository has, its interfaces among it, is here, too.
    """

    def __init__(self, repository: Any, record: Record) -> None:
        self.repository = repository
        self._record = record
        for verb in VERBS:
            call = getattr(repository, verb, None)
            if call is not None:
                setattr(self, verb, self._timed(verb, call))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.repository, name)

    def _timed(
        self, verb: str, call: Callable[..., Any]
    ) -> Callable[..., Any]:
        def timed(*arguments: Any, **named: Any) -> Any:
            begun = time.perf_counter()
            seconds = 0.0
            try:
                answer = call(*arguments, **named)
                seconds = time.perf_counter() - begun
            except BaseException:
                self._record(verb, time.perf_counter() - begun)
                raise
            if isinstance(answer, Iterator):
                return self._iterated(verb, answer, seconds)
            self._record(verb, seconds)
            return answer

        return timed

    def _iterated(
        self, verb: str, answers: Iterator[Any], seconds: float
    ) -> Iterator[Any]:
        """Measure an answer that comes in parts: the time of the repository,
        and not that of the code that takes them.
        """
        try:
            while True:
                begun = time.perf_counter()
                try:
                    part = next(answers)
                except StopIteration:
                    return
                finally:
                    seconds += time.perf_counter() - begun
                yield part
        finally:
            self._record(verb, seconds)


class Timer:
    """Give a repository that is measured: the same for the same one."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._last: TimedRepository | None = None

    def __call__(self, repository: Any) -> TimedRepository:
        last = self._last
        if last is None or last.repository is not repository:
            last = self._last = TimedRepository(repository, self._record)
        return last
