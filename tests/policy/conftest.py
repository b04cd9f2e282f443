"""Applications whose authenticator or view the test provides."""

import pytest
from pyramid.response import Response
from support.authenticators import Own


@pytest.fixture
def own(make):
    """Make a client whose first authenticator calls a function."""

    def make_own(does, settings=(), setup=None, **kw):
        authenticator = Own(does)

        def set_up(config):
            config.add_sessiontoken_authenticator("own", authenticator)
            config.add_view(
                lambda exc, request: Response(
                    f"view, {request.identity}", status=500
                ),
                context=LookupError,
            )
            if setup is not None:
                setup(config)

        client = make(
            {"authenticators": "own session cookie basic", **dict(settings)},
            setup=set_up,
            **kw,
        )
        client.own = authenticator
        return client

    return make_own


@pytest.fixture
def respond(make):
    """Make a client whose /custom answers with the test's own response."""

    def make_client(response, settings=(), setup=None):
        def custom(request):
            assert request.is_authenticated
            return response(request) if callable(response) else response

        def set_up(config):
            config.add_route("custom", "/custom")
            config.add_view(custom, route_name="custom")
            if setup is not None:
                setup(config)

        return make(settings, setup=set_up)

    return make_client
