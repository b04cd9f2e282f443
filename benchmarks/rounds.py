"""Rounds in which each contender takes a turn, and their results."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median, quantiles

from pool import Pool


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
    shuffle = random.Random(0).shuffle
    for _ in range(rounds):
        shuffle(turns)
        for name, number in turns:
            took = pool.ask(
                "take_waiting", name, count=requests, threads=number
            )
            taken = results[number].taken.setdefault(name, [])
            taken.append(took)
    return results


def run_rounds(pool: Pool, rounds: int, requests: int) -> Rounds:
    names = pool.names
    result = Rounds()
    result.taken = {name: [] for name in names}
    shuffle = random.Random(0).shuffle
    for _ in range(rounds):
        # So no contender always comes after the same one.
        shuffle(names)
        for name in names:
            took = pool.ask("take", name, count=requests)
            result.taken[name].append(took / requests)
    return result
