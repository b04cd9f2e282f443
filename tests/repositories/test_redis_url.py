"""URLs of Redis, proved where no server is."""

import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyramid_sessiontoken.repositories.redis_clients import opener
from pyramid_sessiontoken.repositories.redis_url import read_url


def read(url):
    return read_url(url, 0.25, 10)


OURS = {"socket_timeout": 0.25, "socket_connect_timeout": 0.25}


def test_a_url_gives_hosts_and_options():
    url = read("rediss://alice:p%40ss@h:1234/5?ssl_check_hostname=no")
    assert (url.way, url.has_tls, url.hosts) == ("server", True, [("h", 1234)])
    options = dict(url.options)
    assert options.pop("socket_keepalive") is True
    assert options.pop("socket_keepalive_options")
    assert options == {
        **OURS,
        "db": 5,
        "username": "alice",
        "password": "p@ss",
        "ssl_check_hostname": False,
    }
    assert url.of_pool == {"max_connections": 10, "timeout": 0.25}
    assert url.secrets == ("p@ss",)
    assert read("redis://").hosts == [("localhost", 6379)]


def test_options_of_the_url_are_kept():
    url = read(
        "redis://h?socket_timeout=3&max_connections=5&timeout=1.5"
        "&socket_keepalive=false&db=2"
    )
    assert url.options == {
        "socket_timeout": 3,
        "socket_connect_timeout": 0.25,
        "socket_keepalive": False,
        "db": 2,
    }
    assert url.of_pool == {"max_connections": 5, "timeout": 1.5}


def test_a_socket_has_a_path():
    url = read("unix://alice:p%2Fss@/run/redis.sock?db=2")
    assert (url.way, url.place) == ("unix", "/run/redis.sock")
    assert url.options["password"] == "p/ss"
    assert "socket_keepalive" not in url.options


def test_sentinels_have_users_of_their_own():
    url = read(
        "rediss+sentinel://alice:one@h1,[::1]:99/mymaster?db=3"
        "&sentinel_username=bob&sentinel_password=two&ssl_cert_reqs=none"
    )
    assert url.hosts == [("h1", 26379), ("::1", 99)]
    assert url.place == "mymaster"
    mine, theirs = url.options, url.of_sentinels
    assert (mine["username"], mine["password"]) == ("alice", "one")
    assert (theirs["username"], theirs["password"]) == ("bob", "two")
    assert mine["ssl_cert_reqs"] == theirs["ssl_cert_reqs"] == "none"
    assert theirs["socket_timeout"] == 0.25
    assert "db" not in theirs
    assert url.secrets == ("one", "two")


BAD = """
redis://h?ssl=true redis:// cannot use ssl
redis://h?nonsense=1 redis:// cannot use nonsense
redis://h?decode_responses=True redis:// cannot use decode_responses
redis://h?ssl_ca_certs=/ca.pem redis:// cannot use ssl_ca_certs
redis://h?sentinel_password=x redis:// cannot use sentinel_password
redis://h?db=1&db=2 redis:// cannot use db
redis://h?client_name= redis:// cannot use client_name
redis://h?db=one redis:// cannot use this db
redis://h?db=-1 redis:// cannot use this db
redis://h?socket_timeout=0 redis:// cannot use this socket_timeout
redis://h?socket_timeout=nan redis:// cannot use this socket_timeout
redis://h?socket_keepalive=maybe redis:// cannot use this socket_keepalive
redis://h?max_connections=1.5 redis:// cannot use this max_connections
rediss://h?ssl_cert_reqs=maybe rediss:// cannot use this ssl_cert_reqs
rediss://h?ssl_min_version=1 rediss:// cannot use this ssl_min_version
rediss://h?ssl_ca_certs=/hunter2 TLS cannot use ssl_ca_certs
rediss://h?ssl_keyfile=/hunter2 TLS cannot use ssl_keyfile
rediss://h?ssl_certfile=/hunter2 TLS cannot use ssl_certfile
rediss://h?ssl_ciphers=hunter2 TLS cannot use ssl_ciphers
rediss://h?ssl_ca_data=hunter2 TLS cannot use ssl_ca_data
redis://h/hunter2 the database of Redis is a number
redis+cluster://h/1 a cluster has the database 0 alone
redis+cluster://h?db=1 a cluster has the database 0 alone
rediss+cluster://h?ssl_ciphers=x rediss+cluster:// cannot use ssl_ciphers
redis://h1,h2 it is not a URL of Redis, such as redis://host:6379/0
redis://h:port it is not a URL of Redis, such as redis://host:6379/0
redis+sentinel://h it is not a URL of Redis, such as redis://host:6379/0
redis+sentinel://h1,/mymaster it is not a URL of Redis, such as redis://host:6379/0
redis+cluster:// it is not a URL of Redis, such as redis://host:6379/0
unix://h/run/redis.sock it is not a URL of Redis, such as redis://host:6379/0
unix:// it is not a URL of Redis, such as redis://host:6379/0
memcached://h it is not a URL of Redis, such as redis://host:6379/0
redis://[h it is not a URL of Redis, such as redis://host:6379/0
""".strip().splitlines()


@pytest.mark.parametrize("line", BAD)
def test_options_that_redis_cannot_use_are_named(line):
    url, _, said = line.partition(" ")
    with pytest.raises(ValueError, match=r"\w") as refused:
        read(url)
    assert str(refused.value) == said
    told = "".join(traceback.format_exception(refused.value))
    assert "hunter2" not in told


@pytest.mark.parametrize("mark", "/?#")
def test_a_password_is_encoded(mark):
    with pytest.raises(ValueError, match="%40 %2F %3F %23") as refused:
        read(f"redis://:hun{mark}ter2=@h@h")
    assert "hun" not in str(refused.value)


SCHEMES = st.sampled_from(
    ["redis", "rediss", "unix", "redis+sentinel", "rediss+cluster", "x"]
)
TEXTS = st.text("@/?#:[],=&%;. h1\u20ac\n", max_size=12)


@given(SCHEMES, TEXTS, TEXTS)
def test_any_url_serves_or_is_refused_without_its_password(
    scheme, before, after
):
    password = "looking-glass"
    said = ""
    try:
        opener(read(f"{scheme}://:{before}{password}{after}@h"))
    except ValueError as refused:
        said = str(refused)
    assert password not in said
