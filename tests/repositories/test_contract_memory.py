import pytest

from pyramid_sessiontoken.repositories.memory import MemoryRepository
from pyramid_sessiontoken.testing import RepositoryContract


class TestMemory(RepositoryContract):
    # It is purged whenever it is written to.
    test_a_trim_removes_only_what_has_expired = None
    test_a_sign_in_keeps_an_item_and_removes_what_has_expired = None

    @pytest.fixture
    def repository(self, clock):
        return MemoryRepository(clock)
