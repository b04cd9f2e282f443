"""Tickets in a repository, and references to them."""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

from zope.interface import implementer

from .. import clock
from ..clock import moment
from ..errors import RepositoryUnavailable, SessionTokenError
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
from .past_cache import PastCache
from .records import LINGER, RecordNames, find_repository
from .seal import Seal
from .sealed_tickets import SealedTickets
from .trimming import Trimming

log = logging.getLogger("pyramid_sessiontoken")

#: People, and scanners of leaked secrets, recognise a reference by it.
REFERENCE_PREFIX = "pst_"

#: How often to change a ticket while other requests change it.
ATTEMPTS = 5

#: Makes a new ticket of the one that is stored.
Change = Callable[[Ticket], Ticket]

_REFERENCE = re.compile(REFERENCE_PREFIX + "[A-Za-z0-9_-]{43}")


class Beginning(NamedTuple):
    """The name of a new session, before a client knows it.

    :ivar reference: the first reference to it; ``None`` where there is none,
        or where a store of the application's own makes it.
    """

    sid: str
    reference: str | None = None


@implementer(ISessionStore)
class RepositorySessionStore:
    """Keep encrypted tickets under the digests of their references.

    :ivar names: of the records.
    :param registry: where repository and clock are looked up.
    :param trimming: removes a few old records at each sign-in.
    """

    def __init__(
        self,
        registry: Any,
        seal: Seal,
        names: RecordNames,
        cache: FirstLevelCache | PastCache,
        trimming: Trimming | None = None,
    ) -> None:
        self._registry = registry
        self._trimming = trimming
        self._seal = seal
        self._tickets = SealedTickets(seal, names)
        self.names = names
        self._cache = cache

    @cached_property
    def past_cache(self) -> RepositorySessionStore:
        """The same store, which asks the repository each time."""
        cache = PastCache(self._cache)
        strict = RepositorySessionStore(
            self._registry, self._seal, self.names, cache, self._trimming
        )
        # What is opened already need not be opened again.
        strict._tickets = self._tickets
        return strict

    def begin(self) -> Beginning:
        """Name a new session, and make the first reference to it."""
        reference = _new_reference()
        return Beginning(self.names.sid(reference), reference)

    def store(self, ticket: Ticket, reference: str | None = None) -> str:
        """Keep a ticket; give the reference to it.

        :param reference: of :meth:`begin`; ``None`` for a new one.
        """
        is_sign_in = reference is not None
        if reference is None:
            reference = _new_reference()
        key = self.names.ticket(reference)
        repository = self._repository
        # The link comes first: what can be listed can be found by its sid.
        self._link(repository, key, ticket)
        item = self._tickets.seal(key, ticket)
        if is_sign_in and self._trimming is not None:
            self._trimming.keep(item)
        else:
            repository.add_or_update(item)
        return reference

    def retrieve(self, reference: str) -> Ticket | None:
        # The repository is not asked about other texts.
        if _REFERENCE.fullmatch(reference) is None:
            return None
        key = self.names.ticket(reference)
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
        key = self.names.ticket(reference)
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
        # What update() wrote since the request began stays.
        renewed = ticket._replace(device=current.device, claims=current.claims)
        if renewed.session_end > current.session_end:
            # Only an expiry policy of the application's own moves the end.
            self._link(repository, key, renewed)
        if not self._replace(repository, key, renewed, item.expires):
            return False
        self._cache.put(key, renewed, self._now(), version, len(item.token))
        return True

    def update(self, reference: str, change: Change) -> Ticket | None:
        """Change the ticket to which a reference points; give the new one.

        :param change: makes the new ticket of the one that is stored; called
            again if another request wrote meanwhile.
        :return: ``None`` if the reference points to none.
        :raises SessionTokenError: if other requests wrote each time.
        """
        return self._update(self.names.ticket(reference), change)

    def update_others(
        self, ticket: Ticket, reference: str | None, change: Change
    ) -> None:
        """Change the other tickets of a session that the repository can find,
        as :meth:`update` does.

        :param ticket: one of the session.
        :param reference: the one that is left alone.
        """
        if not ISubjectRepository.providedBy(self._repository):
            return

        def change_own(current: Ticket) -> Ticket:
            # Links are not sealed: whoever writes to the repository may let
            # one point to the ticket of another user.
            if _session(current) != _session(ticket):
                raise SessionTokenError("it is of another session")
            return change(current)

        own = None if reference is None else self.names.ticket(reference)
        for key in self._keys_of(ticket.sid):
            try:
                if key != own:
                    self._update(key, change_own)
            except RepositoryUnavailable:
                raise
            except SessionTokenError as error:
                log.error("one token of a session did not change: %s", error)

    def _update(self, key: str, change: Change) -> Ticket | None:
        repository = self._repository
        for _ in range(ATTEMPTS):
            item = repository.get(key)
            current = None if item is None else self._tickets.open(item, key)
            if item is None or current is None:
                return None
            ticket = change(current)._replace(
                carrier=current.carrier, device=current.device
            )
            if ticket.session_end > current.session_end:
                self._link(repository, key, ticket)
            # The answer that the cache has is old now, whatever happens.
            self._cache.replace(key, UNKNOWN, self._now())
            version = self._cache.version
            if self._replace(repository, key, ticket, item.expires):
                self._cache.put(
                    key, ticket, self._now(), version, len(item.token)
                )
                return ticket
        raise SessionTokenError(
            f"other requests changed the session {ATTEMPTS} times meanwhile,"
            " so nothing was changed: try again"
        )

    def remove(self, reference: str) -> None:
        self._remove(self.names.ticket(reference))

    def tickets_of_session(self, sid: str) -> Iterator[Ticket]:
        """Give every ticket of a session that the repository can find."""
        repository = self._repository
        if not ISubjectRepository.providedBy(repository):
            return
        for key in self._keys_of(sid):
            item = repository.get(key)
            ticket = None if item is None else self._tickets.open(item, key)
            # A name made of a further reference is that of no session.
            if ticket is not None and ticket.sid == sid:
                yield ticket

    def remove_session(self, sid: str, reference: str | None = None) -> None:
        """Delete every ticket of a session that the repository can find.

        :param reference: one of its references, where it is known.
        """
        own = None if reference is None else self.names.ticket(reference)
        if own is not None:
            self._remove(own)
        repository = self._repository
        if not ISubjectRepository.providedBy(repository):
            return
        first, *further = self._keys_of(sid)
        for key in (first, *further):
            if key != own:
                self._remove(key)
        if further:
            repository.remove_all_of(self.names.subject_of_session(sid))

    def remove_all_of(self, userid: Userid, keep: str | None = None) -> int:
        """Delete every ticket of a user; give how many they were.

        :param keep: the session whose tickets stay.
        """
        kept = self._keys_of(keep) if keep else []
        repository = self._repository
        subject = self.names.subject_of_user(userid)
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
        subject = self.names.subject_of_user(userid)
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
            if self.names.is_of_user(item.subject):
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
        item = self._tickets.seal(key, ticket, was)
        if not IRenewingRepository.providedBy(repository):
            repository.add_or_update(item)
            return True
        replaced: bool = repository.renew(item, was)
        return replaced

    def _link(self, repository: Any, key: str, ticket: Ticket) -> None:
        """Write the link by which a further ticket of a session is found."""
        if key == self.names.first_ticket(ticket.sid):
            return
        if ISubjectRepository.providedBy(repository):
            expires = moment(ticket.session_end + LINGER)
            subject = self.names.subject_of_session(ticket.sid)
            link = self.names.link(key)
            repository.add_or_update(TokenItem(link, expires, b"", subject))

    def _keys_of(self, sid: str) -> list[str]:
        """Give the keys of all tickets of a session, the first one's first. It
        may be that no record has it.
        """
        names = self.names
        links = self._repository.items_of(names.subject_of_session(sid))
        linked = [names.linked(link.key) for link in links]
        return [names.first_ticket(sid), *linked]

    def _remove(self, key: str) -> None:
        self._repository.remove(key)
        # Not before: if it could not be removed, the session goes on.
        self._cache.replace(key, None, self._now())

    @property
    def _repository(self) -> Any:
        return find_repository(self._registry)

    def _now(self) -> int:
        return clock.now(self._registry)


def _session(ticket: Ticket) -> tuple[str, Userid]:
    return ticket.sid, ticket.userid


def _new_reference() -> str:
    return REFERENCE_PREFIX + secrets.token_urlsafe(32)
