"""What all commands have in common."""

import pytest

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
