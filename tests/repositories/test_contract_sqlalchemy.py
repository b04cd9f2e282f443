import pytest
from support.partitions import partition, partition_by_key

from pyramid_sessiontoken.repositories.sqlalchemy import SQLAlchemyRepository
from pyramid_sessiontoken.testing import RepositoryContract

# Fifty threads wait for ten connections longer than a request would.
PATIENT = 10


class TestSQLiteFile(RepositoryContract):
    @pytest.fixture
    def repository(self, clock, tmp_path):
        url = f"sqlite:///{tmp_path}/sessions.db"
        repository = SQLAlchemyRepository(url, clock, timeout=PATIENT)
        yield repository
        close(repository)


class TestSQLiteMemory(RepositoryContract):
    @pytest.fixture
    def repository(self, clock):
        repository = SQLAlchemyRepository("sqlite://", clock, timeout=PATIENT)
        yield repository
        close(repository)


class TestPostgreSQL(RepositoryContract):
    @pytest.fixture
    def repository(self, clock, postgresql_process):
        repository = SQLAlchemyRepository(
            postgresql_process.url, clock, timeout=PATIENT
        )
        yield repository
        close(repository)


class TestPartitions(RepositoryContract):
    """PostgreSQL, by the time when the rows expire, and by their keys."""

    @pytest.fixture(params=["range", "hash"])
    def repository(self, clock, postgresql, request):
        if request.param == "range":
            partition(postgresql, clock.now(), days=5)
        else:
            partition_by_key(postgresql)
        repository = SQLAlchemyRepository(
            postgresql.url, clock, timeout=PATIENT
        )
        yield repository
        assert repository._sql.adds_at_once == (request.param == "range")
        close(repository)


class TestMariaDB(RepositoryContract):
    @pytest.fixture(params=["mysql", "mariadb"])
    def repository(self, clock, mariadb_process, request):
        url = mariadb_process.url.replace("mysql+", request.param + "+")
        repository = SQLAlchemyRepository(url, clock, timeout=PATIENT)
        yield repository
        close(repository)


def close(repository):
    repository.close()
