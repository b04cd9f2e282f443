"""Where records stand in the repository: keys, subjects and times."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from ..errors import RepositoryUnavailable
from ..identity.userid import Userid, subject_of
from ..interfaces import ITokenRepository

#: How long a record outlives its ticket, seconds: the most that
#: ``expiry.clock_skew`` can be.
LINGER = 300

_LINK = "of:"


def digest_of(text: str) -> str:
    """Give the SHA-256 of a text, hexadecimal."""
    return sha256(text.encode()).hexdigest()


def record_key(reference: str) -> str:
    """Give the key of the record that a reference points to. The reference
    cannot be computed from it.
    """
    return digest_of(reference)


def link_key(key: str) -> str:
    """Give the key of a link: the record that says to which session a ticket
    belongs. Its subject is that of the session.

    :param key: of the record with the ticket.
    """
    return _LINK + key


def linked_key(link: str) -> str:
    """Give the key of the ticket to which a link points."""
    return link.removeprefix(_LINK)


def is_link(key: str) -> bool:
    return key.startswith(_LINK)


def session_mark_key(sid: str) -> str:
    """Give the key of the mark that says that a session was ended."""
    return "ended:" + digest_of(sid)


def user_mark_key(userid: Userid) -> str:
    """Give the key of the mark that says which sessions of a user were ended
    together.
    """
    return "before:" + digest_of(subject_of(userid))


def subject_of_sid(sid: str) -> str:
    """Give the subject of the links of a session."""
    return "sid:" + digest_of(sid)


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
