"""The settings are shown, with what follows from them."""

import json
import re
import sys

import pytest
from pyramid.config import Configurator
from support import KEY, OTHER_KEY, application

from pyramid_sessiontoken.keys.jwk import write_jwk_set
from pyramid_sessiontoken.keys.ring import Key


def test_check_tells_which_key_signs(run, ini, tmp_path):
    file = tmp_path / "keys.jwks"
    new = Key("new", bytes(range(1, 65)))
    old = Key("old", bytes(range(64)))
    file.write_text(write_jwk_set([new, old]))
    out = run("check", ini(keys=f"file:{file}", token__keys=OTHER_KEY))[1]
    assert (
        "\nKeys: 'new' signs; 'old' verifies; reloaded when the file"
        " changes; a new first key signs after 300 s\n"
    ) in out
    (line,) = [line for line in out.splitlines() if line.startswith("Token k")]
    assert line.endswith("' signs")


def test_check_shows_what_the_settings_mean(run, ini, monkeypatch):
    monkeypatch.setenv("SESSION_KEYS", KEY)
    status, out, _ = run(
        "check",
        "--all",
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
    assert shown["expiry.sliding"].endswith("30m  (INI)")
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


def test_check_prints_each_warning_of_the_start_once(run, ini, monkeypatch):
    monkeypatch.setenv("WEB_CONCURRENCY", "4")
    out = run("check", ini(repository="memory", require_tls="false"))[1]
    warnings = [
        line for line in out.splitlines() if line.startswith("Warning: ")
    ]
    assert len(set(warnings)) == len(warnings)
    for told in ("each worker keeps its own", "overheard"):
        assert len([line for line in warnings if told in line]) == 1


# What is shown by default.


def keys_of(out):
    """Give the settings that are shown."""
    return [
        line.split()[0].removeprefix("sessiontoken.")
        for line in out.splitlines()
        if line.startswith("sessiontoken.")
    ]


NAMED = {"token__issuer": "https://a.example", "token__audience": "api"}


def test_only_what_was_set_is_shown(run, ini):
    status, out, _ = run("check", ini(expiry__sliding="30m", **NAMED))
    assert status == 0
    assert keys_of(out) == [
        "keys",
        "expiry.sliding",
        "token.issuer",
        "token.audience",
    ]
    *_, verdict, left = out.splitlines()
    assert verdict == "Verdict: the application starts; no warning"
    assert left.endswith("settings have their defaults: --all shows them")


def test_it_tells_how_long_a_key_is_needed_for_access_tokens(run, ini):
    status, out, _ = run(
        "check",
        ini(
            authenticators="session access_token",
            repository="memory",
            access_token__lifetime="200d",
        ),
    )
    assert status == 0
    assert "Access tokens: they live 200d at most; a key" in out
    assert "Access tokens:" not in run("check", ini())[1]


def test_check_shows_authenticators_under_other_names(run, ini, monkeypatch):
    monkeypatch.setenv("ISSUER_KEY", OTHER_KEY)
    status, out, _ = run(
        "check",
        "--all",
        ini(
            authenticators="session google=bearer intranet=bearer",
            google__issuer="https://google.example",
            google__audience="a",
            google__algorithms="HS256",
            google__key="env:ISSUER_KEY",
            intranet__issuer="https://intranet.example",
            intranet__audience="a",
            intranet__algorithms="HS256",
            intranet__key="env:ISSUER_KEY",
            intranet__userid="intranet:{sub}",
        ),
    )

    assert status == 0
    assert re.search(
        r"sessiontoken\.google\.issuer +https://google\.example +\(INI\)", out
    )
    assert re.search(r"sessiontoken\.google\.type +- +\(default\)", out)
    assert "(INI, env:ISSUER_KEY)" in out
    assert OTHER_KEY not in out
    assert "sessiontoken.google.userid = {sub}, and there is another" in out


def test_what_a_warning_names_is_shown(run, ini):
    out = run("check", ini())[1]
    assert keys_of(out) == ["keys", "token.issuer", "token.audience"]
    assert "Verdict: the application starts; 2 warnings above\n" in out
    out = run("check", ini(token__issuer="a"))[1]
    assert "; 1 warning above\n" in out


def test_all_settings_are_shown_if_asked_for(run, ini):
    out = run("check", "--all", ini())[1]
    assert len(keys_of(out)) > 80
    assert "--all" not in out
    assert out.splitlines()[-1].startswith("Verdict: ")


def test_nothing_but_the_answer_is_written(run, ini):
    """The warnings of the start are among those of the command."""
    _, out, err = run("check", ini(keys="ephemeral"))
    assert err == ""
    assert out.count("Warning: sessiontoken.keys = ephemeral") == 1


def test_public_keys_are_named(run, ini, tmp_path):
    path = tmp_path / "tokens.jwks"
    assert run("keygen", "--alg", "ES256", "--out", str(path))[0] == 0
    settings = {"token__algorithm": "ES256", "token__keys": f"file:{path}"}
    out = run("check", ini(**settings))[1]
    assert "Public keys: GET https://localhost/auth/token/jwks\n" in out


# As JSON.


def test_json_says_the_same(run, ini, tmp_path):
    file = tmp_path / "keys.jwks"
    new, old = Key("new", bytes(range(1, 65))), Key("old", bytes(range(64)))
    file.write_text(write_jwk_set([new, old]))
    file.chmod(0o600)
    status, out, err = run("check", "--json", ini(keys=f"file:{file}"))
    assert (status, err) == (0, "")
    told = json.loads(out)
    assert list(told) == [
        "settings",
        "endpoint",
        "keys",
        "revocable",
        "warnings",
        "faults",
    ]
    assert len(told["settings"]) > 80
    assert told["settings"]["sessiontoken.expiry.absolute"] == {
        "value": "10h",
        "source": "default",
    }
    assert told["endpoint"] == "https://localhost/auth/token"
    assert told["keys"] == {"keys": ["new", "old"], "token.keys": None}
    assert told["revocable"] == "nothing; a token ends at its own times."
    assert len(told["warnings"]) == 2
    assert told["faults"] == []


def test_json_names_the_keys_of_tokens(run, ini):
    out = run("check", "--json", ini(token__keys=OTHER_KEY))[1]
    told = json.loads(out)["keys"]
    assert [len(told["keys"]), len(told["token.keys"])] == [1, 1]
    assert KEY not in out
    assert OTHER_KEY not in out


def test_where_it_does_not_start_json_has_the_faults_alone(run, ini):
    path = ini(relm="x", expiry__sliding="1y")
    status, out, err = run("check", "--json", path)
    assert (status, err) == (1, "")
    told = json.loads(out)
    assert len(told["faults"]) == 2
    assert any("did you mean" in fault for fault in told["faults"])
    assert not any(told[name] for name in told if name != "faults")


def test_where_there_is_no_ini_json_says_so(run, tmp_path):
    status, out, err = run("check", "--json", str(tmp_path / "no.ini"))
    assert (status, err) == (1, "")
    [fault] = json.loads(out)["faults"]
    assert fault.endswith("no.ini: No such file or directory")


@pytest.mark.parametrize(
    ("raised", "fault"),
    [
        (RuntimeError("no way"), "no way"),
        (ZeroDivisionError(), "ZeroDivisionError"),
        (SystemExit("give up"), "give up"),
    ],
)
def test_json_has_what_an_application_raises(
    run, ini, monkeypatch, raised, fault
):
    def make_none(global_config, **settings):
        raise raised

    monkeypatch.setattr(application, "make_app", make_none)
    status, out, err = run("check", "--json", ini())
    assert (status, json.loads(out)["faults"]) == (1, [fault])
    assert "make_none" in err


def test_what_the_application_prints_is_not_in_the_json(run, ini, monkeypatch):
    make = application.make_app

    def make_loud(global_config, **settings):
        sys.stdout.write("starting\n")
        return make(global_config, **settings)

    monkeypatch.setattr(application, "make_app", make_loud)
    _, out, err = run("check", "--json", ini())
    assert json.loads(out)["faults"] == []
    assert err == "starting\n"


def test_all_and_json_exclude_each_other(run, ini, capsys):
    with pytest.raises(SystemExit) as stopped:
        run("check", ini(), "--all", "--json")
    assert stopped.value.code == 2


# Where no token would be honoured.


class OtherPolicy:
    """Another security policy."""


def make_other_policy(global_config, **settings):
    config = Configurator(settings=settings, security_policy=OtherPolicy())
    config.include("pyramid_sessiontoken", route_prefix="/auth")
    return config.make_wsgi_app()


def test_where_another_policy_won_the_status_is_1(run, ini, monkeypatch):
    monkeypatch.setattr(application, "make_app", make_other_policy)
    status, out, _ = run("check", ini())
    assert status == 1
    assert "\nFault: no token is honoured: another security policy" in out
    assert "\nWarning: another security policy is in use" in out
    assert "\nVerdict: no token would be honoured; see the faults" in out
    status, out, _ = run("check", "--json", ini())
    assert status == 1
    assert len(json.loads(out)["faults"]) == 1
    assert json.loads(out)["settings"]
