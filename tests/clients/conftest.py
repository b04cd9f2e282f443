"""A real server on loopback, and the tools that clients are made of."""

import json
import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from types import ModuleType

import pytest
from pyramid.config import Configurator
from support import Root, check_password, includeme
from support.clients import AUDIENCE, ISSUER, PAGE
from support.pages import blocks_of, run_python
from support.programs import lack
from webtest.http import StopableWSGIServer

from pyramid_sessiontoken.interfaces import IClock
from pyramid_sessiontoken.scripts import main
from pyramid_sessiontoken.testing import ManualClock

#: Of npm, each with its major version.
JS = ["jose@6", "jsonwebtoken@9"]


@dataclass(frozen=True)
class Service:
    """An application that is served.

    :ivar clock: its clock, which begins at the present.
    :ivar jwk_set: the text of its keys.
    """

    url: str
    clock: ManualClock
    jwk_set: str


@pytest.fixture
def serve(tmp_path, capsys):
    """Serve an application with settings of the test's own, on a clock that
    is held in the hand and begins at the present, or some seconds behind.
    """
    servers = []
    assert main(["keygen"]) == 0
    file = tmp_path / "sessiontoken.jwks"
    file.write_text(capsys.readouterr().out)
    assert main(["keygen", "--add", str(file)]) == 0

    def start(behind=0, setup=None, **settings):
        every = {
            "keys": f"file:{file}",
            "authenticators": "session cookie basic",
            "basic.check": check_password,
            "require_tls": "false",
            "cookie.secure": "false",
            "token.issuer": ISSUER,
            "token.audience": AUDIENCE,
            **{key.replace("__", "."): v for key, v in settings.items()},
        }
        clock = ManualClock(int(time.time()) - behind)
        config = Configurator(
            settings={f"sessiontoken.{k}": v for k, v in every.items()},
            root_factory=Root,
        )
        config.registry.registerUtility(clock, IClock)
        config.include("pyramid_sessiontoken")
        config.include(includeme)
        if setup is not None:
            setup(config)
        # It listens from here on.
        server = StopableWSGIServer.create(config.make_wsgi_app(), port=0)
        servers.append(server)
        url = f"http://127.0.0.1:{server.effective_port}"
        return Service(url, clock, file.read_text())

    yield start
    for server in servers:
        assert server.shutdown()


@pytest.fixture
def service(serve):
    return serve()


@pytest.fixture
def bearer_service(serve):
    return serve(token__scheme="Bearer")


@pytest.fixture(scope="session")
def page():
    """Give what the Python blocks of the page about clients define."""
    module = ModuleType("clients")
    for block in blocks_of(PAGE):
        if block.language == "python":
            run_python(block, PAGE, module)
    return module


@pytest.fixture(scope="session")
def curl():
    found = shutil.which("curl")
    if found is None:
        lack("curl")

    def run(*arguments):
        made = subprocess.run(  # noqa: S603
            [found, "-sS", "--noproxy", "*", *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert made.returncode == 0, made.stderr
        return made.stdout

    return run


@pytest.fixture(scope="session")
def node_modules(tmp_path_factory):
    """Install what the scripts import."""
    found = shutil.which("npm")
    if found is None or shutil.which("node") is None:
        lack("Node.js with npm")
    folder = tmp_path_factory.mktemp("node")
    env = dict(os.environ)
    if "SSL_CERT_FILE" in env:
        # Node does not trust by itself the authorities that Python trusts.
        env.setdefault("NODE_EXTRA_CA_CERTS", env["SSL_CERT_FILE"])
    made = subprocess.run(  # noqa: S603
        [
            *(found, "install", "--prefix", folder, "--prefer-offline"),
            *("--no-audit", "--no-fund", *JS),
        ],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env=env,
    )
    if made.returncode:
        lack(f"what npm installs ({made.stderr.strip()[-300:]})")
    return folder


@pytest.fixture(scope="session")
def node(node_modules):
    """Start scripts, by their text; give the process, to talk with."""

    def start(**scripts):
        for name, text in scripts.items():
            (node_modules / f"{name}.mjs").write_text(text)
        return subprocess.Popen(  # noqa: S603
            ["node", node_modules / f"{name}.mjs"],  # noqa: S607
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start


@pytest.fixture(scope="session")
def tell(node):
    """Run scripts on a JSON value, and give the one that they print."""

    def run(value, **scripts):
        with node(**scripts) as process:
            out, err = process.communicate(json.dumps(value), 60)
        assert process.returncode == 0, err
        return json.loads(out)

    return run
