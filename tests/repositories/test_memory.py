import pytest
from support.items import item_of

from pyramid_sessiontoken.errors import RepositoryUnavailable
from pyramid_sessiontoken.repositories.memory import MemoryRepository


def test_expired_items_make_room(clock):
    repository = MemoryRepository(clock, max_items=2)
    repository.add_or_update(item_of(clock, "a", 10))
    repository.add_or_update(item_of(clock, "b", 20))
    clock.advance(10)
    repository.add_or_update(item_of(clock, "c"))
    assert repository.get("b")
    assert repository.get("c")


def test_a_full_memory_keeps_its_items(clock):
    repository = MemoryRepository(clock, max_items=1)
    repository.add_or_update(item_of(clock, "a"))
    with pytest.raises(RepositoryUnavailable, match="memory: 1 items"):
        repository.add_or_update(item_of(clock, "b"))
    assert repository.get("a")


def test_a_purge_gives_the_number_of_removed_items(clock):
    repository = MemoryRepository(clock)
    for n in range(5):
        repository.add_or_update(item_of(clock, f"k{n}", n, "str:alice"))
    date = item_of(clock, "k", 2).expires
    assert repository.remove_all_before(date) == 3
    assert repository._keys_of == {"str:alice": {"k3", "k4"}}


def test_a_subject_without_items_takes_no_memory(clock):
    repository = MemoryRepository(clock)
    repository.add_or_update(item_of(clock, "a", subject="str:alice"))
    repository.remove_all_of("str:alice")
    assert repository._keys_of == {}
