"""A table that nobody purges stays the size of what lives."""

import threading

import pytest
import sqlalchemy as sa

from pyramid_sessiontoken.interfaces import ITokenRepository

HOUR = 3600
DAY = 24 * HOUR

#: Sign-ins in a day, one after the other.
EACH_DAY = 8


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param("postgresql", marks=pytest.mark.server),
        pytest.param("mariadb", marks=pytest.mark.server),
    ]
)
def client(request, make, tmp_path):
    url = f"sqlite:///{tmp_path}/sessions.db"
    if request.param != "sqlite":
        url = request.getfixturevalue(request.param).url
    client = make(
        {
            "repository": "sqlalchemy",
            "repository.url": url,
            "repository.timeout": "10s",
            "token.form": "reference",
        }
    )
    yield client
    client.registry.getUtility(ITokenRepository).close()


def rows(client):
    repository = client.registry.getUtility(ITokenRepository)
    with repository._database.connection() as connection:
        table = repository._sql.table
        return list(connection.scalars(sa.select(table.c.expires)))


def pass_a_day(client):
    """Sign in each hour; every other session is signed out of."""
    for number in range(EACH_DAY):
        token = client.swap(f"user{number}")["access_token"]
        if number % 2:
            shown = {"Authorization": f"Session {token}"}
            client.delete("/token", headers=shown, status=204)
        client.clock.advance(DAY // EACH_DAY)


def test_a_month_leaves_what_lives_and_what_expired_today(client):
    sizes = []
    for _ in range(30):
        pass_a_day(client)
        sizes.append(len(rows(client)))
    # From the third day on, the table does not grow.
    assert max(sizes[3:]) <= max(sizes[:3])
    assert max(sizes) <= 3 * EACH_DAY
    # The last sign-in removed all that it should.
    oldest = min(rows(client))
    assert oldest > client.clock.now() - DAY - DAY // EACH_DAY


def test_a_table_that_grew_before_shrinks(client):
    """The setting is switched on, and nobody runs a command."""
    repository = client.registry.getUtility(ITokenRepository)
    repository.get("key")
    old = client.clock.now() - 30 * DAY
    with repository._database.connection() as connection:
        connection.execute(
            repository._sql.table.insert(),
            [
                {"key": f"k{n}", "expires": old, "token": b"", "subject": None}
                for n in range(200)
            ],
        )
    for _ in range(4):
        pass_a_day(client)
    assert old not in rows(client)


def test_sign_ins_at_once_do_not_wait_for_one_another(client):
    """All of them remove the same rows, and all of them succeed."""
    pass_a_day(client)
    client.clock.advance(3 * DAY)
    before = len(rows(client))
    assert before >= EACH_DAY
    start, answers = threading.Barrier(8), []

    def sign_in(number):
        mine = client.fresh()
        start.wait()
        answers.extend(mine.swap(f"user{number}") for _ in range(3))

    threads = [threading.Thread(target=sign_in, args=[n]) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 24
    assert all("access_token" in answer for answer in answers)
    assert min(rows(client)) > client.clock.now()


def test_a_table_that_is_not_purged_keeps_its_rows(make, tmp_path):
    client = make(
        {
            "repository": "sqlalchemy",
            "repository.url": f"sqlite:///{tmp_path}/sessions.db",
            "repository.purge": "off",
            "token.form": "reference",
        }
    )
    for _ in range(3):
        pass_a_day(client)
    # One for each: the session, or the mark that says that it was ended.
    assert len(rows(client)) == 3 * EACH_DAY
    client.registry.getUtility(ITokenRepository).close()


def test_a_purge_that_fails_does_not_fail_the_sign_in(make, tmp_path, caplog):
    client = make(
        {
            "repository": "sqlalchemy",
            "repository.url": f"sqlite:///{tmp_path}/sessions.db",
        }
    )
    repository = client.registry.getUtility(ITokenRepository)

    def fail(connection, date):
        connection.exec_driver_sql("SELECT * FROM absent")

    repository.get("key")
    repository._trim = fail
    assert client.swap()["access_token"]
    assert "a sign-in removed no expired records" in caplog.text
    assert "no such table: absent" in caplog.text
    repository.close()
