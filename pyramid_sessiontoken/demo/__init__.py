"""A small application to try the library: users alice and bob, and a page
that shows what happens to a session.
"""

from __future__ import annotations

from typing import Any

from pyramid.authorization import Allow, Authenticated
from pyramid.config import Configurator
from pyramid.csrf import CookieCSRFStoragePolicy

import pyramid_sessiontoken


class Root:
    """The permissions of the whole demo."""

    __acl__ = (
        (Allow, Authenticated, "view"),
        (Allow, "role:admin", "administer"),
    )

    def __init__(self, request: Any) -> None:
        self.request = request


def main(global_config: Any, **settings: Any) -> Any:
    """Make the WSGI application that development.ini names. Settings on the
    command line count before those of the INI.
    """
    settings.update(
        (key, value)
        for key, value in global_config.items()
        if key.startswith("sessiontoken.")
    )
    with Configurator(settings=settings, root_factory=Root) as config:
        config.include("pyramid_sessiontoken")
        config.set_csrf_storage_policy(CookieCSRFStoragePolicy())
        config.set_default_csrf_options(
            require_csrf=True, callback=pyramid_sessiontoken.csrf_required
        )
        config.include(".views")
        config.include(".actions")
        config.include(".refusals")
        return config.make_wsgi_app()
