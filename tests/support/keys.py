"""Key rings, in memory and in files, that a test replaces."""

import itertools
import os

from pyramid_sessiontoken.keys.jwk import write_jwk_set
from pyramid_sessiontoken.keys.ring import KeyRing

MTIMES = itertools.count(10**9)


class Rings:
    """The ring of this moment, as ``CurrentRing`` gives it."""

    def __init__(self, *keys):
        self.replace(*keys)

    def replace(self, *keys):
        self.ring = KeyRing(keys)

    def __call__(self):
        return self.ring

    def fresh(self, than):
        return self.ring is not than


def put(path, text):
    """Put a file in the place of another, with a time of its own."""
    new = path.with_suffix(".new")
    new.write_text(text)
    mtime = next(MTIMES)
    os.utime(new, (mtime, mtime))
    os.replace(new, path)


def put_keys(path, *keys):
    put(path, write_jwk_set(keys))
