"""Files of SQLite."""

import sqlite3
from contextlib import closing


def check_file(path):
    """Check that a file is whole."""
    with closing(sqlite3.connect(path)) as database:
        found = database.execute("PRAGMA integrity_check").fetchall()
    assert found == [("ok",)]
