"""The settings in force are shown as they were written."""

import re

import pytest
from support import KEY, application


def test_check_marks_settings_of_the_application(run, ini, monkeypatch):
    path = ini()
    make = application.make_app
    monkeypatch.setattr(
        application,
        "make_app",
        lambda global_config, **settings: make(
            global_config, **settings, **{"sessiontoken.realm": "own"}
        ),
    )
    _, out, _ = run("check", path)
    assert "own  (application)" in out


def test_check_prints_whether_revocation_is_on(run, ini, kept):
    assert re.search(r"revocation +on ", run("check", kept, "--all")[1])
    assert re.search(r"revocation +off ", run("check", ini(), "--all")[1])


POSTGRESQL = (
    "postgresql+psycopg://h/d?connect_timeout=9"
    "&options=-cstatement_timeout%3D3s+-csearch_path%3Dhunter2"
)


@pytest.mark.parametrize(
    ("url", "timeout", "size"),
    [
        ("sqlite:///x.db?timeout=5", "timeout=5", None),
        (POSTGRESQL, "connect_timeout=9 statement_timeout=3s", None),
        (
            "redis://:hunter2@h?socket_timeout=2&max_connections=3",
            "socket_timeout=2.0",
            "max_connections=3",
        ),
        ("redis://:hunter2@h", None, None),
    ],
)
def test_check_shows_what_the_url_of_the_repository_sets(
    run, ini, url, timeout, size
):
    place = "redis" if url.startswith("redis") else "sqlalchemy"
    given = {"repository": place, "repository__url": url.replace("%", "%%")}
    assert run("check", ini(**given))[1].count("the URL counts: ") == sum(
        said is not None for said in (timeout, size)
    )
    status, out, _ = run("check", ini(**given), "--all")
    assert status == 0
    for name, said in (("timeout", timeout), ("pool_size", size)):
        key = f"sessiontoken.repository.{name} "
        (line,) = [line for line in out.splitlines() if line.startswith(key)]
        if said is None:
            assert "URL" not in line
        else:
            assert line.endswith(f"; the URL counts: {said}  (default)")
    assert "hunter2" not in out


def row(run, path, name):
    """Give what is shown of one setting."""
    out = run("check", "--all", path)[1]
    key = f"sessiontoken.{name} "
    (line,) = [line for line in out.splitlines() if line.startswith(key)]
    return line.removeprefix(key).strip()


@pytest.mark.parametrize(
    ("settings", "name", "shown"),
    [
        ({}, "expiry.absolute", "10h  (default)"),
        ({}, "expiry.renew_after", "0.5  (default)"),
        ({"expiry__renew_after": "0.25"}, "expiry.renew_after", "0.25  (INI)"),
        ({}, "repository.timeout", "250ms  (default)"),
        ({"expiry__absolute": "600m"}, "expiry.absolute", "600m  (INI)"),
        ({"expiry__absolute": "1800"}, "expiry.absolute", "1800  (INI)"),
        ({"expiry__absolute": "1800"}, "expiry.sliding", "30m  (default)"),
        ({"expiry__sliding": "off"}, "expiry.sliding", "off  (INI)"),
        ({"expiry__sliding": "90s"}, "expiry.sliding", "90s  (INI)"),
        ({}, "token.renewal_header", "Session-Token  (default)"),
        (
            {"token__renewal_header": "off"},
            "token.renewal_header",
            "off  (INI)",
        ),
        ({}, "cookie.max_chunks", "2  (default)"),
        ({}, "cookie.partitioned", "false  (default)"),
        ({}, "repository.url", "-  (default)"),
        ({}, "basic.check", "-  (default)"),
        ({}, "keys.rotate", "off  (default)"),
        ({"keys__rotate": "30d"}, "keys.rotate", "30d  (INI)"),
    ],
)
def test_a_value_is_shown_in_the_units_of_the_setting(
    run, ini, settings, name, shown
):
    assert row(run, ini(**settings), name) == shown


def test_a_secret_is_not_shown(run, ini, monkeypatch):
    monkeypatch.setenv("SESSION_KEYS", KEY)
    shown = row(run, ini(keys="env:SESSION_KEYS"), "keys")
    assert KEY not in shown
    assert shown.endswith("(INI, env:SESSION_KEYS)")
