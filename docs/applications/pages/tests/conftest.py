import os
import shutil

import pytest
from alembic import command
from alembic.config import Config
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from pyramid.paster import get_appsettings
from webtest import TestApp

from noticeboard import main
from noticeboard.models import User, user
from pyramid_sessiontoken.interfaces import IClock, ITokenRepository
from pyramid_sessiontoken.testing import ManualClock

INI = os.path.join(os.path.dirname(__file__), "..", "development.ini")

PASSWORD = "correct horse battery"


@pytest.fixture(scope="session")
def alembic_config(tmp_path_factory):
    """The migrations, and a database that has them all."""
    path = tmp_path_factory.mktemp("database") / "noticeboard.sqlite"
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
        "sqlalchemy.url": f"sqlite:///{tmp_path}/noticeboard.sqlite",
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
def browser(app):
    """Make browsers, each with cookies of its own."""

    def make_browser(user_agent="Mozilla/5.0 (X11; Linux) Firefox/140.0"):
        return TestApp(
            app,
            extra_environ={
                "wsgi.url_scheme": "https",
                "HTTP_HOST": "board.example",
                "HTTP_ORIGIN": "https://board.example",
                "HTTP_ACCEPT": "text/html",
                "HTTP_USER_AGENT": user_agent,
                "REMOTE_ADDR": "192.0.2.7",
            },
        )

    return make_browser


@pytest.fixture
def sign_up(browser):
    """Sign a new user up; give the browser, which is signed in."""

    def sign_up(name, roles=(), **fields):
        made = browser()
        form = made.get("/sign-up").form
        form["name"] = name
        form["password"] = form["repeated"] = PASSWORD
        for field, value in fields.items():
            form[field] = value
        form.submit(status=303)
        if roles:
            give_roles(made.app, name, roles)
        return made

    return sign_up


def give_roles(app, name, roles):
    factory = app.registry["dbsession_factory"]
    with factory() as dbsession, dbsession.begin():
        dbsession.query(User).filter_by(name=name).one().roles = roles


@pytest.fixture
def sign_in(browser):
    """Sign a user in on another device."""

    def sign_in(name, password=PASSWORD, stay=False, status=303, **options):
        made = browser(**options)
        form = made.get("/sign-in").form
        form["name"], form["password"], form["stay"] = name, password, stay
        form.submit(status=status)
        return made

    return sign_in
