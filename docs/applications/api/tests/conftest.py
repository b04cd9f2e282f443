import os
import shutil

import pytest
from alembic import command
from alembic.config import Config
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from pyramid.paster import get_appsettings
from webtest import TestApp

from pyramid_sessiontoken.interfaces import IClock, ITokenRepository
from pyramid_sessiontoken.testing import ManualClock
from tasks import main
from tasks.models import User, user

INI = os.path.join(os.path.dirname(__file__), "..", "development.ini")

PASSWORD = "correct horse battery"


@pytest.fixture(scope="session")
def alembic_config(tmp_path_factory):
    """The migrations, and a database that has them all."""
    path = tmp_path_factory.mktemp("database") / "tasks.sqlite"
    config = Config(INI)
    config.attributes["sqlalchemy.url"] = f"sqlite:///{path}"
    config.attributes["path"] = path
    command.upgrade(config, "head")
    return config


@pytest.fixture(scope="session")
def ini_settings():
    return get_appsettings(INI)


@pytest.fixture
def settings(ini_settings, alembic_config, tmp_path):
    """The settings of development.ini, with databases of the test's own."""
    shutil.copy(alembic_config.attributes["path"], tmp_path)
    return {
        **ini_settings,
        "sqlalchemy.url": f"sqlite:///{tmp_path}/tasks.sqlite",
        "sessiontoken.keys": "ephemeral",
        "sessiontoken.require_tls": "true",
        "sessiontoken.repository.url": f"sqlite:///{tmp_path}/sessions.sqlite",
    }


@pytest.fixture
def clock():
    return ManualClock(1_900_000_000)


@pytest.fixture
def app(settings, clock, monkeypatch):
    # A good hash is slow, and the tests need no good one.
    quick = Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(user, "hasher", PasswordHash([quick]))
    app = main({}, **settings)
    app.registry.registerUtility(clock, IClock)
    yield app
    app.registry.getUtility(ITokenRepository).close()
    app.registry["dbsession_factory"].kw["bind"].dispose()


@pytest.fixture
def add_user(app):
    def add_user(name, password=PASSWORD):
        factory = app.registry["dbsession_factory"]
        with factory() as dbsession, dbsession.begin():
            user = dbsession.get(User, name) or User(name=name)
            user.set_password(password)
            dbsession.add(user)

    return add_user


@pytest.fixture
def api(app):
    return TestApp(app, extra_environ={"wsgi.url_scheme": "https"})


@pytest.fixture
def sign_in(add_user, api):
    """Swap a password for a token; give the headers that show it."""

    def sign_in(name):
        add_user(name)
        api.authorization = ("Basic", (name, PASSWORD))
        token = api.post("/token").json["access_token"]
        api.authorization = None
        return {"Authorization": f"Bearer {token}"}

    return sign_in
