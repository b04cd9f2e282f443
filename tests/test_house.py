"""The house stands as it was planned: imports go down the storeys."""

import ast
import configparser
import re
import sys
from pathlib import Path

import pytest
from support.architecture import drawn_rooms

import pyramid_sessiontoken
from pyramid_sessiontoken.config.settings import TABLE

ROOT = Path(pyramid_sessiontoken.__file__).parent
TOP = ROOT.parent

#: The rooms, from the ground up. A room imports what stands before it.
ROOMS = """
interfaces errors events identity clock keys repositories tokens expiry
cookies issuers sessions authenticators policy views config
__init__ scripts testing demo
""".split()

#: What a room may import from outside, beside zope and the standard library.
FOREIGN = {
    "keys": {"jwt", "cryptography"},
    "tokens": {"jwt", "cryptography"},
    "cookies": {"cryptography"},
    "repositories": {"redis", "sqlalchemy", "psycopg"},
    "issuers": {"jwt", "cryptography"},
    "sessions": {"cryptography"},
    "authenticators": {"cryptography", "pwdlib", "limits"},
    "policy": {"pyramid", "pyramid_retry"},
    "views": {"pyramid"},
    "config": {"pyramid"},
    "__init__": {"pyramid"},
    "scripts": {"pyramid"},
    "testing": {"pytest"},
    "demo": {"pyramid", "pyramid_sessiontoken"},
}


def modules():
    return sorted(ROOT.rglob("*.py"))


def name_of(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(p for p in parts if p != "__init__") or "__init__"


def imports_of(path):
    """Give what a file imports: of the house, as module names; foreign, as
    names of distributions.
    """
    package = path.relative_to(ROOT).parent.parts
    own, foreign = set(), set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level + 1]
            parts = [*base, *(node.module.split(".") if node.module else [])]
            if node.module:
                own.add(".".join(parts))
            else:
                own.update(".".join([*parts, a.name]) for a in node.names)
        elif isinstance(node, ast.ImportFrom):
            foreign.add(node.module.split(".")[0])
        elif isinstance(node, ast.Import):
            foreign.update(alias.name.split(".")[0] for alias in node.names)
    return own, foreign - set(sys.stdlib_module_names)


def room_of(module):
    return module.split(".")[0]


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_a_room_imports_only_what_stands_before_it(path):
    own, foreign = imports_of(path)
    here = room_of(name_of(path))
    before = ROOMS[: ROOMS.index(here) + 1]
    assert [m for m in own if room_of(m) not in before] == []
    assert foreign <= {"zope", *FOREIGN.get(here, ())}


def test_the_docs_show_the_same_line_of_rooms():
    assert drawn_rooms() == ROOMS, "docs/architecture.rst, the block 'rooms'"


def test_nothing_imports_in_a_circle():
    graph = {name_of(path): imports_of(path)[0] for path in modules()}

    def visit(module, way):
        assert module not in way, " -> ".join([*way, module])
        for imported in graph.get(module, ()):
            visit(imported, [*way, module])

    for module in graph:
        visit(module, [])


def test_nothing_below_the_top_sees_a_dictionary_of_settings():
    for path in modules():
        if room_of(name_of(path)) not in (
            "config",
            "__init__",
            "policy",
            "scripts",
        ):
            assert "registry.settings" not in path.read_text()


def test_every_setting_stands_with_its_default_in_development_ini():
    shown = {}
    for line in (TOP / "development.ini").read_text().splitlines():
        if line.startswith("# sessiontoken."):
            key, _, value = line[2:].partition(" =")
            shown[key.removeprefix("sessiontoken.")] = value.strip() or None
    assert shown == {row.key: row.default for row in TABLE.values()}


def test_development_ini_sets_only_what_there_is():
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str
    parser.read(TOP / "development.ini")
    given = [
        key.removeprefix("sessiontoken.")
        for key in parser["app:main"]
        if key.startswith("sessiontoken.")
    ]
    assert given
    assert set(given) <= set(TABLE)


def test_ruff_has_one_version():
    """Another version would format in another way."""
    by_tox = re.search(
        r'"ruff == ([\d.]+)"', (TOP / "pyproject.toml").read_text()
    )
    at_commit = re.search(
        r"ruff-pre-commit\n +rev: v([\d.]+)\n",
        (TOP / ".pre-commit-config.yaml").read_text(),
    )
    assert by_tox[1] == at_commit[1]


def test_the_workflow_runs_every_environment_of_tox():
    listed = re.search(
        r"env_list = \[([^]]*)\]", (TOP / "pyproject.toml").read_text()
    )
    workflow = (TOP / ".github" / "workflows" / "tests.yml").read_text()
    one, every = r"env: (\w+)\}", r"env: \[(.*)\]"
    run = re.findall(one, workflow)
    for several in re.findall(every, workflow):
        run += several.split(", ")
    assert sorted(run) == sorted(re.findall(r'"(\w+)"', listed[1]))
