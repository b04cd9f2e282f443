"""Key rings, in memory and in files, that a test replaces."""

import itertools
import os

from pyramid_sessiontoken.keys.jwk import write_jwk_set
from pyramid_sessiontoken.keys.ring import KeyRing

MTIMES = itertools.count(10**9)


#: Moduli of RSA keys, made as the broken chips made them (CVE-2017-15361).
ROCA_1024 = int(
    "ef4ec4277d563c13abe24870c4e6f7ec95790d9313f67a2f10bf8111977ff5f3a6"
    "cbf2b51dcf06bcc932648eba860db92da909b04b63a29e3e2adcb3cd007fc5438f"
    "aa3c699bebe3df4b706d45144193b647baa0e48ee250c2f2ab6654515c6bec74fb"
    "3cbd24ed8d2ab77f9b44ca6927fc5e941dcd8f4aaac5ffa75779126629",
    16,
)
ROCA_2048 = int(
    "fbc8fac8a0cd29b5ee9adf67ff24c8a298a16dd0ba348fb0e1211aa7748276c103"
    "23cccccbb93ff25851b03208d7bb36b1d5b24487d54d93c48624901d6dd9043e86"
    "c840a967632a2e73b137cad444cf46a336a151d044af012bb88356a4386b6859f7"
    "4156e1230970f15abdb91a3e813c72a2bbb14d04f9d4758239bea1ba65da0ee97d"
    "7eecc93efe586c3a18f6c3d32a0529bb84abf3269699d602251ead4602c79323b7"
    "daab3d1b0042114cdefbe50bace498a091e66f6b9ec42bbaf15418fbad9317d66e"
    "dc8fff08261a39369ecb932c5f2d7fd81d3cff53cce6f72d277398f0f7a9d4fa06"
    "a01233285a31effd54f63426bfd6da026b0122a019f7677eab",
    16,
)


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
