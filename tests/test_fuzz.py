"""The inputs that fuzzing found still hold, without the fuzzer."""

import hmac
import subprocess
import sys
from itertools import repeat
from pathlib import Path

import pytest

from fuzz import inputs
from fuzz.targets import NAMES, find

CORPORA = Path(inputs.__file__).parent / "corpora"


@pytest.mark.parametrize("name", NAMES)
def test_all_kept_inputs_keep_the_promises(name):
    """Also the inputs that fuzzing begins with: a target knows them."""
    kept = inputs.read(inputs.kept(name))
    assert kept
    target = find(name)
    for data in (*kept, *target.seeds()):
        target.run(data)


def test_each_folder_belongs_to_a_target_and_is_small():
    assert sorted(path.name for path in CORPORA.iterdir()) == sorted(NAMES)
    sizes = [path.stat().st_size for path in CORPORA.glob("*/*")]
    assert max(sizes) <= inputs.LONGEST
    assert sum(sizes) < 300_000


def test_a_target_notices_that_signatures_are_not_checked(monkeypatch):
    monkeypatch.setattr(hmac, "compare_digest", lambda one, other: True)
    for name in ("tokens", "cookies"):
        target = find(name)
        assert any(map(is_broken, repeat(target.run), target.seeds()))


def is_broken(run, data):
    try:
        run(data)
    except AssertionError:
        return True
    return False


def test_only_inputs_with_steps_of_their_own_are_kept(monkeypatch, tmp_path):
    monkeypatch.setattr(inputs, "HERE", tmp_path)
    found = inputs.found("access_tokens")
    found.mkdir(parents=True)
    for data in (b"", b"A", b"Bearer x", b"Bearer y", b"Bearer st_x"):
        inputs.put(found, data)

    before, after, files = inputs.keep("access_tokens")

    assert before == 0
    assert after > 0
    kept = inputs.read(inputs.kept("access_tokens"))
    assert len(kept) == files
    assert b"Bearer st_x" in kept
    assert b"Bearer y" not in kept
    assert inputs.keep("access_tokens") == (after, after, files)


@pytest.mark.server
def test_an_unknown_target_is_named():
    run = Path(inputs.__file__).with_name("run.py")
    done = subprocess.run(  # noqa: S603
        [sys.executable, run, "nothing"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "nothing is none of tokens, cookies" in done.stderr
