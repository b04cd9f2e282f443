"""The rules of the package: its rooms stand in one line."""

import ast
import configparser
import re
import sys
from pathlib import Path

import pytest
from support.architecture import drawn_rooms
from support.marks import ONCE

import pyramid_sessiontoken
from pyramid_sessiontoken.config.settings import TABLE

TESTS = Path(__file__).parent
TOP = TESTS.parent
ROOT = Path(pyramid_sessiontoken.__file__).parent

#: In this order. A room imports itself and the rooms before it.
ROOMS = """
interfaces errors identity clock keys repositories tokens expiry
cookies issuers sessions events authenticators policy views config
__init__ scripts typing debugtoolbar testing demo
""".split()

#: The packages that a room imports, beside zope.
PACKAGES = {
    "keys": {"jwt", "cryptography"},
    "tokens": {"jwt", "cryptography"},
    "cookies": {"cryptography"},
    "repositories": {"redis", "sqlalchemy", "psycopg"},
    "issuers": {"jwt", "cryptography"},
    "authenticators": {"cryptography", "pwdlib", "limits"},
    "policy": {"opentelemetry", "pyramid", "pyramid_retry"},
    "views": {"pyramid"},
    "config": {"pyramid"},
    "__init__": {"pyramid"},
    "scripts": {"pyramid"},
    "typing": {"pyramid"},
    "debugtoolbar": {"pyramid", "pyramid_debugtoolbar"},
    "testing": {"pytest", "pyramid"},
    "demo": {"pyramid", "pyramid_sessiontoken", "waitress"},
}

#: Only these read ``registry.settings``; policy reads a key of Pyramid's.
SETTINGS = {"policy", "config", "__init__", "scripts"}

#: Rooms whose files need no tests of their own, and where these are.
TESTED_ELSEWHERE = {
    "__init__": "in all tests of applications, which include the package",
    "demo": "test_demo.py, which serves it",
}

MODULES = sorted(ROOT.rglob("*.py"))


def name_of(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(p for p in parts if p != "__init__") or "__init__"


def room_of(module):
    return module.split(".")[0]


def imports_of(path):
    """Give the modules of the package and the other packages it imports."""
    package = path.relative_to(ROOT).parent.parts
    own, others = set(), set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level + 1]
            parts = [*base, *(node.module.split(".") if node.module else [])]
            if node.module:
                own.add(".".join(parts))
            else:
                own.update(".".join([*parts, a.name]) for a in node.names)
        elif isinstance(node, ast.ImportFrom):
            others.add(node.module.split(".")[0])
        elif isinstance(node, ast.Import):
            others.update(alias.name.split(".")[0] for alias in node.names)
    return own, others - set(sys.stdlib_module_names)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_room_imports_only_rooms_before_it(path):
    own, others = imports_of(path)
    here = room_of(name_of(path))
    before = ROOMS[: ROOMS.index(here) + 1]
    assert [m for m in own if room_of(m) not in before] == []
    assert others <= {"zope", *PACKAGES.get(here, ())}


def test_the_docs_show_the_same_line_of_rooms():
    page = "docs/development/architecture.rst"
    assert drawn_rooms() == ROOMS, f"{page}, the block 'rooms'"


def test_no_imports_form_a_circle():
    graph = {name_of(path): imports_of(path)[0] for path in MODULES}
    seen = set()

    def follow(module, way):
        assert module not in way, " -> ".join([*way, module])
        if module not in seen:
            for imported in graph.get(module, ()):
                follow(imported, [*way, module])
            seen.add(module)

    for module in graph:
        follow(module, [])


def test_few_rooms_read_the_settings_of_the_registry():
    reading = {
        room_of(name_of(path))
        for path in MODULES
        if "registry.settings" in path.read_text()
    }
    assert reading <= SETTINGS


def has_code(path):
    """Tell whether a file has a function that does something."""
    return any(
        not isinstance(statement, ast.Expr)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef)
        for statement in node.body
    )


def test_each_file_has_tests_of_its_own():
    """For cookies/jar.py, in tests/cookies/test_jar.py."""
    lacking = []
    for path in filter(has_code, MODULES):
        place = path.relative_to(ROOT)
        tests = TESTS / place.with_name(f"test_{place.name}")
        if room_of(name_of(path)) in TESTED_ELSEWHERE or tests.exists():
            continue
        lacking.append(str(place))
    assert lacking == []


def test_no_test_imports_another_test():
    """Tests share what stands in tests/support and in conftest.py."""
    wrong = []
    for path in TESTS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or "", *(a.name for a in node.names)]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            parts = [part for name in names for part in name.split(".")]
            if any(p == "conftest" or p.startswith("test_") for p in parts):
                wrong.append(f"{path}:{node.lineno}")
    assert wrong == []


def test_each_setting_stands_with_its_default_in_settings_ini():
    shown = {}
    for line in (TOP / "settings.ini").read_text().splitlines():
        if line.startswith("# sessiontoken."):
            key, _, value = line[2:].partition(" =")
            shown[key.removeprefix("sessiontoken.")] = value.strip() or None
    assert shown == {row.key: row.default for row in TABLE.values()}


def test_development_ini_sets_only_settings_of_the_library():
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


def test_the_wheel_has_the_same_ini():
    """Without a clone, ``python -m pyramid_sessiontoken.demo`` serves it."""
    ours = (TOP / "development.ini").read_text()
    assert (ROOT / "demo" / "demo.ini").read_text() == ours


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


def test_tox_runs_every_test_of_the_marker_tools():
    """It names their files, because to collect all tests takes long."""
    marked = {
        f"tests/{path.relative_to(TESTS).as_posix()}"
        for path in TESTS.rglob("test_*.py")
        if "pytest.mark." + "tools" in path.read_text("utf-8")
    }
    text = (TOP / "pyproject.toml").read_text()
    [run] = re.findall(r'"-m", "tools",([^]]*)\]', text)
    assert marked == set(re.findall(r'"([^"]+)"', run))


def test_what_is_tried_once_is_there():
    assert [path for path in ONCE if not (TESTS / path).exists()] == []


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
