"""Files of keys that change."""

import itertools
import os

from pyramid_sessiontoken.keys.jwk import write_jwk_set

MTIMES = itertools.count(10**9)


def put(path, text):
    """Put a file in the place of another, with a time of its own."""
    new = path.with_suffix(".new")
    new.write_text(text)
    mtime = next(MTIMES)
    os.utime(new, (mtime, mtime))
    os.replace(new, path)


def put_keys(path, *keys):
    put(path, write_jwk_set(keys))
