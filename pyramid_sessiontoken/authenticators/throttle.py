"""Count failed passwords and refused keys, and refuse more attempts from a
limit on.
"""

from __future__ import annotations

import hmac
import ipaddress
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

from ..errors import (
    InvalidCredential,
    ThrottleUnavailable,
    TooManyAttempts,
)
from ..keys.derivation import DerivedKeys
from .client_address import Address, ClientAddress
from .plain_name import plain_name

log = logging.getLogger("pyramid_sessiontoken")

#: Failures are counted for each user name, each address, or both.
USER, ADDRESS = "user", "address"

#: The authenticator whose users are counted by their names alone.
BASIC = "basic"

#: The bits of an IPv6 address that one customer shares: a /64 at least, with
#: all addresses in it (RFC 6177).
IPV6_BITS = 64

#: So many seconds an attempt waits for the checks of other passwords.
PATIENCE = 10.0


class Failures(Protocol):
    """Where failures are counted, by key.

    Every method raises ``RepositoryUnavailable`` if the storage cannot be
    asked, and no other exception.
    """

    def count(self, key: str) -> int:
        """Tell how many failures are remembered."""

    def seconds(self, key: str) -> int:
        """Tell for how many seconds they are still remembered."""

    def add(self, key: str) -> None:
        """Count one more failure."""


class _Attempt:
    """A password that is going to be checked.

    :ivar counted: the keys under which it counts, each with its words for
        the log.
    :ivar outdated: whether another failure was added to one of these counts
        since the storage was asked for them.
    """

    __slots__ = ("counted", "outdated")

    def __init__(self, counted: Mapping[str, str]) -> None:
        self.counted = counted
        self.outdated = False


class Throttle:
    """Let passwords be checked only while few of them failed.

    Only wrong passwords count. A right password does not, nor a check that
    raises another error, nor an attempt that the throttle refused.

    While a password is being checked, it counts as a failure. So many guesses
    at the same time get no further than one after the other. An attempt that
    is over the limit only because of them waits in its thread until they are
    checked, for a limited time. All this holds in one process.

    :param limit: how many failures are allowed.
    :param by: ``user``, ``address``, or both, which have separate counts.
    :param digest: hides names and addresses in the keys of the storage.
    :param address: finds the address of a client. A client without one is
        not counted by address.
    :param patience: seconds to wait for the checks of other passwords.
    """

    def __init__(  # noqa: PLR0913
        self,
        failures: Failures,
        limit: int,
        by: Collection[str],
        digest: Callable[[str], str],
        *,
        address: ClientAddress,
        patience: float = PATIENCE,
    ) -> None:
        self._failures = failures
        self._limit = limit
        self._by = by
        self._digest = digest
        self._address = address
        self._patience = patience
        self._changed = threading.Condition()
        self._under_way: Counter[str] = Counter()
        self._waiting: set[_Attempt] = set()
        self._uncounted = _Uncounted("failed passwords")

    @contextmanager
    def attempt(
        self, names: Iterable[str], request: Any, authenticator: str = BASIC
    ) -> Iterator[None]:
        """Let a password be checked in the block. It failed if the block
        raises ``InvalidCredential``.

        :param names: of the user; some clients spell one in two ways.
        :param authenticator: the one whose user it is: those of two
            authenticators are counted apart.
        :raises TooManyAttempts: where too many passwords failed. The block is
            not entered, so a right password is refused as well.
        :raises RepositoryUnavailable: where the failures cannot be counted, or
            the checks of other passwords take too long.
        """
        counted = self._counted(names, request, authenticator)
        self._begin(_Attempt(counted))
        failed = False
        try:
            yield
        except InvalidCredential:
            failed = True
            raise
        finally:
            self._end(counted, failed=failed)

    def _counted(
        self, names: Iterable[str], request: Any, authenticator: str
    ) -> dict[str, str]:
        """Give the keys under which an attempt counts, each with its words
        for the log.
        """
        counted = {}
        if USER in self._by:
            for name in names:
                text = f"{USER} {plain_name(name)}"
                if authenticator != BASIC:
                    # No user name has a control character.
                    text = f"{authenticator}\0{text}"
                key = self._digest(text)
                counted[key] = f"for {name!r}"
        if ADDRESS in self._by:
            address = self._address.find(request.environ)
            if address is not None:
                key = self._digest(f"{ADDRESS} {network_of(address)}")
                counted[key] = f"from '{address}'"
        if not counted:
            self._uncounted.warn()
        return counted

    def _begin(self, attempt: _Attempt) -> None:
        """Wait until the password may be checked.

        :raises TooManyAttempts: where too many passwords failed.
        """
        until = time.monotonic() + self._patience
        try:
            while True:
                with self._changed:
                    attempt.outdated = False
                    self._waiting.add(attempt)
                # Not under the lock: the storage may take long to answer.
                failed = self._count(attempt.counted)
                with self._changed:
                    if attempt.outdated:
                        continue
                    if self._has_room(failed):
                        self._under_way.update(failed.keys())
                        return
                    left = until - time.monotonic()
                    if left <= 0 or not self._changed.wait(left):
                        raise ThrottleUnavailable(
                            "other passwords are still being checked "
                            + " and ".join(attempt.counted.values())
                        )
        finally:
            with self._changed:
                self._waiting.discard(attempt)

    def _count(self, counted: Mapping[str, str]) -> dict[str, int]:
        """Ask the storage for the failures of each key.

        :raises TooManyAttempts: where there are too many of them.
        """
        failed = {key: self._failures.count(key) for key in counted}
        over = [key for key in counted if failed[key] >= self._limit]
        if over:
            raise TooManyAttempts(
                "too many failed passwords "
                + " and ".join(counted[key] for key in over),
                max(self._failures.seconds(key) for key in over),
            )
        return failed

    def _has_room(self, failed: Mapping[str, int]) -> bool:
        return all(
            count + self._under_way[key] < self._limit
            for key, count in failed.items()
        )

    def _end(self, counted: Mapping[str, str], *, failed: bool) -> None:
        try:
            if failed:
                for key in counted:
                    self._failures.add(key)
        finally:
            with self._changed:
                self._under_way.subtract(counted.keys())
                # The unary plus drops the keys whose count is 0.
                self._under_way = +self._under_way
                if failed:
                    for attempt in self._waiting:
                        if not counted.keys().isdisjoint(attempt.counted):
                            attempt.outdated = True
                self._changed.notify_all()


class KeyThrottle:
    """Count refused keys by address.

    A key is looked at first, and a good one is let in, however many others
    were refused: so a client with an old key locks out no other client of
    its address.
    """

    def __init__(
        self,
        failures: Failures,
        limit: int,
        digest: Callable[[str], str],
        address: ClientAddress,
    ) -> None:
        self._failures = failures
        self._limit = limit
        self._digest = digest
        self._address = address
        self._uncounted = _Uncounted("refused keys")

    def count(self, request: Any) -> None:
        """Count a refused key.

        :raises TooManyAttempts: where too many were refused before.
        :raises RepositoryUnavailable: where the storage cannot be asked.
        """
        address = self._address.find(request.environ)
        if address is None:
            self._uncounted.warn()
            return
        key = self._digest(f"keys {ADDRESS} {network_of(address)}")
        if self._failures.count(key) >= self._limit:
            raise TooManyAttempts(
                f"too many refused keys from '{address}'",
                self._failures.seconds(key),
            )
        self._failures.add(key)


class _Uncounted:
    """Warns once of clients that have no address."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._warned = False

    def warn(self) -> None:
        if self._warned:
            return
        self._warned = True
        log.warning(
            "a request has no address in REMOTE_ADDR: its %s are not counted"
            " (sessiontoken.throttle.by); let the server listen on TCP, not"
            " on a unix socket",
            self._what,
        )


class KeyedDigest:
    """Digest texts under a derived key: with a copy of the storage alone, no
    name can be tried against the digests.
    """

    def __init__(self, keys: DerivedKeys[bytes]) -> None:
        self._keys = keys

    def __call__(self, text: str) -> str:
        _, key = self._keys.first()
        content = text.encode("utf-8", "surrogatepass")
        return hmac.digest(key, content, "sha256").hex()


def network_of(address: Address) -> str:
    """Give the network that counts as one client: an IPv4 address alone, the
    /64 of an IPv6 address.
    """
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    return str(ipaddress.IPv6Network((int(address), IPV6_BITS), strict=False))
