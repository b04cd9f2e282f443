"""Records in the repository: their names, their times, and where they are."""

from __future__ import annotations

from datetime import datetime, timezone
from hashlib import sha256
from typing import Any

from ..errors import RepositoryUnavailable
from ..identity.userid import Userid, subject_of
from ..interfaces import ITokenRepository
from ..keys.base64url import encode_base64url
from ..keys.derivation import LABEL, labelled

#: How long a record outlives its ticket, seconds: the most that
#: ``expiry.clock_skew`` can be.
LINGER = 300

#: Bytes of a digest in a name: 24 characters of base64url.
NAME_BYTES = 18

#: Bytes of a digest that tells the subjects of applications apart.
TAG_BYTES = 6


class RecordNames:
    """The names of an application's records, which are derived from its
    issuer and audience, and from no key.

    Two applications that share a repository have other names for everything,
    so neither finds, lists or ends a session of the other. A name is a letter
    for the kind of the record, and 24 characters of a digest: what it was
    made of cannot be computed from it.
    """

    def __init__(self, issuer: str, audience: str) -> None:
        self._application = sha256(
            labelled(LABEL, "records", issuer, audience)
        ).digest()
        self._tag = "#" + encode_base64url(self._application[:TAG_BYTES])

    def ticket(self, reference: str) -> str:
        """Name the record that a reference points to."""
        return self._name("t", reference)

    def index(self, ticket: str) -> str:
        """Name what says whose session a ticket is, by the ticket's name."""
        return "i" + ticket[1:]

    def indexed(self, index: str) -> str:
        """Turn :meth:`index` round."""
        return "t" + index[1:]

    def ended(self, sid: str) -> str:
        """Name the mark of a session that ended."""
        return self._name("e", sid)

    def before(self, userid: Userid) -> str:
        """Name the mark of a user who ended all sessions."""
        return self._name("b", subject_of(userid))

    def of_user(self, userid: Userid) -> str:
        """Give the subject of a user's tickets: ``str:alice#`` and a text
        that tells applications apart.
        """
        # At the end, where it also keeps a database that ignores trailing
        # blanks from taking two userids for one.
        return subject_of(userid) + self._tag

    def is_of_user(self, subject: str | None) -> bool:
        """Tell whether a subject is a user of this application."""
        return subject is not None and subject.endswith(self._tag)

    def of_session(self, sid: str) -> str:
        """Give the subject of what is found by the name of a session."""
        return "sid:" + self._name("s", sid)

    def _name(self, kind: str, text: str) -> str:
        digest = sha256(self._application + (kind + text).encode()).digest()
        return kind + encode_base64url(digest[:NAME_BYTES])


def moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, timezone.utc)


def find_repository(registry: Any) -> Any:
    """Look the repository up: it may be swapped at any time.

    :raises RepositoryUnavailable: where none is registered.
    """
    repository = registry.queryUtility(ITokenRepository)
    if repository is None:
        raise RepositoryUnavailable("no ITokenRepository is registered")
    return repository
