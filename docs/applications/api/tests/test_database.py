from alembic import command


def test_the_migrations_make_all_tables(alembic_config):
    """The table of sessions is one of them."""
    command.check(alembic_config)


def test_the_migrations_can_be_undone(alembic_config):
    command.downgrade(alembic_config, "base")
    command.upgrade(alembic_config, "head")
