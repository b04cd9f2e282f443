"""Count failed passwords, and refuse more attempts from a limit on."""

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
from .check import is_refused

#: Failures are counted for each user name, each address, or both.
USER, ADDRESS = "user", "address"

#: The bits of an IPv6 address that one customer shares: a /64 at least, with
#: all addresses in it (RFC 6177).
IPV6_BITS = 64

# Unicode categories that some databases and directories ignore when they
# compare names: accents, blanks, invisible characters. If such spellings of a
# name had counts of their own, an attacker could guess under each of them. Two
# users who share a count do no harm.
_IGNORED = ("Mn", "Me", "Cf", "Zs", "Zl", "Zp")


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


class Throttle:
    """Ask a check only while few passwords failed.

    The authenticator calls the throttle instead of its check. Only wrong
    passwords count. A right password does not, nor a check that raises
    another error, nor an attempt that the throttle refused.

    While a password is being checked, it counts as a failure. So many guesses
    at the same time get no further than one after the other. An attempt that
    is over the limit only because of them waits in its thread until they are
    checked, without a time limit of its own. All this holds in one process.

    :param check: ``(username, password, request)``.
    :param limit: how many failures are allowed.
    :param by: ``user``, ``address``, or both, which have separate counts.
    :param digest: hides names and addresses in the keys of the storage.
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

        :raises TooManyAttempts: where too many passwords failed. The check is
            not asked, so a right password is refused as well.
        """
        counted = self._counted(username, request)
        self._begin(counted)
        try:
            answer = self._check(username, password, request)
            if is_refused(answer):
                self._fail(counted)
            return answer
        except InvalidCredential:
            self._fail(counted)
            raise
        finally:
            self._end(counted)

    def _counted(self, username: str, request: Any) -> dict[str, str]:
        """Give the keys under which an attempt counts, each with its words
        for the log.
        """
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
        """Tell whether a password may be checked now, or has to wait.

        :raises TooManyAttempts: where too many passwords failed.
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
            # The unary plus drops the keys whose count is 0.
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
    """Give one text for all names that a check may take for the same name."""
    # Some checks compare in upper case, where a dotless i becomes an I.
    text = unicodedata.normalize("NFKD", username).upper().casefold()
    return "".join(
        character
        for character in unicodedata.normalize("NFKD", text)
        if unicodedata.category(character) not in _IGNORED
    )


def network_of(address: str) -> str:
    """Give the address under which a client is counted: IPv4 as it is, IPv6 by
    its /64. A text that is no address, as on a unix socket, stays as it is.
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
