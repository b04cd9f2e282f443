"""Where records stand in the repository: keys, subjects and times."""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import sha256
from typing import Any

from ..errors import RepositoryUnavailable
from ..identity.userid import Userid, subject_of
from ..interfaces import (
    IAddingRepository,
    IRenewingRepository,
    ITokenRepository,
    TokenItem,
)
from ..keys.base64url import encode_base64url
from ..keys.label import LABEL, labelled
from ..tokens.verified import REMEMBERED

#: How long a record outlives its ticket, seconds: the most that
#: ``expiry.clock_skew`` can be.
LINGER = 300

#: Bytes of a digest in a name: 24 characters of base64url.
NAME_BYTES = 18

#: Bytes of a digest that names a session: 128 random bits (ASVS 7.2.3).
SID_BYTES = 16

#: Bytes of a digest that tells the subjects of applications apart.
TAG_BYTES = 6

# What :meth:`RecordNames.access_token_id` gives.
_ACCESS_TOKEN_ID = re.compile("[A-Za-z0-9_-]{24}")

#: Where the registry keeps the ``timed.Timer``; no key where the calls of the
#: repository are not measured.
TIMER = "pyramid_sessiontoken.timer"

#: Where it keeps what counts outages: a callable that takes the code of the
#: error and the authenticator, if one asked. No key where they are not
#: counted.
OUTAGES = "pyramid_sessiontoken.outages"


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
        # Each request with a session asks for its marks. Names of sessions
        # and users are no secrets, so they may stay in memory.
        self.marks = lru_cache(maxsize=REMEMBERED)(self._marks)

    def sid(self, reference: str) -> str:
        """Give the name of the session that begins with a reference."""
        return encode_base64url(self._digest("r", reference)[:SID_BYTES])

    def ticket(self, reference: str) -> str:
        """Give the key of the record to which a reference points."""
        return self.first_ticket(self.sid(reference))

    def first_ticket(self, sid: str) -> str:
        """Give the key of the record with the ticket with which a session
        began. It is found by the name of the session, without a link.
        """
        return self._key("t", sid)

    def link(self, key: str) -> str:
        """Give the key of a link: the record that says to which session a
        further ticket belongs. Its subject is that of the session.

        :param key: of the record with the ticket.
        """
        return "l" + key[1:]

    def linked(self, link: str) -> str:
        """Give the key of the ticket to which a link points."""
        return "t" + link[1:]

    def _marks(self, sid: str, userid: Userid) -> tuple[str, str]:
        return self.session_mark(sid), self.user_mark(userid)

    def session_mark(self, sid: str) -> str:
        """Give the key of the mark that says that a session was ended."""
        return self._key("e", sid)

    def user_mark(self, userid: Userid) -> str:
        """Give the key of the mark that says which sessions of a user were
        ended together.
        """
        return self._key("b", subject_of(userid))

    def order(self, userid: Userid) -> str:
        """Give the key of the record that puts the sign-ins of a user in one
        order.
        """
        return self._key("n", subject_of(userid))

    def access_token(self, identifier: str) -> str:
        """Give the key of an access token. Its id is in the key, so that it
        is found where a repository cannot list those of a user.

        :param identifier: of :meth:`access_token_id`.
        """
        return "p" + identifier

    def access_token_id(self, text: str) -> str:
        """Give the id of an access token: a digest of its text."""
        return self._key("p", text)[1:]

    def subject_of_access_tokens(self, userid: Userid) -> str:
        """Give the subject of the access tokens of a user. It is not that of
        the user's sessions.
        """
        return "pat:" + self._key("a", subject_of(userid))

    def issuer_session(self, issuer: str, session: str) -> str:
        """Give the key of the mark that says that a session at another issuer
        was ended.
        """
        return self._key("i", f"{len(issuer)} {issuer}{session}")

    def issuer_subject(self, issuer: str, subject: str) -> str:
        """Give the key of the mark that says up to which time another issuer
        signed a user out.
        """
        return self._key("u", f"{len(issuer)} {issuer}{subject}")

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
        """Give the subject of the links of a session, if it has any."""
        return "sid:" + self._key("s", sid)

    def _key(self, kind: str, text: str) -> str:
        return kind + encode_base64url(self._digest(kind, text)[:NAME_BYTES])

    def _digest(self, kind: str, text: str) -> bytes:
        # JSON of others may contain half a character (a surrogate).
        content = (kind + text).encode("utf-8", "surrogatepass")
        return sha256(self._application + content).digest()


def is_access_token_id(value: object) -> bool:
    """Tell whether a value has the form of the id of an access token."""
    return type(value) is str and bool(_ACCESS_TOKEN_ID.fullmatch(value))


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
    timer = registry.get(TIMER)
    return repository if timer is None else timer(repository)


def replace_item(
    repository: Any, current: TokenItem | None, item: TokenItem
) -> bool:
    """Write an item in place of the one that was read; tell whether it was
    written. It is not if another request wrote one meanwhile, and the
    repository notices that.

    :param current: ``None`` where there was none.
    """
    written = True
    if current is None and IAddingRepository.providedBy(repository):
        written = repository.add(item)
    elif current is not None and IRenewingRepository.providedBy(repository):
        written = repository.renew(item, current.expires)
    else:
        repository.add_or_update(item)
    return written
