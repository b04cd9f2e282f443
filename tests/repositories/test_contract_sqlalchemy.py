import pytest

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


class TestMariaDB(RepositoryContract):
    @pytest.fixture(params=["mysql", "mariadb"])
    def repository(self, clock, mariadb_process, request):
        url = mariadb_process.url.replace("mysql+", request.param + "+")
        repository = SQLAlchemyRepository(url, clock, timeout=PATIENT)
        yield repository
        close(repository)


def close(repository):
    repository.close()
