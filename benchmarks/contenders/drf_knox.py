"""Django REST framework with knox, which keeps tokens in the database."""

from __future__ import annotations

import os
import secrets
from typing import Any, ClassVar

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.management import call_command
from django.http import HttpResponse
from django.urls import path
from job import USERID, Environ, Job, make_environ, same, tamper
from servers import FOLDER


class Urls:
    """A module of URLs, filled when Django has its settings."""

    urlpatterns: ClassVar[list[Any]] = []


def sqlite() -> Job:
    _configure()
    call_command("migrate", verbosity=0)
    Urls.urlpatterns[:] = [path("hello", _view().as_view())]
    token, other = _issue()
    good = _show(token)
    return Job(
        WSGIHandler(),
        same(good),
        good=good,
        # Found in the database by its beginning, but not equal.
        bad=_show(tamper(token, -20)),
        ended=_show(other),
    )


def _configure() -> None:
    settings.configure(
        SECRET_KEY=secrets.token_urlsafe(64),
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=Urls,
        # No middleware, only the view and its authentication.
        MIDDLEWARE=[],
        INSTALLED_APPS=[
            "django.contrib.contenttypes",
            "django.contrib.auth",
            "rest_framework",
            "knox",
        ],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": os.path.join(os.environ[FOLDER], "knox.sqlite"),
                "OPTIONS": {"init_command": "PRAGMA journal_mode=WAL"},
                # Connections stay open, as in a pool.
                "CONN_MAX_AGE": None,
            }
        },
        USE_TZ=True,
    )
    django.setup()


def _view() -> Any:
    # These modules read the settings when they are imported.
    from knox.auth import TokenAuthentication
    from rest_framework.permissions import IsAuthenticated
    from rest_framework.views import APIView

    class Hello(APIView):
        authentication_classes = (TokenAuthentication,)
        permission_classes = (IsAuthenticated,)

        def get(self, request: Any) -> HttpResponse:
            return HttpResponse(f"hello {request.user.get_username()}")

    return Hello


def _issue() -> tuple[str, str]:
    """Give a token, and one that was ended."""
    from django.contrib.auth import get_user_model
    from knox.models import AuthToken

    user = get_user_model().objects.create_user(USERID)
    _, token = AuthToken.objects.create(user)
    there, ended = AuthToken.objects.create(user)
    there.delete()
    return token, ended


def _show(token: str) -> Environ:
    return make_environ(AUTHORIZATION=f"Token {token}")
