"""Rounds in which each contender takes a turn, and their results."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from typing import TypeVar

from pool import Pool

Turn = TypeVar("Turn")


@dataclass(frozen=True)
class Ratio:
    """The cost of one contender over that of another. Half of all rounds are
    between ``low`` and ``high``.
    """

    middle: float
    low: float
    high: float


class Rounds:
    """Nanoseconds a request, by contender, in the order of the rounds."""

    def __init__(self) -> None:
        self.taken: dict[str, list[float]] = {}

    def has(self, *names: str) -> bool:
        return self.taken.keys() >= set(names)

    def add(self, name: str, took: float) -> None:
        """Add the result of the next round."""
        self.taken.setdefault(name, []).append(took)

    def derive(
        self, name: str, of: Sequence[str], cost: Callable[..., float]
    ) -> None:
        """Add a line that is computed from others, round by round. Leave it
        out where one of them is missing.
        """
        if self.has(*of):
            each = zip(*(self.taken[one] for one in of), strict=True)
            self.taken[name] = [cost(*costs) for costs in each]

    def ratio(self, name: str, over: str) -> Ratio:
        """Compare round by round: a slow minute is slow for both."""
        pairs = zip(self.taken[name], self.taken[over], strict=True)
        ratios = [one / other for one, other in pairs]
        if len(ratios) == 1:
            return Ratio(ratios[0], ratios[0], ratios[0])
        low, _, high = quantiles(ratios, n=4, method="inclusive")
        return Ratio(median(ratios), low, high)

    def microseconds(self, name: str) -> float:
        return median(self.taken[name]) / 1000


def run_kept(
    pool: Pool, rounds: int, requests: int, threads: Iterable[int]
) -> dict[int, Rounds]:
    """Time each contender with each number of threads, in every round."""
    turns = [(name, number) for name in pool.names for number in threads]
    results = {number: Rounds() for number in threads}
    for name, number in in_turn(turns, rounds):
        took = pool.ask("take_waiting", name, count=requests, threads=number)
        results[number].add(name, took)
    return results


def run_rounds(pool: Pool, rounds: int, requests: int) -> Rounds:
    result = Rounds()
    for name in in_turn(pool.names, rounds):
        took = pool.ask("take", name, count=requests)
        result.add(name, took / requests)
    return result


def in_turn(turns: Iterable[Turn], rounds: int) -> Iterator[Turn]:
    """Give all turns in every round, each time in another order: so no
    contender always comes after the same one.
    """
    order = list(turns)
    shuffle = random.Random(0).shuffle
    for _ in range(rounds):
        shuffle(order)
        yield from order
