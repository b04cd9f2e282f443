"""The tables, and ``request.dbsession``."""

import zope.sqlalchemy
from sqlalchemy import engine_from_config
from sqlalchemy.orm import configure_mappers, sessionmaker

from .api_key import ApiKey
from .meta import Base
from .task import Task
from .user import User

__all__ = ["ApiKey", "Base", "Task", "User"]

configure_mappers()


def get_tm_session(session_factory, transaction_manager, request=None):
    """Return a session that commits with a transaction."""
    dbsession = session_factory(info={"request": request})
    zope.sqlalchemy.register(
        dbsession, transaction_manager=transaction_manager
    )
    return dbsession


def includeme(config):
    settings = config.get_settings()
    settings["tm.manager_hook"] = "pyramid_tm.explicit_manager"
    config.include("pyramid_tm")
    config.include("pyramid_retry")

    engine = engine_from_config(settings, "sqlalchemy.")
    session_factory = sessionmaker(engine)
    config.registry["dbsession_factory"] = session_factory

    def dbsession(request):
        return get_tm_session(session_factory, request.tm, request)

    config.add_request_method(dbsession, reify=True)
