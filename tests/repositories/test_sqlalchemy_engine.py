"""An engine has a synchronous driver, which gives up in time."""

import traceback

import pytest
from sqlalchemy.dialects import mysql, postgresql

from pyramid_sessiontoken.repositories.sqlalchemy import SQLAlchemyRepository
from pyramid_sessiontoken.repositories.sqlalchemy_engine import connect_args


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("hunter2", "that SQLAlchemy knows"),
        ("postgresql://alice:hunter2@h:port/d", "that SQLAlchemy knows"),
        ("nonsense://alice:hunter2@h/d", "that SQLAlchemy knows"),
        ("mssql+pyodbc://alice:hunter2@h/d", "SQLite, PostgreSQL, MySQL or"),
        ("sqlite+aiosqlite:///hunter2", "synchronous driver, not aiosqlite"),
    ],
)
def test_another_url_is_refused_and_the_error_does_not_show_it(
    clock, url, why
):
    with pytest.raises(ValueError, match=why) as refused:
        SQLAlchemyRepository(url, clock)
    assert "hunter2" not in "".join(traceback.format_exception(refused.value))


def test_a_driver_that_is_not_installed_is_an_import_error(clock):
    with pytest.raises(ImportError):
        SQLAlchemyRepository("postgresql+psycopg2cffi://h/d", clock)


def test_each_driver_has_its_own_options_for_a_timeout():
    def args_of(dialect, driver):
        dialect.driver = driver
        return connect_args(dialect, 0.25)

    libpq = args_of(postgresql.dialect(), "psycopg2")
    assert libpq == {
        "connect_timeout": 2,
        "options": "-c lock_timeout=250 -c statement_timeout=250",
    }
    pymysql = args_of(mysql.dialect(), "pymysql")
    assert pymysql == {
        "connect_timeout": 1,
        "read_timeout": 1,
        "write_timeout": 1,
    }
    assert args_of(postgresql.dialect(), "pg8000") == {}
