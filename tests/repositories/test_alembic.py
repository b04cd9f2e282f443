"""Alembic compares the table with the metadata of the application."""

import pytest
import sqlalchemy as sa

from pyramid_sessiontoken.repositories.sqlalchemy import (
    SQLAlchemyRepository,
    table,
)

alembic = pytest.importorskip("alembic")

ENV = """
from alembic import context
from sqlalchemy import NullPool, create_engine

attributes = context.config.attributes
engine = create_engine(attributes["url"], poolclass=NullPool)
with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=attributes["metadata"],
        include_name=attributes.get("include_name"),
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
"""


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param("postgresql", marks=pytest.mark.server),
        pytest.param("mariadb", marks=pytest.mark.server),
    ]
)
def url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/application.db"
    return request.getfixturevalue(request.param).url


@pytest.fixture
def migrations(url, tmp_path):
    """Give a function that writes a revision, as ``alembic revision
    --autogenerate`` does, and upgrades to it; it gives the operations.
    """
    from alembic import command
    from alembic.config import Config

    config = Config(str(tmp_path / "alembic.ini"))
    config.attributes["url"] = url
    command.init(config, str(tmp_path / "migrations"))
    (tmp_path / "migrations" / "env.py").write_text(ENV)

    def revise(metadata, **options):
        config.attributes.update(options, metadata=metadata)
        script = command.revision(config, autogenerate=True)
        command.upgrade(config, "head")
        called = script.module.upgrade.__code__.co_names
        return {name for name in called if name.endswith(("_table", "_index"))}

    return revise


def tables(url):
    engine = sa.create_engine(url)
    names = sa.inspect(engine).get_table_names()
    engine.dispose()
    return set(names) - {"alembic_version"}


def use(url, clock):
    repository = SQLAlchemyRepository(url, clock, timeout=5)
    assert repository.get("key") is None
    repository.close()


def test_a_table_that_is_in_no_metadata_is_dropped(migrations, url, clock):
    """So the docs say what to do."""
    use(url, clock)
    assert migrations(sa.MetaData()) == {"drop_index", "drop_table"}
    assert tables(url) == set()


def test_a_name_that_is_left_out_is_not_touched(migrations, url, clock):
    use(url, clock)

    def include_name(name, type_, parent_names):
        return type_ != "table" or name != "session_tokens"

    assert migrations(sa.MetaData(), include_name=include_name) == set()
    assert tables(url) == {"session_tokens"}


def test_a_table_that_is_described_is_made_once(migrations, url, clock):
    metadata = sa.MetaData()
    table(metadata)
    assert migrations(metadata) == {"create_index", "create_table"}
    assert tables(url) == {"session_tokens"}
    use(url, clock)
    assert migrations(metadata) == set()


def test_a_table_that_the_library_made_is_as_described(migrations, url, clock):
    use(url, clock)
    metadata = sa.MetaData()
    table(metadata)
    assert migrations(metadata) == set()
