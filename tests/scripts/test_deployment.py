"""What stands around an application is looked at, too."""

import os

import pytest
from support import KEY
from support.settings import read

from pyramid_sessiontoken.scripts.deployment import warnings_of_files


@pytest.mark.parametrize(
    ("server", "warned"),
    [
        ("unix_socket = /run/app.sock", True),
        ("bind = unix:/run/app.sock", True),
        ("listen = localhost:6543", False),
    ],
)
def test_a_unix_socket_has_no_address_to_count_by(run, ini, server, warned):
    settings = {
        "authenticators": "session basic",
        "basic__check": "support:check_password",
        "throttle__attempts": "5/minute",
    }
    for by, matters in (("address", True), ("user address", False)):
        path = ini(throttle__by=by, **settings)
        with open(path, "a") as file:
            file.write(f"\n{server}\n")
        told = "clients of a unix socket" in run("check", path)[1]
        assert told == (warned and matters)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "secret"
    path.write_text(f"{KEY}\n")
    return path


posix = pytest.mark.skipif(os.name == "nt", reason="there are no modes")


@posix
@pytest.mark.parametrize(
    ("mode", "warned"),
    [(0o644, True), (0o604, True), (0o640, False), (0o600, False)],
)
def test_a_key_file_that_others_can_read(run, ini, file, mode, warned):
    """As ``keygen > FILE`` makes it."""
    file.chmod(mode)

    for key in ("keys", "token__keys"):
        settings = {key: f"file:{file}"}
        if key == "token__keys":
            settings["keys"] = "ephemeral"
        out = run("check", ini(**settings))[1]

        told = f"every user of this machine can read '{file}'"
        assert (told in out) == warned
        assert ("chmod 600" in out) == warned


def warned(**settings):
    given = {
        f"sessiontoken.{key.replace('__', '.')}": value
        for key, value in settings.items()
    }
    parsed = read(
        {k.removeprefix("sessiontoken."): v for k, v in given.items()}
    )
    return [
        warning.partition(":")[0].removeprefix("sessiontoken.")
        for warning in warnings_of_files(parsed[0], given)
    ]


@posix
def test_every_file_with_a_secret_is_looked_at(file):
    file.chmod(0o644)
    place = f"file:{file}"

    assert warned(keys=[KEY, place]) == ["keys"]
    assert warned(repository__url=place) == ["repository.url"]
    assert warned(throttle__storage=place) == ["throttle.storage"]
    for algorithm, secret in (("HS256", True), ("ES256", False)):
        given = {"bearer__algorithms": algorithm}
        assert warned(bearer__key=place, **given) == ["bearer.key"] * secret
        for jwks in (place, str(file)):
            told = warned(bearer__jwks=jwks, **given)
            assert told == ["bearer.jwks"] * secret


def test_what_is_no_file_is_not_looked_at(file, monkeypatch):
    assert warned(keys=f"{KEY} file:{file}.absent") == []
    assert warned(repository__url="sqlite://") == []
    file.chmod(0o644)
    monkeypatch.setattr(os, "name", "nt")
    assert warned(keys=f"file:{file}") == []
