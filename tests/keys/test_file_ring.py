"""A key ring follows its files, and a new key verifies before it signs."""

import itertools
import json
import logging
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import START
from support.keys import put, put_keys
from support.tokens import FIRST, SECOND, STRANGER
from zope.interface.verify import verifyObject

from pyramid_sessiontoken.config.keys import read_keys
from pyramid_sessiontoken.interfaces import IKeyRing
from pyramid_sessiontoken.keys.base64url import encode_base64url
from pyramid_sessiontoken.keys.file_ring import (
    PROPAGATION,
    SETTLED,
    FileRing,
    signer_first,
)
from pyramid_sessiontoken.keys.jwk import write_jwk_set
from pyramid_sessiontoken.keys.ring import Key
from pyramid_sessiontoken.testing import ManualClock

OLD, NEW, NEWER = FIRST, SECOND, STRANGER
KEYS = [Key.of(bytes(range(n, n + 64))) for n in range(1, 61)]


class Reader:
    """Read a file as the settings do, and count the readings."""

    def __init__(self, path):
        self.path = path
        self.count = 0

    def __call__(self):
        self.count += 1
        return read_keys(f"file:{self.path}")


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "sessiontoken.jwks"
    put_keys(path, OLD)
    return path


@pytest.fixture
def start(path, clock):
    """Start a process that reads the file."""

    def start_process(path=path, clock=clock):
        reader = Reader(path)
        ring = FileRing(reader(), (str(path),), reader, clock, "the ring")
        ring.reader = reader
        return ring

    return start_process


@pytest.fixture
def ring(start):
    return start()


@pytest.fixture
def said(caplog):
    """Give the log lines since the last call."""
    caplog.set_level(logging.INFO, "pyramid_sessiontoken")

    def ask():
        lines = [f"{r.levelname} {r.getMessage()}" for r in caplog.records]
        caplog.clear()
        return lines

    return ask


def test_it_has_all_that_the_interface_asks(ring):
    assert verifyObject(IKeyRing, ring)
    assert ring.signer == OLD
    assert list(ring) == [OLD]
    assert ring.current is ring.current


# A key that leaves


@pytest.fixture
def present():
    """A clock that agrees with that of the files."""
    return ManualClock(int(time.time()))


def write_in_place(path, text):
    """Write a file as an editor or ``cp`` does: others may read its half."""
    path.write_text(text)


def plain(*keys):
    return "\n".join(encode_base64url(key.secret) for key in keys)


PLAIN = plain(NEW, OLD)


@pytest.mark.parametrize("length", range(7, len(PLAIN), 7))
def test_a_file_that_is_half_written_drops_no_key(
    path, start, present, length
):
    write_in_place(path, PLAIN)
    ring = start(clock=present)
    for text in (PLAIN[:length], PLAIN):
        write_in_place(path, text)
        for _ in range(SETTLED - 1):
            present.advance(1)
            assert {NEW, OLD} <= set(ring)
            assert ring.signer == NEW
            assert {NEW, OLD} <= set(ring.reload())
    present.advance(SETTLED)
    assert list(ring) == [NEW, OLD]


def test_a_key_that_was_removed_verifies_for_some_seconds(
    path, start, present
):
    put(path, plain(NEW, OLD))
    ring = start(clock=present)
    list(ring)
    put(path, plain(NEW))
    for _ in range(SETTLED - 1):
        present.advance(1)
        assert list(ring) == [NEW, OLD]
    present.advance(1)
    assert list(ring) == [NEW]
    asked = ring.reader.count
    present.advance(1)
    assert (list(ring), ring.reader.count) == ([NEW], asked)


@pytest.mark.parametrize("seconds", [-1000, -SETTLED, 1000])
def test_a_key_leaves_also_where_the_clock_of_the_files_differs(
    path, start, seconds
):
    clock = ManualClock(int(time.time()) + seconds)
    put(path, plain(NEW, OLD))
    ring = start(clock=clock)
    put(path, plain(NEW))
    clock.advance(1)
    list(ring)
    clock.advance(SETTLED)
    assert list(ring) == [NEW]


def test_each_change_of_a_file_counts_the_seconds_anew(path, start):
    # Far behind the times of the files, which tell nothing then.
    clock = ManualClock(int(time.time()) - 1000)
    put(path, plain(NEW, OLD))
    ring = start(clock=clock)
    for text in (plain(NEW), plain(NEW) + "\n"):
        put(path, text)
        for _ in range(SETTLED):
            clock.advance(1)
            assert list(ring) == [NEW, OLD]
    clock.advance(1)
    assert list(ring) == [NEW]


def test_a_key_that_comes_back_never_left(path, start, present):
    put(path, plain(NEW, OLD))
    ring = start(clock=present)
    for keys in ((NEW,), (NEW, OLD), (NEW,), (OLD, NEW)):
        put(path, plain(*keys))
        present.advance(1)
        assert set(ring) == {NEW, OLD}
    assert ring.signer == OLD


def test_of_a_whole_new_ring_the_old_key_signs_until_it_leaves(
    path, start, present
):
    ring = start(clock=present)
    list(ring)
    put(path, plain(NEW))
    present.advance(1)
    assert list(ring) == [OLD, NEW]
    present.advance(SETTLED)
    assert list(ring) == [NEW]


def test_a_jwk_set_is_whole_so_a_key_leaves_it_at_once(path, start, present):
    for text in (plain(NEW, OLD), write_jwk_set([NEW, OLD])):
        put(path, text)
        ring = start(clock=present)
        list(ring)
        put_keys(path, NEW)
        present.advance(1)
        assert list(ring) == [NEW]


# A new key


def test_a_new_key_verifies_at_once_and_signs_later(ring, path, clock):
    before = ring.current
    put_keys(path, NEW, OLD)
    clock.advance(1)

    assert list(ring.current) == [OLD, NEW]
    assert list(before) == [OLD]
    between = ring.current
    clock.advance(PROPAGATION - 2)
    assert ring.current is between
    clock.advance(1)
    assert list(ring.current) == [NEW, OLD]
    assert ring.signer == NEW
    assert list(between) == [OLD, NEW]


def test_a_removed_key_is_refused_within_a_second(ring, path, clock):
    put_keys(path, NEW)
    clock.advance(1)

    assert list(ring.current) == [NEW]


def test_a_known_key_signs_as_soon_as_it_is_first(start, path, clock):
    put_keys(path, OLD, NEW)
    ring = start()
    put_keys(path, NEW, OLD)
    clock.advance(1)

    assert list(ring.current) == [NEW, OLD]


def test_of_several_new_keys_the_last_signs_first(ring, path, clock):
    put_keys(path, NEWER, NEW)
    clock.advance(1)
    assert list(ring.current) == [NEW, NEWER]
    clock.advance(PROPAGATION)
    assert list(ring.current) == [NEWER, NEW]


def test_a_process_that_starts_signs_with_the_first_key(ring, start, path):
    """A token of the new key makes the other processes check the file."""
    put_keys(path, NEW, OLD)
    before = ring.current

    assert start().signer == NEW
    assert ring.reload() is not before
    assert list(ring.current) == [OLD, NEW]


def test_the_age_of_a_key_is_that_of_its_file(start):
    """A key is as old as its file, whenever a process checks the file."""
    clock = ManualClock(int(time.time()) - 1000)
    path_of = start().reader.path
    sleeping, waking = start(clock=clock), start(clock=clock)
    put_keys(path_of, NEW, OLD)
    clock.advance(1000 + PROPAGATION // 2)
    assert waking.signer == OLD
    clock.advance(PROPAGATION)
    assert sleeping.signer == waking.signer == NEW


def made_when(since):
    return st.lists(
        st.tuples(st.sampled_from(KEYS), since),
        min_size=1,
        max_size=5,
        unique_by=lambda drawn: drawn[0].kid,
    ).map(lambda drawn: tuple(replace(k, since=s) for k, s in drawn))


@given(
    made_when(
        st.none()
        | st.integers(START - 2 * PROPAGATION, START + 2 * PROPAGATION)
    )
)
def test_the_first_key_that_is_not_new_signs(keys):
    arranged = signer_first(keys, START)

    assert sorted(arranged, key=keys.index) == list(keys)
    assert list(arranged[1:]) == [k for k in keys if k != arranged[0]]
    known = [
        key
        for key in keys
        if key.since is None or abs(START - key.since) >= PROPAGATION
    ]
    assert arranged[0] == (known[0] if known else keys[-1])


# Several nodes, each with its own file


class Fleet:
    """Processes on two nodes. Each reads the file of its node. A new file
    is copied to the nodes one after the other.
    """

    def __init__(self, tmp_path):
        self.clock = ManualClock(START)
        self.files = [tmp_path / "one", tmp_path / "two"]
        self.keys = (OLD,)
        self.fresh = iter(KEYS)
        self.late = {}
        for file in self.files:
            put_keys(file, *self.keys)
        self.processes = [self.start(n % 2) for n in range(4)]

    def start(self, node):
        file = self.files[node]
        reader = Reader(file)
        return FileRing(reader(), (str(file),), reader, self.clock, "ring")

    def copy(self, node):
        put_keys(self.files[node], *self.keys)
        self.late.pop(node, None)

    def add(self, node):
        """Run keygen --add on a node, if all nodes have the last key."""
        if not self.late:
            self.keys = (next(self.fresh), *self.keys)
            self.late = dict.fromkeys(range(2), self.clock.now())
            self.copy(node)

    def restart(self, node):
        """Start a process again, unless the files of the nodes differ."""
        if self.late:
            return
        self.advance(1)
        number = self.processes.index(
            next(
                p for p in self.processes if str(self.files[node]) in p._paths
            )
        )
        self.processes[number] = self.start(node)

    def advance(self, seconds):
        for node, since in list(self.late.items()):
            if self.clock.now() + seconds - since >= PROPAGATION:
                self.copy(node)
        self.clock.advance(seconds)
        self.look()

    def look(self):
        for process in self.processes:
            assert process.current

    def assert_that_all_understand_each_other(self):
        for one, other in itertools.product(self.processes, repeat=2):
            assert one.current.signer in list(other.current)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["add", "copy", "restart"]), st.integers(0, 1)
        )
        | st.tuples(st.just("advance"), st.integers(1, PROPAGATION)),
        max_size=12,
    )
)
def test_each_process_verifies_what_another_signed(tmp_path_factory, steps):
    fleet = Fleet(tmp_path_factory.mktemp("fleet"))
    for verb, argument in steps:
        getattr(fleet, verb)(argument)
        fleet.assert_that_all_understand_each_other()
    for _ in range(2):
        fleet.advance(PROPAGATION)
    assert {p.current.signer for p in fleet.processes} == {fleet.keys[0]}


# When the files are checked


def test_the_files_are_checked_once_a_second_and_read_if_changed(
    ring, path, clock
):
    clock.advance(1)
    assert ring.current
    count = ring.reader.count
    for _ in range(5):
        clock.advance(1)
        assert ring.current is ring.current
    assert ring.reader.count == count
    put_keys(path, NEW, OLD)
    assert list(ring.current) == [OLD]
    clock.advance(1)
    for _ in range(5):
        assert list(ring.current) == [OLD, NEW]
    assert ring.reader.count == count + 1


def test_a_change_after_the_settings_were_read_is_found(path, clock):
    reader = Reader(path)
    keys = reader()
    put_keys(path, NEW, OLD)
    ring = FileRing(keys, (str(path),), reader, clock, "the ring")
    clock.advance(1)

    assert list(ring.current) == [OLD, NEW]


def test_for_an_unknown_key_the_files_are_checked_once_more_a_second(
    ring, path, clock
):
    seen = ring.current
    assert ring.reload() is seen
    put_keys(path, NEW)
    # The second check of this second was before the change.
    assert ring.reload() is seen
    clock.advance(1)
    assert ring.reload() is not seen
    assert list(ring.current) == [NEW]
    # The file is not read again for a caller that has the old ring.
    count = ring.reader.count
    assert ring.reload() is not seen
    assert ring.reload() is ring.current
    assert ring.reader.count == count


def test_an_unknown_key_is_looked_for_within_the_same_second(
    ring, path, clock
):
    clock.advance(1)
    seen = ring.current
    put_keys(path, NEW)

    assert ring.current is seen
    assert ring.reload() is not seen
    assert list(ring.current) == [NEW]


def test_a_ring_works_after_the_clock_was_set_back(ring, path, clock):
    clock.advance(-5000)
    put_keys(path, NEW, OLD)
    clock.advance(1)
    assert list(ring.current) == [OLD, NEW]
    clock.advance(PROPAGATION)
    assert ring.signer == NEW


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
def test_a_changed_symbolic_link_is_followed(tmp_path, start, clock):
    """Kubernetes writes a ConfigMap or a Secret so."""
    for name, keys in (("one", [OLD]), ("two", [NEW, OLD])):
        (tmp_path / name).mkdir()
        file = tmp_path / name / "keys"
        put_keys(file, *keys)
        os.utime(file, (1e9, 1e9))
    (tmp_path / "..data").symlink_to("one")
    (tmp_path / "keys").symlink_to("..data/keys")
    ring = start(tmp_path / "keys")
    (tmp_path / "..new").symlink_to("two")
    os.replace(tmp_path / "..new", tmp_path / "..data")
    clock.advance(1)

    assert list(ring.current) == [OLD, NEW]


# Bad files


WHOLE = write_jwk_set([NEW, OLD])
BROKEN = {
    "half written": WHOLE[: len(WHOLE) // 2].encode(),
    "nothing but a brace": b"{",
    "no keys": b'{"keys": []}',
    "a key twice": json.dumps(
        {"keys": json.loads(write_jwk_set([NEW, OLD]))["keys"] * 2}
    ).encode(),
    "no text": b"\xff\xfe\x00",
    "no key": b"nonsense!",
}


@pytest.mark.parametrize("raw", [*BROKEN.values(), None], ids=[*BROKEN, "no"])
def test_a_broken_file_changes_nothing_and_is_logged_once(
    ring, path, clock, said, raw
):
    before = ring.current
    if raw is None:
        path.unlink()
    else:
        path.write_bytes(raw)
    for _ in range(5):
        clock.advance(1)
        assert ring.current is before
        assert ring.reload() is before
    (line,) = said()
    assert line.startswith("ERROR ")
    assert line.endswith("; the previous keys stay in use")
    # The next change, though bad as well, is logged once more.
    path.write_bytes((raw or b"{") + b" ")
    for _ in range(3):
        clock.advance(1)
        assert ring.current is before
    assert len(said()) == 1
    put_keys(path, OLD)
    clock.advance(1)
    assert ring.current is before
    assert said() == [f"INFO the ring: {OLD.kid!r} signs"]
    clock.advance(1)
    assert ring.current
    assert said() == []


def test_a_file_that_could_not_be_read_is_tried_again(path, clock, said):
    """Windows refuses to open a file that is being replaced."""
    troubles = [ValueError("it is locked")]

    def read():
        if troubles:
            raise troubles.pop()
        return read_keys(f"file:{path}")

    ring = FileRing((OLD,), (str(path),), read, clock, "the ring")
    put_keys(path, NEW, OLD)
    for _ in range(2):
        clock.advance(1)
        assert ring.current
    assert list(ring.current) == [OLD, NEW]
    assert said() == [
        "ERROR it is locked; the previous keys stay in use",
        f"INFO the ring: {OLD.kid!r} signs; {NEW.kid!r} verifies",
    ]


def test_the_log_tells_changes_and_never_a_secret(ring, path, clock, said):
    put_keys(path, NEW, OLD)
    for _ in range(5):
        clock.advance(PROPAGATION // 2)
        assert ring.current
    put_keys(path, NEW)
    clock.advance(1)
    assert ring.current
    lines = said()
    assert lines == [
        f"INFO the ring: {OLD.kid!r} signs; {NEW.kid!r} verifies",
        f"INFO the ring: {NEW.kid!r} signs; {OLD.kid!r} verifies",
        f"INFO the ring: {NEW.kid!r} signs",
    ]
    shown = f"{lines} {ring!r} {ring.current!r}"
    for key in (OLD, NEW):
        assert json.loads(write_jwk_set([key]))["keys"][0]["k"] not in shown
        assert repr(key.secret)[2:-1] not in shown


# Threads


def test_other_threads_do_not_wait_while_one_reads(path, clock):
    reading, go_on = threading.Event(), threading.Event()

    def read():
        reading.set()
        assert go_on.wait(30)
        return read_keys(f"file:{path}")

    ring = FileRing((OLD,), (str(path),), read, clock, "the ring")
    before = ring.current
    put_keys(path, NEW, OLD)
    clock.advance(1)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(lambda: ring.current)
        assert reading.wait(30)
        assert ring.current is before
        # But a caller that needs the new ring waits.
        second = pool.submit(lambda: ring.reload() is not before)
        go_on.set()
        assert list(first.result(30)) == [OLD, NEW]
        assert second.result(30) is True


def test_threads_never_see_half_a_ring(ring, path, clock):
    rings = [tuple(KEYS[n : n + 4]) for n in range(0, 40, 4)]
    whole = [{OLD}, *map(set, rings)]
    over = threading.Event()

    def watch():
        seen = []
        while not over.is_set():
            found = ring.current
            if not seen or seen[-1] is not found:
                seen.append(found)
            ring.reload()
        return seen

    with ThreadPoolExecutor(6) as pool:
        watching = [pool.submit(watch) for _ in range(6)]
        try:
            for keys in rings:
                put_keys(path, *keys)
                clock.advance(1)
                assert ring.current
        finally:
            over.set()
        for each in watching:
            order = [whole.index(set(found)) for found in each.result(30)]
            assert order == sorted(order)
    clock.advance(1)
    assert set(ring.current) == whole[-1]


def test_the_first_use_of_a_ring_is_not_told(start, clock, caplog):
    caplog.set_level(logging.INFO)
    ring = start()
    clock.advance(1)

    assert ring.current.signer == OLD
    assert caplog.messages == []


def test_keys_may_be_read_again_where_a_file_is_gone(clock, tmp_path):
    """For example, from a variable of the environment."""
    gone = str(tmp_path / "gone")
    ring = FileRing((OLD,), (gone,), lambda: (OLD, NEW), clock, "the ring")
    clock.advance(1)

    assert list(ring) == [OLD, NEW]
    assert ring.current.keys[1].since == clock.now()
