"""Tickets in a repository, and references to them."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from zope.interface import implementer

from .. import clock
from ..clock import moment
from ..errors import SessionTokenError
from ..expiry import least_gain
from ..identity.ticket import Ticket
from ..identity.userid import Userid
from ..interfaces import (
    IListingRepository,
    IRenewingRepository,
    ISessionStore,
    ISubjectRepository,
    TokenItem,
)
from .cache import UNKNOWN, FirstLevelCache
from .records import LINGER, RecordNames, find_repository
from .seal import Seal
from .sealed_tickets import SealedTickets

#: People, and scanners of leaked secrets, recognise a reference by it.
REFERENCE_PREFIX = "pst_"

_REFERENCE = re.compile(REFERENCE_PREFIX + "[A-Za-z0-9_-]{43}")


@implementer(ISessionStore)
class RepositorySessionStore:
    """Keep encrypted tickets under the digests of their references.

    :param registry: where repository and clock are looked up.
    :param names: of the records.
    """

    def __init__(
        self,
        registry: Any,
        seal: Seal,
        names: RecordNames,
        cache: FirstLevelCache,
    ) -> None:
        self._registry = registry
        self._tickets = SealedTickets(seal, names)
        self._names = names
        self._cache = cache

    def store(self, ticket: Ticket) -> str:
        reference = REFERENCE_PREFIX + secrets.token_urlsafe(32)
        key = self._names.ticket(reference)
        repository = self._repository
        repository.add_or_update(self._tickets.seal(key, ticket))
        self._add_link(repository, key, ticket)
        return reference

    def retrieve(self, reference: str) -> Ticket | None:
        # The repository is not asked about other texts.
        if _REFERENCE.fullmatch(reference) is None:
            return None
        key = self._names.ticket(reference)
        now = clock.now(self._registry)
        known = self._cache.get(key, now)
        if known is not UNKNOWN:
            return known  # type: ignore[no-any-return]
        version = self._cache.version
        item = self._repository.get(key)
        ticket = None if item is None else self._tickets.open(item, key)
        length = 0 if item is None else len(item.token)
        self._cache.put(key, ticket, now, version, length)
        return ticket

    def renew(self, reference: str, ticket: Ticket) -> bool:
        key = self._names.ticket(reference)
        repository = self._repository
        # The answer that the cache has is old now, whatever happens below.
        self._cache.replace(key, UNKNOWN, self._now())
        version = self._cache.version
        item = repository.get(key)
        current = None if item is None else self._tickets.open(item, key)
        if item is None or current is None:
            return False
        # Another request renewed it just now: that is enough.
        if ticket.iat - current.iat < least_gain(ticket.exp - ticket.iat):
            return False
        renewed = replace(ticket, device=current.device)
        if renewed.session_end > current.session_end:
            # Only an expiry policy of the application's own moves the end.
            self._add_link(repository, key, renewed)
        if not self._replace(repository, key, renewed, item.expires):
            return False
        self._cache.put(key, renewed, self._now(), version, len(item.token))
        return True

    def remove(self, reference: str) -> None:
        self._remove(self._names.ticket(reference))

    def tickets_of_session(self, sid: str) -> Iterator[Ticket]:
        """Give every ticket of a session that the repository can find."""
        repository = self._repository
        if not ISubjectRepository.providedBy(repository):
            return
        for key in self._keys_of(sid):
            item = repository.get(key)
            ticket = None if item is None else self._tickets.open(item, key)
            if ticket is not None:
                yield ticket

    def remove_session(self, sid: str) -> None:
        """Delete every ticket of a session that the repository can find."""
        repository = self._repository
        if not ISubjectRepository.providedBy(repository):
            return
        for key in self._keys_of(sid):
            self._remove(key)
        repository.remove_all_of(self._names.subject_of_session(sid))

    def remove_all_of(self, userid: Userid, keep: str | None = None) -> int:
        """Delete every ticket of a user; give how many they were.

        :param keep: the session whose tickets stay.
        """
        kept = self._keys_of(keep) if keep else []
        repository = self._repository
        subject = self._names.subject_of_user(userid)
        self._cache.clear()
        removed: int = repository.remove_all_of(subject, kept)
        self._cache.clear()
        return removed

    def tickets_of(self, userid: Userid) -> Iterator[Ticket]:
        """Give the tickets of a user.

        :raises SessionTokenError: where the repository cannot find them.
        """
        repository = self._repository
        if not ISubjectRepository.providedBy(repository):
            raise SessionTokenError(
                "sessions are listed only where the repository provides"
                " ISubjectRepository"
            )
        subject = self._names.subject_of_user(userid)
        for item in repository.items_of(subject):
            ticket = self._tickets.open(item, item.key)
            # The subject of a record is not sealed; the userid is.
            if ticket is not None and ticket.userid == userid:
                yield ticket

    def tickets(self) -> Iterator[Ticket]:
        """Give the tickets of all users.

        :raises SessionTokenError: where the repository cannot list them.
        """
        repository = self._repository
        if not IListingRepository.providedBy(repository):
            raise SessionTokenError(
                "the sessions of all users are listed only where the"
                " repository provides IListingRepository: name a user"
            )
        for item in repository.items():
            # The other records are marks, which have no subject, links, and
            # those of other applications.
            if self._names.is_of_user(item.subject):
                ticket = self._tickets.open(item, item.key)
                if ticket is not None:
                    yield ticket

    @property
    def removes_for_good(self) -> bool:
        """Tell whether the end of a session removes all its tickets, and a
        renewal that is under way cannot bring one back.
        """
        repository = self._repository
        return bool(
            IRenewingRepository.providedBy(repository)
            and ISubjectRepository.providedBy(repository)
        )

    def _replace(
        self, repository: Any, key: str, ticket: Ticket, was: datetime
    ) -> bool:
        """Write the successor of a ticket; tell whether it was written.

        :param was: when the record of the current ticket expires.
        """
        item = self._tickets.seal(key, ticket)
        if not IRenewingRepository.providedBy(repository):
            repository.add_or_update(item)
            return True
        replaced: bool = repository.renew(item, was)
        return replaced

    def _add_link(self, repository: Any, key: str, ticket: Ticket) -> None:
        """Write the link by which the ticket of a session is found."""
        if ISubjectRepository.providedBy(repository):
            expires = moment(ticket.session_end + LINGER)
            subject = self._names.subject_of_session(ticket.sid)
            link = self._names.link(key)
            repository.add_or_update(TokenItem(link, expires, b"", subject))

    def _keys_of(self, sid: str) -> list[str]:
        subject = self._names.subject_of_session(sid)
        links = self._repository.items_of(subject)
        return [self._names.linked(link.key) for link in links]

    def _remove(self, key: str) -> None:
        self._repository.remove(key)
        # Not before: if it could not be removed, the session goes on.
        self._cache.replace(key, None, self._now())

    @property
    def _repository(self) -> Any:
        return find_repository(self._registry)

    def _now(self) -> int:
        return clock.now(self._registry)
