"""The command line, as a deployer uses it."""

import io
import json
import os
import re

import jwt
import pytest
from support import KEY, OTHER_KEY, application
from support.application import CLOCK

from pyramid_sessiontoken.keys.base64url import decode_base64url
from pyramid_sessiontoken.keys.jwk import read_jwk_set, write_jwk_set
from pyramid_sessiontoken.keys.ring import Key
from pyramid_sessiontoken.scripts import main

SQLITE = {"repository": "sqlalchemy", "repository__url": "sqlite://"}


@pytest.fixture
def ini(tmp_path):
    def write(**settings):
        settings.setdefault("keys", KEY)
        lines = [
            f"sessiontoken.{key.replace('__', '.')} = {value}"
            for key, value in settings.items()
        ]
        file = tmp_path / "app.ini"
        file.write_text(
            "\n".join(
                [
                    "[app:main]",
                    "use = call:support.application:make_app",
                    *lines,
                    "[server:main]",
                    "use = egg:waitress#main",
                ]
            )
        )
        return str(file)

    return write


@pytest.fixture
def run(capsys):
    def run_command(*argv):
        status = main(argv)
        out, err = capsys.readouterr()
        return status, out, err

    return run_command


def test_keygen_makes_a_key_set_that_the_settings_take(run, make, tmp_path):
    status, out, _ = run("keygen")
    assert status == 0
    [key] = json.loads(out)["keys"]
    assert (key["kty"], key["use"]) == ("oct", "sig")
    [read] = read_jwk_set(out)
    assert len(read.secret) == 64
    file = tmp_path / "keys.jwks"
    file.write_text(out)
    client = make({"keys": f"file:{file}"})
    assert client.ask(client.swap()["access_token"]).json["userid"] == "alice"


def test_keygen_puts_a_new_key_in_front(run, tmp_path):
    file = tmp_path / "keys.jwks"
    file.write_text(run("keygen")[1])
    [old] = read_jwk_set(file.read_text())
    assert run("keygen", "--add", str(file)) == (0, "", "")
    assert [path.name for path in tmp_path.iterdir()] == ["keys.jwks"]
    new, kept = read_jwk_set(file.read_text())
    assert kept == old
    assert new != old


def test_keygen_leaves_a_file_alone_that_is_no_key_set(run, tmp_path):
    file = tmp_path / "keys.jwks"
    file.write_text("{}")
    status, _, err = run("keygen", "--add", str(file))
    assert status == 1
    assert "JWK Set" in err
    assert file.read_text() == "{}"
    status, _, err = run("keygen", "--add", str(tmp_path / "absent"))
    assert status == 1
    assert "absent" in err


def test_what_is_issued_after_a_restart_has_the_new_key(run, ini, tmp_path):
    file = tmp_path / "keys.jwks"
    file.write_text(run("keygen")[1])
    config = ini(keys=f"file:{file}")
    early = run("issue", config, "alice")[1].strip()
    assert run("keygen", "--add", str(file))[0] == 0
    late = run("issue", config, "alice")[1].strip()
    new, old = read_jwk_set(file.read_text())
    kids = [jwt.get_unverified_header(token)["kid"] for token in (early, late)]
    assert kids == [old.kid, new.kid]
    assert "accepted" in run("explain", config, early)[1]


@pytest.mark.skipif(os.name == "nt", reason="there are no owners and modes")
def test_keygen_leaves_owner_and_mode_as_they_are(run, tmp_path, monkeypatch):
    file = tmp_path / "keys.jwks"
    file.write_text(run("keygen")[1])
    file.chmod(0o640)
    before = file.stat()
    assert run("keygen", "--add", str(file))[0] == 0
    after = file.stat()
    for name in ("st_mode", "st_uid", "st_gid"):
        assert getattr(after, name) == getattr(before, name)
    assert after.st_ino != before.st_ino


def test_keygen_leaves_nothing_about_where_it_fails(
    run, tmp_path, monkeypatch
):
    file = tmp_path / "keys.jwks"
    text = run("keygen")[1]
    file.write_text(text)

    def refuse(new, uid, gid):
        raise PermissionError("it is somebody else's")

    with monkeypatch.context() as patch:
        patch.setattr(os, "chown", refuse, raising=False)
        status, _, err = run("keygen", "--add", str(file))
    assert (status, err) == (1, "it is somebody else's\n")
    assert [path.name for path in tmp_path.iterdir()] == ["keys.jwks"]
    file.with_name("keys.jwks.new").mkdir()
    assert run("keygen", "--add", str(file))[0] == 1
    assert file.read_text() == text


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


def test_what_the_application_sets_is_told_apart(run, ini, monkeypatch):
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
    ("userid", "shown"),
    [
        ("alice", "'alice'"),
        ("str:int:1", "'int:1'"),
        ("int:42", "42"),
        (
            "uuid:00000000-0000-0000-0000-000000000001",
            "UUID('00000000-0000-0000-0000-000000000001')",
        ),
    ],
)
def test_issue_makes_a_token_and_explain_explains_it(run, ini, userid, shown):
    path = ini()
    status, token, _ = run(
        "issue",
        path,
        userid,
        "--claim",
        'roles=["admin"]',
        "--claim",
        "name=Alice",
    )
    assert status == 0
    status, out, _ = run("explain", path, token.strip())
    assert status == 0
    facts = dict(line.split(": ", 1) for line in out.splitlines())
    assert facts["Verdict"] == "accepted"
    assert facts["User"] == shown
    assert facts["Claims"] == '{"roles": ["admin"], "name": "Alice"}'
    assert facts["Authenticated by"] == "application"
    assert facts["Issued"] == "2027-01-15 08:00:00+00:00"
    assert facts["Next renewal"] == "2027-01-15 08:30:00+00:00, in 1800 s"
    assert facts["Token ends"] == "2027-01-15 09:00:00+00:00, in 3600 s"
    assert facts["Session ends"] == "2027-01-15 18:00:00+00:00, in 36000 s"
    assert len(facts["Key"]) == 43
    assert token.strip() not in out


def test_explain_tells_what_a_token_is_bound_to(run, ini):
    path = ini()
    token = run("issue", path, "alice")[1].strip()
    header = jwt.get_unverified_header(token)
    claims = jwt.decode(token, options={"verify_signature": False})
    claims["cnf"] = {"x5t#S256": "A" * 43}
    bound = jwt.encode(claims, decode_base64url(KEY), headers=header)

    assert "Bound" not in run("explain", path, token)[1]
    status, out, _ = run("explain", path, bound)
    assert status == 0
    assert f"Bound to the certificate: {'A' * 43}" in out


def test_explain_tells_why_a_token_is_refused(run, ini, monkeypatch):
    path = ini()
    token = run("issue", path, "alice")[1].strip()

    def verdict(seconds, shown=token):
        CLOCK.advance(seconds)
        status, out, _ = run("explain", path, shown)
        CLOCK.advance(-seconds)
        return status, out.splitlines()[0]

    assert verdict(1800) == (
        0,
        "Verdict: accepted, and renewed when it is used",
    )
    assert verdict(4000) == (1, "Verdict: refused, it expired")
    assert verdict(-60) == (1, "Verdict: refused, it is from the future")
    assert verdict(0, "junk")[0] == 1
    assert "not a session token" in verdict(0, "junk")[1]
    monkeypatch.setattr("sys.stdin", io.StringIO(token + "\n"))
    assert verdict(0, "-") == (0, "Verdict: accepted")
    never = ini(expiry__sliding="off")
    token = run("issue", never, "alice")[1].strip()
    _, out, _ = run("explain", never, token)
    assert "Next renewal: never" in out


@pytest.fixture
def kept(ini, tmp_path):
    return ini(
        repository="sqlalchemy",
        repository__url=f"sqlite:///{tmp_path}/sessions.db",
        token__form="reference",
    )


def test_sessions_are_listed_and_ended(run, kept):
    tokens = [
        run("issue", kept, u)[1].strip() for u in ("int:7", "int:7", "bob")
    ]
    status, out, _ = run("sessions", kept, "int:7")
    assert status == 0
    first, second = out.splitlines()
    assert "began 2027-01-15 08:00:00, ends 2027-01-15 18:00:00" in first
    assert "by application" in first
    sid = second.split()[0]
    assert run("revoke", kept, "--sid", sid) == (0, "", "")
    assert len(run("sessions", kept, "int:7")[1].splitlines()) == 1
    assert run("revoke", kept, "--user", "int:7") == (0, "", "")
    assert run("sessions", kept, "int:7") == (0, "", "")
    verdicts = [run("explain", kept, token)[0] for token in tokens]
    assert verdicts == [1, 1, 0]


def test_everybody_s_sessions_are_listed(run, kept, ini):
    for userid in ("int:7", "int:7", "bob"):
        run("issue", kept, userid)
    run("revoke", kept, "--user", "alice")
    status, out, _ = run("sessions", kept)
    assert status == 0
    whose = sorted(line.split()[-1] for line in out.splitlines())
    assert whose == ["int:7", "int:7", "str:bob"]
    assert "began 2027-01-15 08:00:00" in out
    CLOCK.advance(86400)
    try:
        assert run("sessions", kept) == (0, "", "")
    finally:
        CLOCK.advance(-86400)


@pytest.mark.parametrize(
    ("settings", "lacks"),
    [
        (
            {"repository": "support.application:make_four_verbs"},
            "IListingRepository: name a user",
        ),
        (
            {
                "repository": "memory",
                "session_store": "support.application:make_own_store",
            },
            "ISessionStore",
        ),
        ({}, "repository is not set"),
    ],
)
def test_what_cannot_list_everybody_s_sessions_says_so(
    run, ini, settings, lacks
):
    status, out, err = run("sessions", ini(**settings))
    assert (status, out) == (1, "")
    assert lacks in err


def test_what_names_a_session_may_begin_with_a_dash(run, kept):
    assert run("revoke", kept, "--sid", "-" * 22) == (0, "", "")
    assert run("revoke", kept, "--user", "-bob") == (0, "", "")


def test_an_option_without_its_value_is_misuse(run, kept, capsys):
    with pytest.raises(SystemExit) as stopped:
        run("revoke", kept, "--sid")
    assert stopped.value.code == 2


def test_purge_forgets_what_has_expired_and_says_how_much(run, kept, ini):
    run("issue", kept, "alice")
    assert run("purge", kept) == (0, "done\n", "")
    CLOCK.advance(86400 * 3)
    try:
        out = run("purge", kept)[1]
    finally:
        CLOCK.advance(-86400 * 3)
    assert out == "2 forgotten\ndone\n"
    status, _, err = run("purge", ini())
    assert status == 1
    assert "repository is not set" in err


def test_a_repository_that_is_purged_at_once_is_purged_by_days(
    run, ini, monkeypatch
):
    path = ini(repository="support.application:make_four_verbs")
    out = run("purge", path)[1]
    assert len(out.splitlines()) == 8
    assert "until 2027-01-08 08:00: 0 forgotten" in out
    assert "until 2027-01-15 08:00: 0 forgotten" in out
    # One that counts nothing is purged as well.
    monkeypatch.setattr(application.FourVerbs, "remove_all_before", _forget)
    out = run("purge", path)[1]
    assert "until 2027-01-15 08:00: done" in out


def _forget(self, date):
    """Expire by itself, and do nothing."""


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
def test_check_prints_what_is_revocable_and_how_fast(
    run, ini, settings, promise
):
    assert f"{promise}" in run("check", ini(**settings))[1]


def test_an_application_without_the_library_is_told_so(run, tmp_path):
    file = tmp_path / "other.ini"
    file.write_text("[app:main]\nuse = call:support.application:make_other\n")
    status, _, err = run("check", str(file))
    assert status == 1
    assert "does not include pyramid_sessiontoken" in err
    status, _, err = run("check", f"{file}#absent")
    assert status == 1


@pytest.mark.parametrize(
    "argv",
    [
        ("alice", "--claim", "novalue"),
        ("alice", "--claim", "exp=1"),
        ("system.Everyone",),
        ("int:x",),
        ("uuid:x",),
    ],
)
def test_issue_refuses_what_no_token_can_carry(run, ini, argv):
    status, out, err = run("issue", ini(), *argv)
    assert (status, out) == (1, "")
    assert err


def test_misuse_is_told_with_status_2(run):
    for argv in ((), ("unknown",), ("issue",)):
        with pytest.raises(SystemExit) as caught:
            main(argv)
        assert caught.value.code == 2


DOWN = "redis://127.0.0.1:1/0"


@pytest.mark.parametrize(
    "words",
    [
        ["issue", "INI", "alice"],
        ["sessions", "INI", "alice"],
        ["sessions", "INI"],
        ["revoke", "INI", "--sid", "x" * 22],
        ["revoke", "INI", "--user", "alice"],
    ],
    ids=" ".join,
)
def test_an_outage_is_one_sentence(run, ini, words):
    file = ini(
        repository="redis", repository__url=DOWN, token__form="reference"
    )
    status, out, err = run(*[file if w == "INI" else w for w in words])
    assert (status, out) == (1, "")
    assert "cannot be asked" in err or "Redis failed (" in err
    assert len(err.splitlines()) == 1


def test_check_tells_what_is_in_force(run, ini, kept):
    assert re.search(r"revocation +on ", run("check", kept)[1])
    assert re.search(r"revocation +off ", run("check", ini())[1])


def test_explain_tells_that_a_reference_has_no_key(run, kept):
    token = run("issue", kept, "alice")[1].strip()
    assert "Key: none: it is a reference" in run("explain", kept, token)[1]


def test_keygen_keeps_what_else_a_set_says(run, tmp_path):
    file = tmp_path / "keys.jwks"
    there = json.loads(run("keygen")[1])
    there["keys"][0]["key_ops"] = ["sign", "verify"]
    there["note"] = "ours"
    file.write_text(json.dumps(there))
    assert run("keygen", "--add", str(file))[0] == 0
    now = json.loads(file.read_text())
    assert now["note"] == "ours"
    assert now["keys"][1:] == there["keys"]
    assert len(now["keys"]) == 2
