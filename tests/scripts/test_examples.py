"""The examples of the help are calls that work."""

import pytest

from pyramid_sessiontoken.scripts import main
from pyramid_sessiontoken.scripts.examples import examples_of
from pyramid_sessiontoken.scripts.main import COMMANDS, parser


def names():
    return [command.__name__.rpartition(".")[2] for command in COMMANDS]


@pytest.mark.parametrize("name", names())
def test_help_shows_examples(name, capsys):
    with pytest.raises(SystemExit) as stopped:
        main([name, "-h"])
    assert stopped.value.code == 0
    assert examples_of(name) in capsys.readouterr().out


@pytest.mark.parametrize("name", names())
def test_each_example_can_be_parsed(name):
    first, *lines = examples_of(name).splitlines()
    assert first == "examples:"
    for line in lines:
        program, *words = line.partition(" >")[0].partition(" <")[0].split()
        assert (program, words[0]) == ("psessiontoken", name)
        if "'" not in line:
            assert parser().parse_args(words).run
