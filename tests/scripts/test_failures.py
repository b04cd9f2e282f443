"""What goes wrong is told in a sentence."""

import json

import pytest
from pyramid.exceptions import ConfigurationError

from pyramid_sessiontoken.scripts.failures import sentence, sentences


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ValueError("no"), "no"),
        (KeyError("server:main"), "server:main is missing"),
        (KeyError(), "a key is missing"),
        (FileNotFoundError(2, "No such file", "a.ini"), "a.ini: No such file"),
        (OSError("odd"), "odd"),
        (json.JSONDecodeError("Expecting value", "x", 0), "not JSON: Expect"),
        (ModuleNotFoundError("No module named 'myapp'"), "cannot be imported"),
    ],
)
def test_an_error_is_a_sentence(error, told):
    assert told in sentence(error)
    assert sentences(error) == [sentence(error)]


def test_a_list_of_faults_is_several_sentences():
    error = ConfigurationError("it cannot start; faults: 2\n- one\n- two")
    assert sentences(error) == ["one", "two"]


BAD = {
    "twice": (
        "[app:main]\na = 1\na = 2\n",
        "option 'a' in section 'app:main'",
    ),
    "percent": ("[app:main]\nuse = egg:x\na = 5%\n", "write %% for %"),
    "nothing": ("", "main"),
    "module": ("[app:main]\nuse = call:no_such:main\n", "'no_such'"),
    "attribute": (
        "[app:main]\nuse = call:support.application:mian\n",
        "has no attribute 'mian'",
    ),
    "egg": ("[app:main]\nuse = egg:no-such-egg\n", "no-such-egg"),
    "utf16": ("[app:main]\n".encode("utf-16"), "is UTF-16; save it as UTF-8"),
    "latin": (b"[app:main]\na = \xe4\n", "line 2 is not UTF-8"),
}


@pytest.mark.parametrize("command", ["check", "sessions"])
@pytest.mark.parametrize("name", BAD)
def test_an_ini_that_cannot_be_used_is_a_sentence(
    run, tmp_path, name, command
):
    content, told = BAD[name]
    path = tmp_path / "bad.ini"
    path.write_bytes(
        content if isinstance(content, bytes) else content.encode()
    )
    status, out, err = run(command, str(path))
    assert (status, out) == (1, "")
    assert told in err
    assert len(err.splitlines()) == 1


def test_what_is_no_ini_is_a_sentence(run, tmp_path):
    (tmp_path / "myapp.py").write_text("")
    for name in ("myapp.py", "", "no.ini", "no.ini#app"):
        status, out, err = run("check", str(tmp_path / name))
        assert (status, out) == (1, "")
        assert "an INI is wanted" in err or "No such file" in err
        assert len(err.splitlines()) == 1


def test_a_mistake_of_the_application_keeps_its_traceback(
    run, ini, monkeypatch
):
    def make(global_config, **settings):
        return global_config.no_such_thing

    monkeypatch.setattr("support.application.make_app", make)
    for command in ("check", "sessions"):
        with pytest.raises(AttributeError):
            run(command, ini())
