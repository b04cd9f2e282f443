"""Every part that an application may replace."""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

from zope.interface import Attribute, Interface


class Verdict(enum.Enum):
    """The answer of an expiry policy about a ticket."""

    VALID = "valid"
    RENEW = "renew"
    EXPIRED = "expired"
    NOT_YET = "not yet valid"


VALID, RENEW, EXPIRED, NOT_YET = Verdict


class Times(NamedTuple):
    """The times of a ticket, in whole seconds since the epoch."""

    iat: int
    exp: int
    session_end: int


class TokenItem(NamedTuple):
    """A record in a repository.

    :ivar key: a text of ASCII letters, digits, ``-``, ``_``, ``:`` and
        ``.``, at most 200 characters. It is a digest, never a credential.
    :ivar expires: aware UTC, whole seconds. From this second on, the item
        counts as absent.
    :ivar token: bytes that only the library reads.
    :ivar subject: the user or the session that the item belongs to: any text
        of at most 300 characters, or ``None``.
    """

    key: str
    expires: datetime
    token: bytes
    subject: str | None


class ITokenRepository(Interface):
    """Keeps the sessions that references point to, and which sessions were
    ended early.

    Times are aware UTC. Every method raises ``RepositoryUnavailable`` if the
    storage does not answer, and for no other reason.
    """

    def add_or_update(item: TokenItem) -> None:
        """Keep an item. It replaces an item with the same key."""

    def get(key: str) -> TokenItem | None:
        """Return an item, or ``None`` if it is absent or expired."""

    def remove(key: str) -> None:
        """Remove an item. It is not an error if the item is absent."""

    def remove_all_before(date: datetime) -> Any:
        """Remove the items that expire at or before a time. A storage that
        removes expired items by itself may do nothing."""


class IRenewingRepository(ITokenRepository):
    """Can replace an item on a condition. So a renewal that is under way
    never brings back an item that was removed."""

    def renew(item: TokenItem, was: datetime) -> bool:
        """Replace the item with the same key, but only if it has not expired
        and its ``expires`` is still ``was``. The check and the replacement
        are one atomic step. Return whether the item was replaced."""


class IAddingRepository(ITokenRepository):
    """Can add conditionally, so that of two that add at once one knows that
    the other was first."""

    def add(item: TokenItem) -> bool:
        """Keep the item only if no item is kept under its key, or only an
        expired one, in one step. Tell whether it was kept."""


class IForgetfulRepository(ITokenRepository):
    """Loses all items when its process ends, and so it does not know which
    sessions were ended before. With revocation, sessions that began before it
    are refused."""

    began = Attribute(
        "int: when it began to keep items, whole seconds since the epoch."
    )


class ISubjectRepository(ITokenRepository):
    """Finds items by their subject."""

    def items_of(subject: str) -> Iterable[TokenItem]:
        """Return the items of a subject that have not expired."""

    def remove_all_of(subject: str, keep: Collection[str] = ()) -> int:
        """Remove the items of a subject, except those with the keys in
        ``keep``, in one atomic step. Return the number of removed items."""


class IListingRepository(ITokenRepository):
    """Lists all its items, for ``psessiontoken sessions``."""

    def items() -> Iterable[TokenItem]:
        """Return the items that have not expired, in any order. An item that
        is added or removed meanwhile may be left out, and an item may come
        twice."""


class IPurgingRepository(ITokenRepository):
    """Removes expired items in batches, so that ``psessiontoken purge`` can
    show the progress."""

    def purge(date: datetime) -> Iterable[int]:
        """Remove the items that ``remove_all_before`` removes, in batches, the
        oldest first. Yield after each batch the number of its items."""


class ITrimmingRepository(ITokenRepository):
    """Removes a few expired items at a time. Each sign-in asks for it, so it
    must not take long: it waits for no lock."""

    def trim(date: datetime) -> None:
        """Remove a few of the items that ``remove_all_before`` removes, the
        oldest first. Leave out items that another transaction has locked."""


class ITrimmingOnceRepository(ITrimmingRepository):
    """Removes a few expired items in the transaction that keeps another."""

    def keep_and_trim(item: TokenItem, date: datetime) -> None:
        """Do what ``add_or_update`` and ``trim`` do, in one transaction.

        Raise ``RepositoryUnavailable`` if the store could not be asked,
        or gave no answer: the item may be there. After any other error, which
        means that nothing was written, the library calls
        ``add_or_update``."""


class ISessionStore(Interface):
    """Keeps tickets, and returns references to them."""

    def store(ticket: Any) -> str:
        """Keep a ticket and return a new reference, a text."""

    def retrieve(reference: str) -> Any:
        """Return the ticket, or ``None`` if the reference points to none."""

    def renew(reference: str, ticket: Any) -> bool:
        """Replace the ticket, unless another request removed or renewed it
        meanwhile. Return whether the ticket was replaced."""

    def remove(reference: str) -> None:
        """Remove a ticket. It is not an error if the ticket is absent."""


class IAuthenticator(Interface):
    """Checks one kind of credential."""

    scheme = Attribute(
        "str: the scheme in the Authorization header (RFC 9110, section"
        " 11.1), or None if the credential is elsewhere in the request."
    )
    vary = Attribute("Sequence of str: the request headers that it reads.")
    ambient = Attribute(
        "bool: whether browsers send the credential by themselves, even when"
        " another site caused the request."
    )

    def authenticate(request: Any) -> Any:
        """Check the credential of a request.

        Return an ``Identity``, or ``None`` if the request has no credential
        of this kind.

        Raise ``InvalidCredential(reason)`` to refuse the credential, and
        ``RepositoryUnavailable`` if the storage that decides does not answer.
        """

    def challenge(request: Any) -> str | None:
        """Return a value for WWW-Authenticate (RFC 9110, section 11.6.1), or
        ``None`` if the response shall not have one."""


class IClaimsTransformer(Interface):
    """Changes the claims of a user when a credential is checked."""

    def transform(identity: Any, request: Any) -> Any:
        """Return the ``Identity`` to go on with: the same, or another.

        Raise ``InvalidCredential(reason)`` to refuse.
        """


class ICookieTransform(Interface):
    """Protects the content of a cookie, and reads it back."""

    def encode(content: bytes) -> bytes:
        """Return the content, protected but never compressed (RFC 8725,
        section 3.6)."""

    def decode(protected: bytes) -> bytes:
        """Return the content. Raise ``InvalidCredential`` for bytes that
        ``encode`` did not write."""


class IExpiryPolicy(Interface):
    """Decides how long tickets live. It reads no clock and keeps no state.

    ``now`` is in whole seconds since the epoch.
    """

    def begin(
        now: int, identity: Any = None, persistent: bool = False
    ) -> Times:
        """Return the ``Times`` of a new session, which lasts at most 400
        days.

        ``identity`` is whose session it is; ``persistent`` tells whether its
        cookie outlives the browser.
        """

    def judge(ticket: Any, now: int) -> Verdict:
        """Return ``VALID``, ``RENEW`` (valid, and due for renewal),
        ``EXPIRED`` or ``NOT_YET``."""

    def renew(ticket: Any, now: int) -> Times:
        """Return the ``Times`` of the ticket that replaces this one."""


class IKeyRing(Interface):
    """Keys: the first one signs, and all of them verify."""

    signer = Attribute("Key: the key that signs.")

    def __iter__() -> Iterator[Any]:
        """Iterate over all keys, the signer first."""


class IClock(Interface):
    """The one place where the library reads the time."""

    def now() -> int:
        """Return the time as ``int``, whole seconds since the epoch."""


class IUserLoader(Interface):
    """Returns the application's own user object."""

    def __call__(identity: Any, request: Any) -> Any:
        """Return the object for ``request.identity``, or ``None`` if the user
        is gone or barred."""


class IPrincipals(Interface):
    """Returns the names under which an ACL knows a user."""

    def __call__(identity: Any, request: Any) -> list[Any]:
        """Return the list of principals for the value of
        ``request.identity``, which is ``None`` if no user is signed in."""


class IAuthorization(Interface):
    """Decides about permissions."""

    def __call__(
        request: Any, context: Any, permission: str, principals: list[Any]
    ) -> Any:
        """Return ``pyramid.security.Allowed`` or ``Denied``, or a value that
        is true or false."""
