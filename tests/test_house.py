"""The house stands as it was planned: imports go down the storeys."""

import ast
import configparser
import sys
from pathlib import Path

import pytest

import pyramid_sessiontoken
from pyramid_sessiontoken.settings import TABLE

ROOT = Path(pyramid_sessiontoken.__file__).parent
TOP = ROOT.parent

STOREYS = """
interfaces errors events
userid claims ticket identity expiry keyring
clock following wire verified combining derivation jwt rotation cache sealing \
state cookies authenticators repositories throttle failures foreign
store revocation forms sessions carriers kept
rules judge authorization cross_site signin settle policy request oauth \
forbidden views
kinds keyfiles settings contradictions reading directives parts keying \
keeping carrying throttling vouching compose issuer trusting \
__init__ testing scripts demo
""".strip().splitlines()
STOREY = {
    room: storey
    for storey, rooms in enumerate(STOREYS)
    for room in rooms.split()
}
TOP_STOREY = len(STOREYS) - 1

# What each storey may import from outside, beside the standard library.
FOREIGN = [
    {"zope"},
    {"zope"},
    {"zope", "jwt", "cryptography", "pwdlib"}
    | {"redis", "sqlalchemy", "psycopg", "limits"},
    {"zope"},
    {"zope", "pyramid", "pyramid_retry"},
    {"zope", "pyramid", "jwt", "pytest"},
]


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


def storey_of(module):
    return STOREY[module.split(".")[0]]


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_a_file_imports_only_its_own_storey_and_lower_ones(path):
    own, foreign = imports_of(path)
    here = storey_of(name_of(path))
    assert [m for m in own if storey_of(m) > here] == []
    allowed = set(FOREIGN[here])
    if here == TOP_STOREY:
        allowed.add("pyramid_sessiontoken")
    assert foreign <= allowed


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
        if storey_of(name_of(path)) < 4:
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
