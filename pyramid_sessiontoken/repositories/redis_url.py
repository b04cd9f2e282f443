"""The URL of Redis, proved as far as that goes without a server."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

_FLAGS = {
    **dict.fromkeys(("1", "on", "true", "yes"), True),
    **dict.fromkeys(("0", "off", "false", "no"), False),
}


def _flag(text: str) -> bool:
    return _FLAGS[text.lower()]


def _seconds(text: str) -> float:
    return _above(0, float(text))


def _count(text: str) -> int:
    return int(_above(0, int(text)))


def _database(text: str) -> int:
    return int(_above(-1, int(text)))


def _above(limit: float, number: float) -> float:
    if not limit < number < 2**31:
        raise ValueError
    return number


def _verification(text: str) -> str:
    if text not in {"none", "optional", "required"}:
        raise ValueError
    return text


def _version(text: str) -> ssl.TLSVersion:
    return ssl.TLSVersion(int(text))


Kinds = dict[str, Callable[[str], Any]]

#: What a URL may say after its ``?``, of connections...
_WORDS: Kinds = {
    "client_name": str,
    "db": _database,
    "password": str,
    "socket_connect_timeout": _seconds,
    "socket_keepalive": _flag,
    "socket_timeout": _seconds,
    "username": str,
}
#: ... of the pool, ...
_OF_POOL: Kinds = {"max_connections": _count, "timeout": _seconds}
#: ... of TLS, ...
_OF_TLS: Kinds = {
    "ssl_ca_certs": str,
    "ssl_ca_data": str,
    "ssl_ca_path": str,
    "ssl_cert_reqs": _verification,
    "ssl_certfile": str,
    "ssl_check_hostname": _flag,
    "ssl_ciphers": str,
    "ssl_keyfile": str,
    "ssl_min_version": _version,
    "ssl_password": str,
}
#: ... and of sentinels.
_OF_SENTINELS: Kinds = {"sentinel_password": str, "sentinel_username": str}

#: What stands in place of the parameters of a repository.
_IN_PLACE_OF = {
    "timeout": {"socket_connect_timeout", "socket_timeout", "timeout"},
    "pool_size": {"max_connections"},
}

#: Clients of a cluster drop these without a word.
_NOT_OF_CLUSTERS = {"ssl_ciphers", "ssl_min_version"}

_BY_SCHEME = {
    "redis": _WORDS | _OF_POOL,
    "rediss": _WORDS | _OF_POOL | _OF_TLS,
    "unix": _WORDS | _OF_POOL,
    "redis+sentinel": _WORDS | _OF_POOL | _OF_SENTINELS,
    "rediss+sentinel": _WORDS | _OF_POOL | _OF_SENTINELS | _OF_TLS,
    "redis+cluster": _WORDS | _OF_POOL,
    "rediss+cluster": {
        name: kind
        for name, kind in (_WORDS | _OF_POOL | _OF_TLS).items()
        if name not in _NOT_OF_CLUSTERS
    },
}

#: A firewall forgets a connection on which nothing passes; where the system
#: has these, something does.
_KEEPALIVE = {
    getattr(socket, name): value
    for name, value in (
        ("TCP_KEEPIDLE", 30),
        ("TCP_KEEPINTVL", 5),
        ("TCP_KEEPCNT", 3),
    )
    if hasattr(socket, name)
}


@dataclass(frozen=True, slots=True)
class RedisURL:
    """What a URL says.

    :ivar way: ``server``, ``unix``, ``sentinel`` or ``cluster``.
    :ivar place: the path of the socket, or the service of sentinels.
    :ivar options: of connections to data servers.
    :ivar of_pool: of each pool of them.
    :ivar of_sentinels: of connections to sentinels.
    :ivar said_of_limits: what the URL says in place of the parameters.
    """

    way: str
    has_tls: bool
    hosts: list[tuple[str, int]]
    place: str
    options: dict[str, Any]
    of_pool: dict[str, Any]
    of_sentinels: dict[str, Any]
    said_of_limits: dict[str, str]

    @property
    def secrets(self) -> tuple[str, ...]:
        names = ("password", "ssl_password")
        said = (*map(self.options.get, names), self.of_sentinels["password"])
        return tuple(secret for secret in said if secret)


def read_url(url: str, timeout: float, pool_size: int) -> RedisURL:
    """Read a URL; what it does not say of time limits and of the pool is
    as given.

    :raises ValueError: for a URL that cannot serve. The text names words of
        it, no value: a value may be a password.
    """
    with _no_value("it is not a URL of Redis, such as redis://host:6379/0"):
        parts = urlsplit(url)
        kinds = _BY_SCHEME[parts.scheme]
    if "@" in parts.path + parts.query + parts.fragment:
        raise ValueError(
            "it is not a URL of Redis: in a password, write @ / ? # as"
            " %40 %2F %3F %23"
        )
    scheme, _, way = parts.scheme.partition("+")
    way = way or ("unix" if scheme == "unix" else "server")
    with _no_value("it is not a URL of Redis, such as redis://host:6379/0"):
        hosts, place = _where(parts, way)
    said = _read_words(parts, kinds)
    if way == "cluster" and said.get("db"):
        raise ValueError("a cluster has the database 0 alone")
    limits = {
        name: " ".join(
            f"{word}={said[word]}" for word in words if word in said
        )
        for name, words in _IN_PLACE_OF.items()
    }
    return _sorted_out(
        RedisURL(way, scheme == "rediss", hosts, place, {}, {}, {}, limits),
        {
            "socket_timeout": timeout,
            "socket_connect_timeout": timeout,
            "max_connections": pool_size,
            "timeout": timeout,
            **said,
        },
    )


def _sorted_out(url: RedisURL, said: dict[str, Any]) -> RedisURL:
    if url.way != "unix":
        said.setdefault("socket_keepalive", True)
        if said["socket_keepalive"]:
            said["socket_keepalive_options"] = _KEEPALIVE
    sentinels = {
        "username": said.pop("sentinel_username", None),
        "password": said.pop("sentinel_password", None),
    }
    for word, value in said.items():
        if word in _OF_POOL:
            url.of_pool[word] = value
        else:
            url.options[word] = value
            if word.startswith(("ssl_", "socket_")):
                sentinels[word] = value
    url.of_sentinels.update(sentinels)
    if any(word in _OF_TLS for word in url.options):
        _check_tls(url.options)
    return url


def _where(parts: SplitResult, way: str) -> tuple[list[tuple[str, int]], str]:
    """Give the hosts, and the path or the service."""
    place = unquote(parts.path)
    hosts = parts.netloc.rpartition("@")[2]
    if way == "unix":
        if not place or hosts:
            raise ValueError
        return [], place
    if way == "sentinel" and not place.strip("/"):
        raise ValueError
    port = 26379 if way == "sentinel" else 6379
    several = [urlsplit(f"//{host}") for host in hosts.split(",")]
    if way == "server" and not hosts:
        several = [urlsplit("//localhost")]
    if not all(host.hostname for host in several):
        raise ValueError
    if way == "server" and several[1:]:
        raise ValueError
    found = [(host.hostname or "", host.port or port) for host in several]
    return found, place.strip("/")


def _read_words(parts: SplitResult, kinds: Kinds) -> dict[str, Any]:
    words = parse_qsl(parts.query, keep_blank_values=True)
    names = [name for name, _ in words]
    said: dict[str, Any] = {}
    for name, value in words:
        if name not in kinds or names.count(name) > 1 or not value:
            raise ValueError(f"{parts.scheme}:// cannot use {name}")
        with _no_value(f"{parts.scheme}:// cannot use this {name}"):
            said[name] = kinds[name](value)
    for name in ("username", "password"):
        if getattr(parts, name):
            said[name] = unquote(getattr(parts, name))
    is_service = parts.scheme.endswith("+sentinel") or parts.scheme == "unix"
    path = parts.path.strip("/")
    if path and not is_service:
        with _no_value("the database of Redis is a number"):
            said.setdefault("db", _database(path))
    return said


def _check_tls(options: dict[str, Any]) -> None:
    """Read the files that are named, as each connection will."""
    words = [word for word in options if _OF_TLS.get(word) is str]
    with _no_value(f"TLS cannot use {', '.join(words)}"):
        context = ssl.create_default_context(
            cafile=options.get("ssl_ca_certs"),
            capath=options.get("ssl_ca_path"),
            cadata=options.get("ssl_ca_data"),
        )
        if "ssl_certfile" in options or "ssl_keyfile" in options:
            context.load_cert_chain(
                options["ssl_certfile"],
                options.get("ssl_keyfile"),
                options.get("ssl_password", ""),
            )
        context.set_ciphers(options.get("ssl_ciphers", "DEFAULT"))


@contextmanager
def _no_value(said: str) -> Iterator[None]:
    """Tell this in place of an error that may quote a value."""
    try:
        yield
    except (KeyError, OSError, ValueError):
        raise ValueError(said) from None
