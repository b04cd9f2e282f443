"""Where records stand in the repository: keys, subjects and times."""

from __future__ import annotations

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
    """Keys and subjects of the records of one application.

    They are derived from its issuer and audience, and from no key. Two
    applications in one repository have no name in common, so neither finds,
    lists or ends a session of the other. A key is a letter for the kind of
    the record, and 24 characters of a digest, from which the reference, the
    ``sid`` or the userid cannot be computed.
    """

    def __init__(self, issuer: str, audience: str) -> None:
        self._application = sha256(
            labelled(LABEL, "records", issuer, audience)
        ).digest()
        self._tag = "#" + encode_base64url(self._application[:TAG_BYTES])

    def ticket(self, reference: str) -> str:
        """Give the key of the record to which a reference points."""
        return self._key("t", reference)

    def link(self, key: str) -> str:
        """Give the key of a link: the record that says to which session a
        ticket belongs. Its subject is that of the session.

        :param key: of the record with the ticket.
        """
        return "l" + key[1:]

    def linked(self, link: str) -> str:
        """Give the key of the ticket to which a link points."""
        return "t" + link[1:]

    def session_mark(self, sid: str) -> str:
        """Give the key of the mark that says that a session was ended."""
        return self._key("e", sid)

    def user_mark(self, userid: Userid) -> str:
        """Give the key of the mark that says which sessions of a user were
        ended together.
        """
        return self._key("b", subject_of(userid))

    def subject_of_user(self, userid: Userid) -> str:
        """Give the subject of the tickets of a user: ``str:alice#`` and a
        text that tells applications apart.
        """
        # At the end. So a database that ignores trailing blanks does not take
        # two userids for one.
        return subject_of(userid) + self._tag

    def is_of_user(self, subject: str | None) -> bool:
        """Tell whether a subject is a user of this application."""
        return subject is not None and subject.endswith(self._tag)

    def subject_of_session(self, sid: str) -> str:
        """Give the subject of the links of a session."""
        return "sid:" + self._key("s", sid)

    def _key(self, kind: str, text: str) -> str:
        digest = sha256(self._application + (kind + text).encode()).digest()
        return kind + encode_base64url(digest[:NAME_BYTES])


def find_repository(registry: Any) -> Any:
    """Look the repository up: an application may replace it at any time.

    :raises RepositoryUnavailable: where none is registered.
    """
    repository = registry.queryUtility(ITokenRepository)
    if repository is None:
        raise RepositoryUnavailable(
            "no ITokenRepository is registered: set sessiontoken.repository,"
            " or call config.set_sessiontoken_repository"
        )
    return repository
