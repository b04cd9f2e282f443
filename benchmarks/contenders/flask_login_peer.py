"""Flask-Login.

The contender uses its session cookie, not its remember cookie: that one is
only read without a session, and makes one.
"""

from __future__ import annotations

import secrets

from calls import cookies_of
from flask import Flask, session
from flask_login import (
    LoginManager,
    UserMixin,
    current_user,
    login_required,
    login_user,
)
from job import CLAIMS, USERID, Job, make_environ, showing, tamper


class User(UserMixin):
    """A user without a database, as in the other contenders."""

    def __init__(self, userid: str) -> None:
        self.id = userid


def session_cookie() -> Job:
    app = _make_app()
    cookie = cookies_of(app, make_environ("/login"))
    # The signature is at the end.
    return showing(
        make_environ(COOKIE=cookie),
        make_environ(COOKIE=tamper(cookie, -10)),
        app,
    )


def _make_app() -> Flask:
    app = Flask("benchmark")
    app.secret_key = secrets.token_urlsafe(64)
    LoginManager(app).user_loader(User)

    @app.get("/login")
    def login() -> str:
        login_user(User(USERID))
        session.update(CLAIMS)
        return ""

    @app.get("/hello")
    @login_required
    def hello() -> str:
        return f"hello {current_user.id}"

    return app
