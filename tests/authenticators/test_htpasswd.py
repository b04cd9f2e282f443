"""Passwords in a file that may change while it is in use."""

import logging
import os

import bcrypt
import pytest
from argon2 import PasswordHasher
from pwdlib import PasswordHash

from pyramid_sessiontoken.authenticators.htpasswd import Htpasswd

# The cheapest hashes.
SALT = b"$2b$04$abcdefghijklmnopqrstuu"
ARGON2 = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def by_bcrypt(password):
    return bcrypt.hashpw(password.encode(), SALT).decode()


def write(path, text, mtime):
    """Write a file with a time of its own, so that no test waits."""
    path.write_text(text, encoding="utf-8")
    os.utime(path, (mtime, mtime))


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "passwords"
    write(
        path,
        "# users of the test\n"
        "\n"
        f"alice:{by_bcrypt('one')}\n"
        f"  bob:{ARGON2.hash('two')}  \n"
        f"caf\xe9:{by_bcrypt('three').replace('$2b$', '$2y$')}\n",
        1_000_000_000,
    )
    return path


@pytest.mark.parametrize(
    ("username", "password"),
    [("alice", "one"), ("bob", "two"), ("caf\xe9", "three")],
)
def test_bcrypt_and_argon2_are_known(path, username, password):
    check = Htpasswd(str(path))

    assert check(username, password, None) is True
    assert check(username, password + "x", None) is False
    assert check(username, "", None) is False


@pytest.mark.parametrize("username", ["carol", "", "Alice", "# users"])
def test_an_unknown_user_is_refused(path, username):
    check = Htpasswd(str(path))

    for password in ("one", "two", "three", ""):
        assert check(username, password, None) is False


def test_a_password_of_one_user_signs_no_other_user_in(path):
    """The password of an unknown user is compared with the first hash of the
    file; it is refused even if it matches.
    """
    check = Htpasswd(str(path))

    assert check("carol", "one", None) is False
    assert check("bob", "one", None) is False


class Counting(PasswordHash):
    """Count how often a password is hashed."""

    count = 0

    def verify(self, password, hashed):
        self.count += 1
        return super().verify(password, hashed)


def test_an_unknown_user_costs_the_same_work_as_a_wrong_password(path):
    check = Htpasswd(str(path))
    counting = check._hasher = Counting(check._hasher.hashers)

    for number, username in enumerate(("alice", "carol"), 1):
        assert check(username, "wrong", None) is False
        assert counting.count == number


class Noting(PasswordHash):
    """Note the hashes with which a password is compared."""

    def __init__(self, hashers):
        super().__init__(hashers)
        self.seen = []

    def verify(self, password, hashed):
        self.seen.append(hashed)
        return super().verify(password, hashed)


def held_against(check, usernames):
    noting = check._hasher = Noting(check._hasher.hashers)
    for username in usernames:
        assert check(username, "wrong", None) is False
    return noting.seen


SLOWER = bcrypt.hashpw(b"one", SALT.replace(b"04", b"05")).decode()
SOME = [f"user{number}" for number in range(60)]


def test_unknown_users_cost_as_much_time_as_known_ones(
    path,
):
    """The file has hashes of two costs. An unknown user gets either, as the
    users of the file do, and always the same one.
    """
    quick = by_bcrypt("one")
    write(path, f"a:{quick}\nb:{SLOWER}\nc:{SLOWER}\nd:{quick}\n", 1)

    seen = held_against(Htpasswd(str(path)), SOME)

    assert held_against(Htpasswd(str(path)), SOME) == seen
    # Sixty names: both costs must come.
    assert 10 < seen.count(quick) < 50
    assert seen.count(quick) + seen.count(SLOWER) == 60


def test_a_changed_file_rarely_changes_the_time_for_unknown_users(path):
    others = [
        f"u{i}:{bcrypt.hashpw(b'x', bcrypt.gensalt(4)).decode()}\n"
        for i in range(5)
    ]
    write(path, "".join(others) + f"b:{SLOWER}\n", 1)
    before = held_against(Htpasswd(str(path)), SOME)
    write(path, "".join(others[1:]) + f"b:{SLOWER}\n", 2)

    after = held_against(Htpasswd(str(path)), SOME)

    gone = others[0].strip().partition(":")[2]
    assert [a for a, b in zip(after, before, strict=True) if b != gone] == [
        b for b in before if b != gone
    ]
    assert gone not in after


def test_unknown_users_are_checked_against_the_one_cost_of_the_file(path):
    write(path, f"a:{by_bcrypt('one')}\nb:{by_bcrypt('two')}\n", 1)

    assert set(held_against(Htpasswd(str(path)), SOME)) == {by_bcrypt("one")}


def test_an_empty_file_signs_no_user_in(path):
    write(path, "", 1_000_000_000)

    assert Htpasswd(str(path))("alice", "one", None) is False


def test_a_password_that_bcrypt_cannot_take_is_wrong(path):
    check = Htpasswd(str(path))

    # bcrypt reads 72 bytes.
    assert check("alice", "one" + "x" * 100, None) is False
    assert check("alice", "\ud800", None) is False


# A file that changes.


def test_a_changed_file_is_read_again(path):
    check = Htpasswd(str(path))

    write(path, f"carol:{by_bcrypt('four')}\n", 1_000_000_001)

    assert check("carol", "four", None) is True
    assert check("alice", "one", None) is False


def test_a_replaced_file_of_equal_length_and_time_is_read_again(path):
    """Editors write another file and rename it."""
    write(path, f"alice:{by_bcrypt('one')}\n", 1_000_000_000)
    check = Htpasswd(str(path))
    other = path.with_suffix(".new")
    write(other, f"alice:{by_bcrypt('two')}\n", 1_000_000_000)

    other.replace(path)

    assert check("alice", "two", None) is True


def test_an_unchanged_file_is_not_read_again(path):
    check = Htpasswd(str(path))
    hashes = check._file.content

    check("alice", "one", None)

    assert check._file.content is hashes


@pytest.mark.parametrize("content", ["alice:plain\n", "alice\n", "\xff"])
def test_a_file_that_cannot_be_read_now_leaves_the_former_content(
    path, caplog, content
):
    check = Htpasswd(str(path))

    path.write_bytes(content.encode("latin-1"))

    assert check("alice", "one", None) is True
    assert check("alice", "two", None) is False
    # Logged once, not at each request.
    (record,) = (r for r in caplog.records if r.levelname == "ERROR")
    assert record.levelno == logging.ERROR
    assert record.name == "pyramid_sessiontoken"
    assert str(path) in record.getMessage()
    assert "plain" not in record.getMessage()


def test_a_file_that_is_gone_leaves_the_former_content(path, caplog):
    check = Htpasswd(str(path))

    path.unlink()

    assert check("alice", "one", None) is True
    assert "cannot be read" in caplog.text
    write(path, f"alice:{by_bcrypt('two')}\n", 1_000_000_001)
    assert check("alice", "two", None) is True


def test_a_file_that_was_mended_is_read(path):
    check = Htpasswd(str(path))
    write(path, "alice:plain\n", 1_000_000_001)
    check("alice", "one", None)

    write(path, f"alice:{by_bcrypt('two')}\n", 1_000_000_002)

    assert check("alice", "two", None) is True


# The start.


@pytest.mark.parametrize(
    "hashed",
    [
        "secret",
        "$apr1$abcdefgh$abcdefghijklmnopqrstu0",
        "{SHA}5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8",
        "$5$abcdefgh$abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqr",
        "$6$abcdefgh$abcdefghijklmnopqrstuvwxyz",
        "rqXexS6ZhobKA",
        "",
        SALT.decode(),
    ],
)
def test_weak_schemes_stop_the_start(path, hashed):
    write(path, f"alice:{by_bcrypt('one')}\nbob:{hashed}\n", 1_000_000_000)

    with pytest.raises(ValueError, match=r"line 2 .* htpasswd -B") as caught:
        Htpasswd(str(path))

    assert not hashed or hashed not in str(caught.value)


def test_a_missing_file_stops_the_start(tmp_path):
    with pytest.raises(OSError, match="nothing"):
        Htpasswd(str(tmp_path / "nothing"))


def test_a_damaged_hash_signs_no_user_in(path):
    """It looks like a hash of argon2, and is cut off."""
    write(path, f"alice:{ARGON2.hash('one')[:-9]}\n", 1_000_000_000)
    check = Htpasswd(str(path))

    assert check("alice", "one", None) is False
    assert check("bob", "one", None) is False
