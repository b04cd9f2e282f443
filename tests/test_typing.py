"""Programs for types understand the library: mypy, with and without the
plugin for interfaces, and pyright.
"""

import inspect
import os
import subprocess
import sys

import pytest
from support.pages import DOCS, ROOT, blocks_of
from support.programs import module
from zope.interface import Interface
from zope.interface.interface import Method

from pyramid_sessiontoken import interfaces, typing
from pyramid_sessiontoken.policy.request import RequestSession

INTERFACES = {
    name: found
    for name, found in vars(interfaces).items()
    if name.startswith("I") and isinstance(found, type(Interface))
    if found is not Interface
}

#: Methods of these names are no private ones.
SPECIAL = {"__call__", "__iter__"}

#: The parts of the library are what the Protocols say.
PARTS = """
from pyramid_sessiontoken import typing
from pyramid_sessiontoken.authenticators.cookie import CookieAuthenticator
from pyramid_sessiontoken.authenticators.session import SessionAuthenticator
from pyramid_sessiontoken.clock import SystemClock
from pyramid_sessiontoken.cookies.transforms import SignedTransform
from pyramid_sessiontoken.expiry import ExpiryPolicy
from pyramid_sessiontoken.keys.file_ring import FileRing
from pyramid_sessiontoken.keys.ring import KeyRing
from pyramid_sessiontoken.repositories.memory import MemoryRepository
from pyramid_sessiontoken.repositories.redis import RedisRepository
from pyramid_sessiontoken.repositories.sqlalchemy import SQLAlchemyRepository
from pyramid_sessiontoken.sessions.store import RepositorySessionStore


def parts(
    memory: MemoryRepository,
    redis: RedisRepository,
    sql: SQLAlchemyRepository,
    policy: ExpiryPolicy,
    transform: SignedTransform,
    rings: tuple[KeyRing, FileRing],
    store: RepositorySessionStore,
    carriers: tuple[SessionAuthenticator, CookieAuthenticator],
) -> None:
    _1: list[typing.AddingRepository] = [memory, redis, sql]
    _2: list[typing.RenewingRepository] = [memory, redis, sql]
    _3: list[typing.SubjectRepository] = [memory, redis, sql]
    _4: list[typing.ListingRepository] = [memory, redis, sql]
    _5: list[typing.PurgingRepository] = [memory, sql]
    _6: typing.TrimmingOnceRepository = sql
    _7: typing.ForgetfulRepository = memory
    _8: typing.ExpiryPolicy = policy
    _9: typing.CookieTransform = transform
    _10: list[typing.KeyRing] = [*rings]
    _11: typing.SessionStore = store
    _12: list[typing.Authenticator] = [*carriers]
    _13: typing.Clock = SystemClock()
"""

#: Each line with the comment is a mistake.
WRONG = """
from pyramid_sessiontoken.events import SessionEnded, SessionIssued
from pyramid_sessiontoken.typing import (
    Clock,
    SessionTokenRequest,
    TokenRepository,
)


class Wrong:
    def now(self) -> str:
        return "now"


def view(request: SessionTokenRequest, repository: TokenRepository) -> None:
    request.sessiontoken.isue("alice")  # wrong
    request.sessiontoken.issue(["alice"])  # wrong
    request.sessiontoken.ticket.sid  # wrong
    repository.get(1)  # wrong


def told(issued: SessionIssued, ended: SessionEnded) -> None:
    issued.identity.claims["roles"] = []  # wrong
    ended.identity.userid  # wrong


clock: Clock = Wrong()  # wrong
"""


@pytest.mark.parametrize("name", INTERFACES)
def test_a_protocol_says_what_its_interface_says(name):
    interface = INTERFACES[name]
    protocol = getattr(typing, name.removeprefix("I"))
    own = {*vars(protocol), *inspect.get_annotations(protocol)}
    assert set(interface.names()) == {
        each for each in own if not each.startswith("_") or each in SPECIAL
    }
    for each in interface.names():
        if not isinstance(interface[each], Method):
            continue
        _, *ours = inspect.signature(getattr(protocol, each)).parameters
        said = interface[each].getSignatureInfo()
        assert ours == list(said["positional"]), each
        defaults = getattr(protocol, each).__defaults__ or ()
        assert defaults == tuple(said["optional"].values()), each
    bases = {base.__name__ for base in interface.__bases__}
    assert bases - {"Interface"} == {
        f"I{base.__name__}"
        for base in protocol.__bases__
        if base.__module__ == typing.__name__
    }


def test_every_protocol_is_exported():
    protocols = {name.removeprefix("I") for name in INTERFACES}
    assert protocols <= set(typing.__all__)


def test_the_session_of_a_request(make):
    def look(request):
        found = typing.session_of(request)
        return {"typed": isinstance(found, RequestSession)}

    def setup(config):
        config.add_route("look", "/look")
        config.add_view(look, route_name="look", renderer="json")

    assert make(setup=setup).get("/look").json == {"typed": True}


# Programs.


def lines_with_errors(output, name):
    """Give the numbers of the lines of a file that have an error."""
    found = set()
    for line in output.splitlines():
        at, _, told = line.strip().partition(" - error:")
        if not told:
            at, _, told = line.strip().partition(": error:")
        if told and name in at:
            found.add(int(at.partition(name + ":")[2].partition(":")[0]))
    return found


@pytest.mark.server
@pytest.mark.tools
def test_a_module_of_a_user_is_typed(tmp_path):
    for program in ("mypy", "mypy_zope", "pyright"):
        module(program)
    page = DOCS / "howto" / "typing.rst"
    blocks = [block.code for block in blocks_of(page)]
    for name, text in {
        "page.py": "\n\n".join(blocks),
        "parts.py": PARTS,
        "wrong.py": WRONG,
        "plain.ini": "[mypy]\n",
        "zope.ini": "[mypy]\nplugins = mypy_zope:plugin\n",
        "pyrightconfig.json": '{"typeCheckingMode": "standard"}',
    }.items():
        (tmp_path / name).write_text(text)
    mypy = (
        *(sys.executable, "-m", "mypy", "--strict", "--allow-subclassing-any"),
        # Of other packages, only the types.
        *("--ignore-missing-imports", "--follow-imports", "silent"),
        *("--cache-dir", os.devnull, "--config-file"),
    )
    programs = {
        "mypy": (*mypy, "plain.ini"),
        "mypy with mypy-zope": (*mypy, "zope.ini"),
        "pyright": (
            *(sys.executable, "-m", "pyright"),
            *("--pythonpath", sys.executable),
        ),
    }
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    running = {
        name: subprocess.Popen(  # noqa: S603
            [*command, "page.py", "parts.py", "wrong.py"],
            cwd=tmp_path,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for name, command in programs.items()
    }
    wrong = {
        number
        for number, line in enumerate(WRONG.splitlines(), 1)
        if line.endswith("# wrong")
    }
    for name, process in running.items():
        output, _ = process.communicate(timeout=300)
        assert lines_with_errors(output, "wrong.py") == wrong, output
        for good in ("page.py", "parts.py"):
            assert lines_with_errors(output, good) == set(), (name, output)
