"""Fixtures: an INI, and a command that is run."""

import pytest
from support import KEY

from pyramid_sessiontoken.scripts import main


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


@pytest.fixture
def kept(ini, tmp_path):
    return ini(
        repository="sqlalchemy",
        repository__url=f"sqlite:///{tmp_path}/sessions.db",
        token__form="reference",
    )
