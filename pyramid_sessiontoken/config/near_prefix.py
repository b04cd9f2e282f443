"""Keys that were meant for the library, under a misspelt prefix."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .row import PREFIX

_WORD = PREFIX.rstrip(".")

#: As many letters may be wrong, too many or too few.
EDITS = 2


def near_prefixes(keys: Iterable[object]) -> Iterator[str]:
    """Warn of keys whose first word is nearly that of the library's keys.

    :param keys: all keys of the application's settings.
    """
    for key in keys:
        word, dot, rest = str(key).partition(".")
        if dot and rest and word != _WORD and is_near(word):
            yield (
                f"{str(key)!r} is not read: the settings of this library begin"
                f" with {PREFIX!r}; did you mean {PREFIX + rest!r}?"
            )


def is_near(word: str) -> bool:
    """Tell whether a word becomes the right one by :data:`EDITS` edits."""
    if abs(len(word) - len(_WORD)) > EDITS:
        return False
    # The distance of Levenshtein, a row for each letter.
    row = list(range(len(_WORD) + 1))
    for number, letter in enumerate(word, 1):
        before, row = row, [number]
        for place, right in enumerate(_WORD):
            row.append(
                min(
                    before[place] + (letter != right),
                    before[place + 1] + 1,
                    row[place] + 1,
                )
            )
    return row[-1] <= EDITS
