"""The settings are shown, with what follows from them."""

import re

import pytest
from support import KEY, OTHER_KEY, application

from pyramid_sessiontoken.keys.jwk import write_jwk_set
from pyramid_sessiontoken.keys.ring import Key

SQLITE = {"repository": "sqlalchemy", "repository__url": "sqlite://"}


def test_check_tells_which_key_signs(run, ini, tmp_path):
    file = tmp_path / "keys.jwks"
    new = Key("new", bytes(range(1, 65)))
    old = Key("old", bytes(range(64)))
    file.write_text(write_jwk_set([new, old]))
    out = run("check", ini(keys=f"file:{file}", token__keys=OTHER_KEY))[1]
    assert (
        "\nKeys: 'new' signs; 'old' verifies; followed when the file"
        " changes, and a new first key signs 300 s later\n"
    ) in out
    (line,) = [line for line in out.splitlines() if line.startswith("Token k")]
    assert line.endswith("' signs")


def test_check_shows_what_the_settings_mean(run, ini, monkeypatch):
    monkeypatch.setenv("SESSION_KEYS", KEY)
    status, out, _ = run(
        "check",
        ini(
            keys=f"env:SESSION_KEYS {OTHER_KEY}",
            expiry__sliding="30m",
            require_tls="false",
            cookie__transform="encrypted",
        ),
    )
    assert status == 0
    shown = {
        line.split()[0].removeprefix("sessiontoken."): line
        for line in out.splitlines()
        if line.startswith("sessiontoken.")
    }
    assert shown["expiry.sliding"].endswith("1800  (INI)")
    assert shown["realm"].endswith("session  (default)")
    assert shown["basic.check"].endswith("-  (default)")
    assert shown["require_tls"].endswith("false  (INI)")
    assert shown["keys"].endswith("(INI, env:SESSION_KEYS)")
    assert KEY not in out
    assert OTHER_KEY not in out
    assert "POST http://localhost/auth/token" in out
    assert "Revocable: nothing" in out
    assert "token.issuer is the default" in out
    assert "overheard" in out


def test_check_lists_all_faults(run, ini):
    status, _, err = run(
        "check", ini(keys="short", relm="x", expiry__sliding="1y")
    )
    assert status == 1
    for text in ("keys", "did you mean sessiontoken.realm", "expiry.sliding"):
        assert text in err
    assert "Traceback" not in err


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


@pytest.mark.parametrize(
    ("settings", "promise"),
    [
        ({}, "nothing; a token ends"),
        (SQLITE, "every session; at once in the process"),
        (SQLITE, "within 5 s in every other"),
        ({"repository": "memory"}, "which alone knows it"),
        (
            {**SQLITE, "repository__cache_ttl": "0"},
            "at its next request in every other",
        ),
        (
            {**SQLITE, "revocation": "off"},
            "sessions by reference, no self-contained ones",
        ),
    ],
)
def test_check_prints_which_sessions_can_be_revoked_and_how_fast(
    run, ini, settings, promise
):
    assert f"{promise}" in run("check", ini(**settings))[1]


def test_check_prints_whether_revocation_is_on(run, ini, kept):
    assert re.search(r"revocation +on ", run("check", kept)[1])
    assert re.search(r"revocation +off ", run("check", ini())[1])


def test_check_prints_each_warning_of_the_start_once(run, ini, monkeypatch):
    monkeypatch.setenv("WEB_CONCURRENCY", "4")
    out = run("check", ini(repository="memory", require_tls="false"))[1]
    warnings = [
        line for line in out.splitlines() if line.startswith("Warning: ")
    ]
    assert len(set(warnings)) == len(warnings)
    for told in ("each worker keeps its own", "overheard"):
        assert len([line for line in warnings if told in line]) == 1


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
    status, out, _ = run("check", ini(**given))
    assert status == 0
    for name, said in (("timeout", timeout), ("pool_size", size)):
        key = f"sessiontoken.repository.{name} "
        (line,) = [line for line in out.splitlines() if line.startswith(key)]
        if said is None:
            assert "URL" not in line
        else:
            assert line.endswith(f"; the URL counts: {said}  (default)")
    assert "hunter2" not in out
