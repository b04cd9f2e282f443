"""The page of known attacks names the tests, and no others."""

import ast
import re
from pathlib import Path

TOP = Path(__file__).parents[2]
PAGE = TOP / "docs" / "explanation" / "security_testing.rst"

_NAMED = re.compile(r"\* - ((?:CVE-\d+-\d+)|(?:GHSA[-\w]+)|(?:MS\d+-\d+))")
_IN_TEST = re.compile(r"cve_\d+_\d+|ghsa(?:_[0-9a-z]{4}){3}|ms\d+_\d+")


def names_of_tests():
    """Give the names of weaknesses in the names of the tests."""
    for path in Path(__file__).parent.glob("test_*.py"):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef):
                yield from _IN_TEST.findall(node.name)


def test_each_known_attack_of_the_page_has_a_test_of_its_name():
    text = PAGE.read_text("utf-8")
    attacks, _, others = text.partition("These cannot apply:")
    named = [
        name.lower().replace("-", "_") for name in _NAMED.findall(attacks)
    ]
    assert len(named) == len(set(named)) >= 50
    # One is mentioned beside a weakness that applies.
    beside = {"cve_2025_68481"}
    assert set(names_of_tests()) - beside == set(named)
    assert len(_NAMED.findall(others)) == 2
