"""What is told of an application."""

from dataclasses import replace

import pytest

from pyramid_sessiontoken.scripts.report import Report
from pyramid_sessiontoken.scripts.values import Value

REPORT = Report(
    values=(
        Value("sessiontoken.a", "1", "INI"),
        Value("sessiontoken.a.b", "2", "default"),
        Value("sessiontoken.c", "3", "default"),
        Value("sessiontoken.d", "4; the URL counts: 5", "default"),
    ),
    endpoint="https://localhost/token",
    has_jwks=False,
    about_keys=(),
    keys={},
    revocable="nothing",
    warnings=(),
    faults=(),
)


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("", "ad"),
        ("sessiontoken.c = 3: no", "acd"),
        ("sessiontoken.a.b is not good", "abd"),
        ("sessiontoken.a, sessiontoken.cc, sessiontoken.c.d", "ad"),
    ],
)
def test_what_was_set_or_needs_a_look_is_looked_at(told, shown):
    for place in ("warnings", "faults"):
        report = replace(REPORT, **{place: (told,)})
        assert [v.key[-1] for v in report.looked_at] == list(shown)


def test_the_verdict_counts_the_warnings():
    verdicts = [
        replace(REPORT, warnings=("w",) * number).verdict.rpartition("; ")[2]
        for number in range(3)
    ]
    assert verdicts == ["no warning", "1 warning above", "2 warnings above"]
    assert "no token" in replace(REPORT, faults=("f",)).verdict
