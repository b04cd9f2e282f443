"""A file is read again when it changes."""

import logging

import pytest
from support.keys import put

from pyramid_sessiontoken.keys.followed_file import FollowedFile, stamp_of


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "file"
    put(path, "1")
    return path


def follow(path):
    """Follow a file with a number in it; count how often it is read."""
    reads = []

    def read():
        reads.append(None)
        return int(path.read_text())

    return FollowedFile(str(path), read), reads


def test_a_file_is_read_again_only_when_it_changes(path):
    file, reads = follow(path)
    assert [file.content, file.content] == [1, 1]
    put(path, "2")
    assert [file.content, file.content] == [2, 2]
    assert len(reads) == 2


def test_a_bad_change_is_logged_once_and_the_previous_content_stays(
    path, caplog
):
    file, _ = follow(path)
    put(path, "one")
    assert [file.content, file.content] == [1, 1]
    [record] = caplog.records
    assert record.levelno == logging.ERROR
    assert "its previous content stays in use" in record.getMessage()
    put(path, "3")
    assert file.content == 3


def test_the_content_of_a_removed_file_stays(path, caplog):
    file, _ = follow(path)
    path.unlink()
    assert file.content == 1
    assert "cannot be read" in caplog.text


def test_a_file_that_cannot_be_read_at_the_start_is_an_error(path, tmp_path):
    put(path, "one")
    with pytest.raises(ValueError):
        follow(path)
    with pytest.raises(OSError):
        follow(tmp_path / "absent")


def test_another_file_has_another_stamp(path):
    before = stamp_of(path)
    assert stamp_of(path) == before
    put(path, "1")
    assert stamp_of(path) != before


def test_a_stamp_has_all_that_tells_a_change(tmp_path):
    path = tmp_path / "file"
    path.write_text("content")
    found = path.stat()

    assert stamp_of(str(path)) == (
        found.st_mtime_ns,
        7,
        found.st_ino,
        found.st_ctime_ns,
    )
