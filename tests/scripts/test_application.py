"""The commands start the application of an INI."""

from uuid import UUID

import pytest

from pyramid_sessiontoken.scripts.application import read_userid


@pytest.mark.parametrize(
    ("text", "userid"),
    [
        ("alice", "alice"),
        ("a:b", "a:b"),
        ("str:int:1", "int:1"),
        ("int:42", 42),
        ("uuid:00000000-0000-0000-0000-000000000001", UUID(int=1)),
    ],
)
def test_a_userid_is_read(text, userid):
    assert read_userid(text) == userid


@pytest.mark.parametrize("text", ["int:x", "uuid:x"])
def test_a_malformed_userid_is_refused(text):
    with pytest.raises(ValueError):
        read_userid(text)


def test_an_application_without_the_library_is_an_error(run, tmp_path):
    file = tmp_path / "other.ini"
    file.write_text("[app:main]\nuse = call:support.application:make_other\n")
    status, _, err = run("check", str(file))
    assert status == 1
    assert "does not include pyramid_sessiontoken" in err
    status, _, err = run("check", f"{file}#absent")
    assert status == 1


COMMANDS = [
    ["check"],
    ["issue", "alice"],
    ["explain", "no-token"],
    ["sessions"],
    ["revoke", "--user", "alice"],
    ["purge"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: c[0])
def test_every_command_takes_the_variables_of_an_ini(
    run, ini, tmp_path, command
):
    path = ini(
        realm="%(realm)s",
        repository="sqlalchemy",
        repository__url="sqlite:///%(folder)s/s.db",
    )
    name, *rest = command
    variables = ["--set", "realm=a=b", f"--set=folder={tmp_path}"]

    for order in ([path, *variables, *rest], [*variables, path, *rest]):
        assert run(name, *order)[2] == ""
    status, _, err = run(name, path, *rest)
    assert status == 1
    assert "realm: the value has a variable that cannot be filled in" in err
    assert "--set NAME=VALUE" in err
    assert "%(" not in err


def test_an_ini_that_is_none_is_a_sentence(run, tmp_path):
    path = tmp_path / "bad.ini"
    path.write_text("no section\n")

    status, _, err = run("check", str(path))

    assert status == 1
    assert "section" in err
    assert "Traceback" not in err


def test_a_variable_is_shown_as_it_is_in_force(run, ini):
    status, out, _ = run(
        "check", ini(realm="%(realm)s"), "--set", "realm=a=-b"
    )

    assert status == 0
    assert "a=-b  (INI)" in out


@pytest.mark.parametrize("variable", ["realm", "", "=x"])
def test_what_is_no_variable_is_a_wrong_call(run, ini, capsys, variable):
    with pytest.raises(SystemExit) as ended:
        run("check", ini(), "--set", variable)

    assert ended.value.code == 2
    assert "is not NAME=VALUE" in capsys.readouterr().err
