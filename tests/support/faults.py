"""How often a fault is tried, by which seed, and what is counted of it.

``FAULTS=1`` tries them at length, ``FAULTS=0.1`` a tenth of that.
``FAULTS_SEED=...`` repeats the random choices of a run.
"""

import os
import random
import secrets

#: Which part of the long form; 0 for the short form.
PART = float(os.environ.get("FAULTS", "0"))

#: Of all random choices, which the short form makes alike each time. The
#: summary of a run that failed shows it.
SEED = os.environ.get("FAULTS_SEED") or (
    secrets.token_hex(4) if PART else "short"
)


def times(short, long):
    """Give how often something is tried in this run."""
    return max(short, round(long * PART))


def choices(*names):
    """Give the source of random choices for one story."""
    return random.Random("/".join([SEED, *map(str, names)]))  # noqa: S311
