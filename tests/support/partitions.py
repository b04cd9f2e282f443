"""A table of PostgreSQL, partitioned by the time when its rows expire."""

DAY = 24 * 3600

TABLE = """
CREATE TABLE session_tokens (
    key text NOT NULL,
    expires bigint NOT NULL,
    token bytea NOT NULL,
    subject text,
    PRIMARY KEY (key, expires)
) PARTITION BY RANGE (expires)
"""


def partition(server, begin, days):
    """Make the table, with a partition for each day and one for the rest."""
    server.execute(
        TABLE,
        "CREATE INDEX ON session_tokens (expires)",
        "CREATE INDEX ON session_tokens (subject)",
        "CREATE TABLE session_tokens_rest PARTITION OF session_tokens DEFAULT",
        *(
            f"CREATE TABLE session_tokens_{day}"
            " PARTITION OF session_tokens FOR VALUES"
            f" FROM ({begin + day * DAY}) TO ({begin + (day + 1) * DAY})"
            for day in range(days)
        ),
    )


def partition_by_key(server):
    """Make the table in two parts, by the hash of the key."""
    by_key = TABLE.replace("RANGE (expires)", "HASH (key)")
    server.execute(
        by_key.replace("(key, expires)", "(key)"),
        *(
            f"CREATE TABLE session_tokens_{part}"
            " PARTITION OF session_tokens FOR VALUES"
            f" WITH (MODULUS 2, REMAINDER {part})"
            for part in range(2)
        ),
    )
