import pytest

from pyramid_sessiontoken.repositories.memory import MemoryRepository
from pyramid_sessiontoken.testing import RepositoryContract


class TestMemory(RepositoryContract):
    @pytest.fixture
    def repository(self, clock):
        return MemoryRepository(clock)
