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
