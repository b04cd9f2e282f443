"""Failed passwords are counted, and guessing ends at a limit."""

from __future__ import annotations

import hmac
import ipaddress
import threading
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from typing import Any, Protocol

from ..errors import InvalidCredential, TooManyAttempts
from ..keys.derivation import DerivedKeys
from .basic import Check

#: What a failure is counted by.
USER, ADDRESS = "user", "address"

#: Bits of an IPv6 address that tell whose it is: one customer has a /64 at
#: least, and all addresses in it (RFC 6177).
IPV6_BITS = 64

# Databases and directories that compare names loosely overlook accents,
# blanks and what is not seen. Two users who share a count do no harm; one
# whose name can be written in many ways would have as many counts.
_OVERLOOKED = ("Mn", "Me", "Cf", "Zs", "Zl", "Zp")


class Failures(Protocol):
    """Where failures are counted, each key for itself.

    Every verb raises ``RepositoryUnavailable`` where the storage could not
    be asked, and only then.
    """

    def count(self, key: str) -> int:
        """Tell how many failures are remembered."""

    def seconds(self, key: str) -> int:
        """Tell for how many seconds they still are."""

    def add(self, key: str) -> None:
        """Count one more."""


class Throttle:
    """Ask a check only while few passwords failed.

    It stands between the authenticator and its check, and is called alike.
    Only failures count: a password that is right, a check that could not
    tell, and an attempt that is turned away do not. While a password is
    being checked it counts as one that may fail, so that in one process a
    burst of guesses gets no further than guesses in a row; who would be over
    the limit only for such waits until they are known.

    :param check: ``(username, password, request)``.
    :param limit: how many failures are allowed.
    :param by: ``user``, ``address``, or both; each is counted for itself.
    :param digest: a text to what a key may show of it.
    """

    def __init__(
        self,
        check: Check,
        failures: Failures,
        limit: int,
        by: Collection[str],
        digest: Callable[[str], str],
    ) -> None:
        self._check = check
        self._failures = failures
        self._limit = limit
        self._by = by
        self._digest = digest
        # A check may take what is shown for one of several names.
        self._names = getattr(check, "names_counted", _name_alone)
        self._changed = threading.Condition()
        self._under_way: Counter[str] = Counter()

    def __call__(self, username: str, password: str, request: Any) -> object:
        """Answer as the check does.

        :raises TooManyAttempts: without asking it, also for a password that
            is right: the answer to a guess is no answer.
        """
        counted = self._counted(username, request)
        self._begin(counted)
        try:
            answer = self._check(username, password, request)
            if answer is None or answer is False:
                self._fail(counted)
            return answer
        except InvalidCredential:
            self._fail(counted)
            raise
        finally:
            self._end(counted)

    def _counted(self, username: str, request: Any) -> dict[str, str]:
        """Give the keys to count by, each with what the log says of it."""
        counted = {}
        if USER in self._by:
            for name in self._names(username, request):
                key = self._digest(f"{USER} {plain_name(name)}")
                counted[key] = f"for {name!r}"
        if ADDRESS in self._by:
            shown = request.environ.get("REMOTE_ADDR", "")
            key = self._digest(f"{ADDRESS} {network_of(shown)}")
            counted[key] = f"from {shown!r}"
        return counted

    def _begin(self, counted: Mapping[str, str]) -> None:
        with self._changed:
            while not self._has_room(counted):
                self._changed.wait()
            self._under_way.update(counted.keys())

    def _has_room(self, counted: Mapping[str, str]) -> bool:
        """Tell whether a password may be checked now; if not, it may later.

        :raises TooManyAttempts: where too many failed.
        """
        failed = {key: self._failures.count(key) for key in counted}
        over = [key for key in counted if failed[key] >= self._limit]
        if over:
            raise TooManyAttempts(
                "too many failed passwords "
                + " and ".join(counted[key] for key in over),
                max(self._failures.seconds(key) for key in over),
            )
        return all(
            failed[key] + self._under_way[key] < self._limit for key in counted
        )

    def _fail(self, counted: Mapping[str, str]) -> None:
        for key in counted:
            self._failures.add(key)

    def _end(self, counted: Mapping[str, str]) -> None:
        with self._changed:
            self._under_way.subtract(counted.keys())
            # Only what is above 0 is kept.
            self._under_way = +self._under_way
            self._changed.notify_all()


def _name_alone(username: str, request: Any) -> tuple[str, ...]:
    return (username,)


class KeyedDigest:
    """Digest texts under a derived key: whoever reads a storage of digests
    cannot try names.
    """

    def __init__(self, keys: DerivedKeys[bytes]) -> None:
        self._keys = keys

    def __call__(self, text: str) -> str:
        _, key = self._keys.first()
        content = text.encode("utf-8", "surrogatepass")
        return hmac.digest(key, content, "sha256").hex()


def plain_name(username: str) -> str:
    """Write alike what a check may take for the same name."""
    # Some compare in upper case, where a dotless i is an i.
    text = unicodedata.normalize("NFKD", username).upper().casefold()
    return "".join(
        character
        for character in unicodedata.normalize("NFKD", text)
        if unicodedata.category(character) not in _OVERLOOKED
    )


def network_of(address: str) -> str:
    """Give whose an address is: itself, or the /64 of IPv6. What is no
    address, as on a unix socket, stands for itself.
    """
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    if ip.ipv4_mapped is not None:
        return str(ip.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(ip), IPV6_BITS), strict=False))
