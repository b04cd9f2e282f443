"""What all commands have in common."""

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from support import application

from pyramid_sessiontoken.scripts import main


def test_misuse_exits_with_status_2(run):
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
def test_an_outage_is_printed_as_one_sentence(run, ini, words):
    file = ini(
        repository="redis", repository__url=DOWN, token__form="reference"
    )
    status, out, err = run(*[file if w == "INI" else w for w in words])
    assert (status, out) == (1, "")
    assert "cannot be asked" in err or "Redis failed (" in err
    assert len(err.splitlines()) == 1


def test_the_version_is_told(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["--version"])
    assert stopped.value.code == 0
    told = capsys.readouterr().out
    assert told == f"pyramid_sessiontoken {version('pyramid_sessiontoken')}\n"


def test_ctrl_c_ends_a_command_quietly(run, ini, monkeypatch):
    def interrupt(*args, **kw):
        raise KeyboardInterrupt

    monkeypatch.setattr(application, "make_app", interrupt)
    for words in (["check"], ["check", "--json"], ["sessions"]):
        assert run(*words, ini()) == (130, "", "")


PIPED = """
import os, sys
from pyramid_sessiontoken.scripts import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.server
@pytest.mark.skipif(os.name == "nt", reason="a pipe of POSIX")
@pytest.mark.parametrize("words", [["check", "--all"], ["check"], ["issue"]])
def test_a_closed_pipe_ends_a_command_quietly(ini, words):
    reading, writing = os.pipe()
    os.close(reading)
    name, *options = words
    user = ["alice"] if name == "issue" else []
    try:
        done = subprocess.run(  # noqa: S603
            [
                *(sys.executable, "-W", "ignore", "-c", PIPED),
                *(name, *options, ini(), *user),
            ],
            check=False,
            cwd=Path(__file__).parents[1],
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
        )
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")
