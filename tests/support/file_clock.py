"""A clock in a file, for all processes that read it."""

import os
import threading
from pathlib import Path


class FileClock:
    """Tells the time that stands in a file.

    :param now: what to write into the file first; ``None`` to read it only.
    """

    def __init__(self, path, now=None):
        self.path = Path(path)
        self._lock = threading.Lock()
        if now is not None:
            self._write(now)

    def now(self):
        return int(self.path.read_text())

    def advance(self, seconds):
        with self._lock:
            self._write(self.now() + seconds)

    def _write(self, now):
        new = self.path.with_suffix(".new")
        new.write_text(str(now))
        os.replace(new, self.path)
