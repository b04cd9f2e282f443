"""Django REST framework with simplejwt, which accepts a token without a
database.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any, ClassVar

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpResponse
from django.urls import path
from job import (
    AUDIENCE,
    CLAIMS,
    ISSUER,
    LIFETIME,
    USERID,
    Job,
    break_signature,
    make_environ,
    showing,
)


class Urls:
    """A module of URLs, filled when Django has its settings."""

    urlpatterns: ClassVar[list[Any]] = []


def stateless() -> Job:
    _configure()
    Urls.urlpatterns[:] = [path("hello", _view().as_view())]
    token = _write()
    return showing(
        make_environ(AUTHORIZATION=f"Bearer {token}"),
        make_environ(AUTHORIZATION=f"Bearer {break_signature(token)}"),
        WSGIHandler(),
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
        ],
        SIMPLE_JWT={
            "ALGORITHM": "HS256",
            "SIGNING_KEY": secrets.token_urlsafe(64),
            "ISSUER": ISSUER,
            "AUDIENCE": AUDIENCE,
            "ACCESS_TOKEN_LIFETIME": timedelta(seconds=LIFETIME),
        },
    )
    django.setup()


def _view() -> Any:
    # These modules read the settings when they are imported.
    from rest_framework.permissions import IsAuthenticated
    from rest_framework.views import APIView
    from rest_framework_simplejwt.authentication import (
        JWTStatelessUserAuthentication,
    )

    class Hello(APIView):
        authentication_classes = (JWTStatelessUserAuthentication,)
        permission_classes = (IsAuthenticated,)

        def get(self, request: Any) -> HttpResponse:
            return HttpResponse(f"hello {request.user.id}")

    return Hello


def _write() -> str:
    from rest_framework_simplejwt.tokens import AccessToken

    token = AccessToken()
    token["user_id"] = USERID
    for name, value in CLAIMS.items():
        token[name] = value
    return str(token)
