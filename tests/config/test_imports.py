"""What is not configured is not imported."""

import json
import subprocess
import sys

import pytest
from support import KEY

pytestmark = pytest.mark.server

#: Packages and files of the library that a minimal application does not need.
NOT_NEEDED = [
    "pyramid_sessiontoken.debugtoolbar",
    "pyramid_sessiontoken.issuers",
    "pyramid_sessiontoken.authenticators.access_token",
    "pyramid_sessiontoken.authenticators.api_key",
    "pyramid_sessiontoken.authenticators.bearer",
    "pyramid_sessiontoken.authenticators.client_certificate",
    "pyramid_sessiontoken.authenticators.failures",
    "pyramid_sessiontoken.authenticators.htpasswd",
    "pyramid_sessiontoken.authenticators.remote_user",
    "pyramid_sessiontoken.authenticators.x509",
    "pyramid_sessiontoken.keys.roca",
    "pyramid_sessiontoken.policy.access_tokens",
    "pyramid_sessiontoken.sessions.issuer_signouts",
    "pyramid_sessiontoken.repositories.redis",
    "pyramid_sessiontoken.repositories.sqlalchemy",
    "pyramid_sessiontoken.sessions.access_tokens",
    "pyramid_sessiontoken.sessions.sealed_access_tokens",
    "pyramid_sessiontoken.tokens.access_token",
    "pyramid_sessiontoken.views.logout",
    "limits",
    "opentelemetry",
    "pyramid_debugtoolbar",
    "pwdlib",
    "redis",
    "sqlalchemy",
]

SCRIPT = """
import json, sys
from pyramid.config import Configurator
settings = json.loads(sys.argv[1])
config = Configurator(settings=settings)
config.include("pyramid_sessiontoken")
config.commit()
print(*sorted(sys.modules))
"""


def imported(**settings):
    """Start an application in a process of its own; give its modules."""
    given = {
        f"sessiontoken.{key.replace('__', '.')}": value
        for key, value in {"keys": KEY, **settings}.items()
    }
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-W", "ignore", "-c", SCRIPT, json.dumps(given)],
        check=True,
        capture_output=True,
        text=True,
    )
    return set(done.stdout.split())


@pytest.fixture(scope="module")
def minimal():
    return imported()


@pytest.mark.parametrize("module", NOT_NEEDED)
def test_a_minimal_application_does_not_import(module, minimal):
    assert "pyramid_sessiontoken.policy.judge" in minimal
    assert module not in minimal


def test_what_is_configured_is_imported():
    modules = imported(
        authenticators="session bearer api_key",
        api_key__check="os.path:exists",
        bearer__issuer="https://issuer.example",
        bearer__audience="api",
        bearer__algorithms="RS256",
        bearer__jwks="https://issuer.example/keys",
    )

    assert "pyramid_sessiontoken.issuers.tokens" in modules
    assert "pyramid_sessiontoken.authenticators.api_key" in modules
    assert "pyramid_sessiontoken.authenticators.remote_user" not in modules
