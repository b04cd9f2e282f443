import pytest

from pyramid_sessiontoken.repositories.redis import RedisRepository
from pyramid_sessiontoken.testing import RepositoryContract

# Fifty threads wait for ten connections longer than a request would.
PATIENT = 10


class OfRedis(RepositoryContract):
    expires_by_itself = True
    # The server removes what expires.
    test_a_trim_removes_only_what_has_expired = None
    test_a_sign_in_keeps_an_item_and_removes_what_has_expired = None

    @pytest.fixture
    def repository(self, clock, url):
        repository = RedisRepository(url, clock, timeout=PATIENT)
        yield repository
        repository.close()


class TestRedis(OfRedis):
    @pytest.fixture
    def url(self, redis_process):
        return redis_process.url


class TestRedisOverTCP(OfRedis):
    @pytest.fixture
    def url(self, redis_process):
        return redis_process.tcp


class TestCluster(OfRedis):
    @pytest.fixture
    def url(self, cluster_process):
        hosts = ",".join(f"127.0.0.1:{s.port}" for s in cluster_process)
        return f"redis+cluster://{hosts}"


class TestSentinel(OfRedis):
    @pytest.fixture
    def url(self, sentinel_process):
        return sentinel_process.url
