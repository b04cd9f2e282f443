"""The seams: everything that an application may replace, together."""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

from zope.interface import Attribute, Interface


class Verdict(enum.Enum):
    """What an expiry policy says of a ticket."""

    VALID = "valid"
    RENEW = "renew"
    EXPIRED = "expired"
    NOT_YET = "not yet valid"


VALID, RENEW, EXPIRED, NOT_YET = Verdict


class Times(NamedTuple):
    """The times of a ticket, whole seconds since the epoch."""

    iat: int
    exp: int
    session_end: int


class TokenItem(NamedTuple):
    """What a repository keeps.

    :ivar key: a text of ASCII letters, digits, ``-``, ``_``, ``:`` and
        ``.``, at most 200 characters; a digest, never a credential.
    :ivar expires: aware UTC, whole seconds; from then on it is absent.
    :ivar token: bytes that only the library reads.
    :ivar subject: whose it is, ``None`` for nobody's; at most 300
        characters of any text.
    """

    key: str
    expires: datetime
    token: bytes
    subject: str | None


class ITokenRepository(Interface):
    """Keeps what references point to.

    Times are aware UTC. Every verb raises ``RepositoryUnavailable`` where
    the store could not be asked, and only then.
    """

    def add_or_update(item: TokenItem) -> None:
        """Keep an item, in place of any other under its key."""

    def get(key: str) -> TokenItem | None:
        """Give an item; ``None`` where it is absent or expired."""

    def remove(key: str) -> None:
        """Forget an item; that it is absent is no error."""

    def remove_all_before(date: datetime) -> Any:
        """Forget what expires at or before a time. A store that expires by
        itself may do nothing."""


class IRenewingRepository(ITokenRepository):
    """Can replace conditionally, so that a renewal under way never brings
    back what was removed."""

    def renew(item: TokenItem, was: datetime) -> bool:
        """Replace the item under the key only if it is there and its
        ``expires`` is still ``was``, in one step. Tell whether it was."""


class IAddingRepository(ITokenRepository):
    """Can add conditionally, so that of two that add at once one knows that
    the other was first."""

    def add(item: TokenItem) -> bool:
        """Keep the item only if there is none under its key, or if that one
        has expired, in one step. Tell whether it was kept."""


class ISubjectRepository(ITokenRepository):
    """Knows whose an item is."""

    def items_of(subject: str) -> Iterable[TokenItem]:
        """Give the items of a subject that have not expired."""

    def remove_all_of(subject: str, keep: Collection[str] = ()) -> int:
        """Forget the items of a subject but for some keys, in one step.
        Give how many they were."""


class IListingRepository(ITokenRepository):
    """Knows all that it keeps: ``psessiontoken sessions`` lists it."""

    def items() -> Iterable[TokenItem]:
        """Give the items that have not expired, in any order. Those that
        come or go meanwhile may be given or not, and one may come twice."""


class IPurgingRepository(ITokenRepository):
    """Forgets in batches, and tells of each: ``psessiontoken purge`` shows
    how far it is."""

    def purge(date: datetime) -> Iterable[int]:
        """Forget what ``remove_all_before`` forgets, step by step, the oldest
        first. Give after each step how many they were."""


class ISessionStore(Interface):
    """Keeps tickets; gives references to them."""

    def store(ticket: Any) -> str:
        """Keep a ticket and give a new reference, a text."""

    def retrieve(reference: str) -> Any:
        """Give the ticket, ``None`` where there is none (any more)."""

    def renew(reference: str, ticket: Any) -> bool:
        """Replace the ticket unless it was removed or renewed meanwhile;
        tell whether it was replaced."""

    def remove(reference: str) -> None:
        """Forget a ticket; that there is none is no error."""


class IAuthenticator(Interface):
    """Judges one kind of credential."""

    scheme = Attribute(
        "str: the scheme in the Authorization header (RFC 9110, section"
        " 11.1), None where the credential is shown elsewhere."
    )
    vary = Attribute(
        "Sequence of str: the request headers that are looked at."
    )
    ambient = Attribute(
        "bool: whether browsers send the credential by themselves, also when"
        " another site made them."
    )

    def authenticate(request: Any) -> Any:
        """Judge what the request shows.

        Return an ``Identity``, or ``None`` where nothing was shown that
        this authenticator knows.

        Raise ``InvalidCredential(reason)`` where it was shown and is
        refused, ``RepositoryUnavailable`` where nobody can tell just now.
        """

    def challenge(request: Any) -> str | None:
        """Return a value for WWW-Authenticate (RFC 9110, section 11.6.1),
        or ``None`` for none."""


class IClaimsTransformer(Interface):
    """Changes what is said about a user when a credential is judged."""

    def transform(identity: Any, request: Any) -> Any:
        """Return the ``Identity`` to go on with: the same, or another.

        Raise ``InvalidCredential(reason)`` to refuse.
        """


class ICookieTransform(Interface):
    """Turns what a cookie says into what travels, and back."""

    def encode(content: bytes) -> bytes:
        """Protect; never compress (RFC 8725, section 3.6)."""

    def decode(protected: bytes) -> bytes:
        """Give the content, or raise ``InvalidCredential`` for what
        ``encode`` did not write."""


class IExpiryPolicy(Interface):
    """Decides how long tickets live. Pure: no clock, no state.

    ``now`` is in whole seconds since the epoch throughout.
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
        """Return the ``Times`` of the ticket's successor."""


class IKeyRing(Interface):
    """Keys of which the first signs and all verify."""

    signer = Attribute("Key: the one that signs.")

    def __iter__() -> Iterator[Any]:
        """Iterate over all keys, the signer first."""


class IClock(Interface):
    """The one place where time is read."""

    def now() -> int:
        """Return the time as ``int``, whole seconds since the epoch."""


class IUserLoader(Interface):
    """Gives the application's own user object."""

    def __call__(identity: Any, request: Any) -> Any:
        """Return what ``request.identity`` shall be, or ``None`` where the
        user is gone or barred."""


class IPrincipals(Interface):
    """Tells the names under which an ACL knows a user."""

    def __call__(identity: Any, request: Any) -> list[Any]:
        """Return a list of principals for what ``request.identity`` gives,
        ``None`` for an unknown user."""


class IAuthorization(Interface):
    """Decides about permissions."""

    def __call__(
        request: Any, context: Any, permission: str, principals: list[Any]
    ) -> Any:
        """Return ``pyramid.security.Allowed`` or ``Denied``, or what is true
        or false."""
