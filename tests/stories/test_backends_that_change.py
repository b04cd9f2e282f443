"""The backend of an application changes under it: a pooler, a failover, a
firewall, a lock.
"""

import sqlite3
from contextlib import closing

import pytest
from support.servers import wait_until
from support.stored import alive, end

from pyramid_sessiontoken.interfaces import ITokenRepository


@pytest.fixture
def kept(make):
    """Make applications that keep each session; close their connections."""
    made = []

    def make_kept(place, url):
        client = make(
            {
                "repository": place,
                "repository.url": url,
                "repository.timeout": "5s",
                "token.form": "reference",
                "cookie.form": "reference",
            }
        )
        made.append(client.registry.getUtility(ITokenRepository))
        return client

    yield make_kept
    for repository in made:
        repository.close()


def test_sessions_are_kept_behind_a_pooler(kept, pgbouncer):
    """PgBouncer gives each statement another connection."""
    client = kept(
        "sqlalchemy",
        f"postgresql+psycopg://tests@127.0.0.1:{pgbouncer.port}/postgres",
    )
    for _ in range(10):
        token = client.swap()["access_token"]
        assert alive(client, token)
        end(client, token)
        assert not alive(client, token)


def test_a_sign_out_finds_the_server_that_writes(kept, postgresql, standby):
    host = "127.0.0.1"
    client = kept(
        "sqlalchemy",
        f"postgresql+psycopg://tests@/postgres?host={host}:{postgresql.port}"
        f"&host={host}:{standby.port}&target_session_attrs=read-write",
    )
    token = client.swap()["access_token"]
    [[written]] = postgresql.execute("SELECT pg_current_wal_lsn()")
    wait_until(
        lambda: standby.execute(
            f"SELECT 1 WHERE pg_last_wal_replay_lsn() >= '{written}'"
        )
    )
    setting = "default_transaction_read_only"
    try:
        postgresql.execute(
            f"ALTER SYSTEM SET {setting} = on", "SELECT pg_reload_conf()"
        )
        wait_until(lambda: postgresql.execute(f"SHOW {setting}") == [("on",)])
        standby.execute("SELECT pg_promote()")
        assert alive(client, token)
        end(client, token)
        assert not alive(client, token)
    finally:
        postgresql.execute(
            f"SET {setting} = off",
            f"ALTER SYSTEM RESET {setting}",
            "SELECT pg_reload_conf()",
        )
        wait_until(lambda: postgresql.execute(f"SHOW {setting}") == [("off",)])


def test_a_lock_of_the_applications_own_is_said_in_the_log(
    kept, tmp_path, caplog
):
    """It has flushed, and signs in before it commits."""
    path = f"{tmp_path}/application.db"
    client = kept("sqlalchemy", f"sqlite:///{path}?timeout=0.1")
    client.post_json("/sign_in", {}, status=302)
    with closing(sqlite3.connect(path)) as transaction:
        transaction.execute("BEGIN IMMEDIATE")
        client.fresh().post_json("/sign_in", {}, status=503)
    assert "(OperationalError: database is locked)" in caplog.text


def test_a_firewall_is_not_noticed(kept, redis, proxy, monkeypatch):
    between = proxy(redis.port)
    client = kept(
        "redis",
        f"redis://127.0.0.1:{between.port}?socket_timeout=0.25",
    )
    token = client.swap()["access_token"]
    monkeypatch.setattr(
        "pyramid_sessiontoken.repositories.redis_connections.CHECK_AFTER", -1
    )
    monkeypatch.setattr(
        "pyramid_sessiontoken.repositories.redis_connections.FORGOTTEN", -1
    )
    between.forget()
    client.clock.advance(6)
    assert alive(client, token)
