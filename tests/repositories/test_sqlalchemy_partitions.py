"""A table of PostgreSQL may be partitioned by the time when rows expire."""

import threading

import pytest
import sqlalchemy as sa
from support.items import item_of
from support.partitions import DAY, partition, partition_by_key

from pyramid_sessiontoken.clock import moment
from pyramid_sessiontoken.repositories.sqlalchemy import (
    SQLAlchemyRepository,
    _row,
)
from pyramid_sessiontoken.repositories.sqlalchemy_partitions import (
    is_partitioned,
)

pytestmark = pytest.mark.server


#: A database may have another isolation than READ COMMITTED by default.
STRICT = {"options": "-c default_transaction_isolation=serializable"}


@pytest.fixture(params=[{}, STRICT], ids=["default", "serializable"])
def repository(request, postgresql, clock):
    partition(postgresql, clock.now(), days=3)
    url = sa.make_url(postgresql.url).update_query_dict(request.param)
    repository = SQLAlchemyRepository(
        url.render_as_string(hide_password=False), clock, timeout=20
    )
    yield repository
    repository.close()


def rows(postgresql):
    return postgresql.execute(
        "SELECT tableoid::regclass::text, key, expires FROM session_tokens"
        " ORDER BY key, expires"
    )


def test_the_primary_key_tells_how_a_table_is_partitioned(postgresql, clock):
    found = []
    for make in (
        lambda: None,
        lambda: partition_by_key(postgresql),
        lambda: partition(postgresql, clock.now(), days=1),
    ):
        postgresql.execute("DROP TABLE IF EXISTS session_tokens")
        make()
        repository = SQLAlchemyRepository(postgresql.url, clock, timeout=20)
        table = repository._sql.table
        found.append(is_partitioned(repository._database._engine(), table))
        repository.add_or_update(item_of(clock, "one"))
        assert repository.get("one") == item_of(clock, "one")
        repository.close()
    assert found == [False, False, True]


def test_an_item_replaces_the_one_in_another_partition(
    repository, postgresql, clock
):
    early, late = (item_of(clock, "one", s) for s in (60, DAY + 60))
    for item in (early, late, early._replace(token=b"x"), late):
        repository.add_or_update(item)
        assert repository.get("one") == item
        assert len(rows(postgresql)) == 1
    assert rows(postgresql)[0][0] == "session_tokens_1"
    assert repository.renew(early, late.expires)
    assert rows(postgresql)[0][0] == "session_tokens_0"


def test_of_two_rows_of_a_key_the_later_one_counts(
    repository, postgresql, clock
):
    """Two processes put them at the same moment."""
    early, late = (item_of(clock, "one", s) for s in (60, DAY + 60))
    repository.add_or_update(late)
    with repository._database.connection() as connection:
        table = repository._sql.table
        connection.execute(table.insert(), _row(early))
    assert repository.get("one") == late
    # One that expired does not take the other with it.
    repository.keep_and_trim(item_of(clock, "two"), moment(clock.now() + 60))
    assert [key for _, key, _ in rows(postgresql)] == ["one", "two"]
    assert repository.get("one") == late
    repository.remove("one")
    assert not repository.add(early._replace(key="two"))
    assert repository.add(early)


def test_of_those_that_add_at_once_one_adds(repository, postgresql, clock):
    """Their items expire at different times, so no key of the table keeps
    them apart.
    """
    start, answers = threading.Barrier(8), []

    def work(number):
        start.wait()
        item = item_of(clock, "one", 60 + number)
        answers.append(repository.add(item))

    threads = [threading.Thread(target=work, args=[n]) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [*[False] * 7, True]
    assert len(rows(postgresql)) == 1
    clock.advance(DAY)
    assert repository.add(item_of(clock, "one", DAY))
    assert len(rows(postgresql)) == 1
