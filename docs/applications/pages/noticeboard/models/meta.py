from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase

from pyramid_sessiontoken.repositories.sqlalchemy import table

# Names for constraints, so that a migration can change them.
NAMING_CONVENTION = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING_CONVENTION)


# The table of sessions: Alembic creates it, and does not drop it.
table(Base.metadata, "session_tokens")
