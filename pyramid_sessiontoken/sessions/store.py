"""Tickets in a repository, and references to them."""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from typing import Any

from zope.interface import implementer

from .. import clock
from ..errors import InvalidCredential, SessionTokenError
from ..expiry import MINIMUM_GAIN
from ..identity.claims import freeze_claims
from ..identity.ticket import Ticket
from ..identity.userid import Userid
from ..interfaces import (
    IListingRepository,
    IRenewingRepository,
    ISessionStore,
    ISubjectRepository,
    TokenItem,
)
from ..tokens.payload import read_ticket, write_members
from ..tokens.verified import VerifiedUnderKeys
from .cache import UNKNOWN, FirstLevelCache
from .records import LINGER, RecordNames, find_repository, moment
from .seal import Seal

log = logging.getLogger("pyramid_sessiontoken")

#: By which people, and scanners of leaked secrets, know a reference.
REFERENCE_PREFIX = "pst_"

_REFERENCE = re.compile(REFERENCE_PREFIX + "[A-Za-z0-9_-]{43}")

#: How many records are remembered with what they say.
REMEMBERED = 10_000


@implementer(ISessionStore)
class RepositorySessionStore:
    """Encrypt the ticket, digest the reference, remember for a while.

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
        self._seal = seal
        self._names = names
        self._cache = cache
        self._opened = VerifiedUnderKeys[Ticket](REMEMBERED)

    def store(self, ticket: Ticket) -> str:
        reference = REFERENCE_PREFIX + secrets.token_urlsafe(32)
        key = self._names.ticket(reference)
        repository = self._repository
        repository.add_or_update(self._item(key, ticket))
        if ISubjectRepository.providedBy(repository):
            self._note(key, ticket)
        return reference

    def retrieve(self, reference: str) -> Ticket | None:
        # No text of another form is worth a question.
        if _REFERENCE.fullmatch(reference) is None:
            return None
        key = self._names.ticket(reference)
        now = self._now()
        known = self._cache.get(key, now)
        if known is not UNKNOWN:
            return known  # type: ignore[no-any-return]
        ended = self._cache.ended
        item = self._repository.get(key)
        ticket = None if item is None else self._open(item, key)
        self._cache.put(key, ticket, now, ended)
        return ticket

    def renew(self, reference: str, ticket: Ticket) -> bool:
        key = self._names.ticket(reference)
        repository = self._repository
        # What is remembered is old now, whatever comes of it.
        self._cache.end(key, UNKNOWN, self._now())
        ended = self._cache.ended
        there = repository.get(key)
        current = None if there is None else self._open(there, key)
        if there is None or current is None:
            return False
        # Once a window: what another request just did is good enough.
        if ticket.iat - current.iat < _least_gain(ticket):
            return False
        renewed = replace(ticket, device=current.device)
        item = self._item(key, renewed)
        if (
            ticket.session_end > current.session_end
            and ISubjectRepository.providedBy(repository)
        ):
            # By an expiry policy of the application's own.
            self._note(key, ticket)
        if not IRenewingRepository.providedBy(repository):
            repository.add_or_update(item)
        elif not repository.renew(item, there.expires):
            return False
        self._cache.put(key, renewed, self._now(), ended)
        return True

    def remove(self, reference: str) -> None:
        self._remove(self._names.ticket(reference))

    def tickets_of_session(self, sid: str) -> Iterator[Ticket]:
        """Give the tickets of a session that the repository finds."""
        repository = self._repository
        if not ISubjectRepository.providedBy(repository):
            return
        for key in self._keys_of(sid):
            item = repository.get(key)
            ticket = None if item is None else self._open(item, key)
            if ticket is not None:
                yield ticket

    def remove_session(self, sid: str) -> None:
        """Forget every ticket of a session, as far as the repository knows
        them.
        """
        repository = self._repository
        if not ISubjectRepository.providedBy(repository):
            return
        subject = self._names.of_session(sid)
        for key in self._keys_of(sid):
            self._remove(key)
        repository.remove_all_of(subject)

    def remove_all_of(self, userid: Userid, keep: str | None = None) -> int:
        """Forget every ticket of a user, but for one session's."""
        kept = self._keys_of(keep) if keep else []
        repository = self._repository
        self._cache.clear()
        removed: int = repository.remove_all_of(
            self._names.of_user(userid), kept
        )
        self._cache.clear()
        return removed

    def tickets_of(self, userid: Userid) -> Iterator[Ticket]:
        """Give the tickets of a user.

        :raises SessionTokenError: where the repository cannot tell.
        """
        repository = self._repository
        if not ISubjectRepository.providedBy(repository):
            raise SessionTokenError(
                "sessions are listed only where the repository provides"
                " ISubjectRepository"
            )
        for item in repository.items_of(self._names.of_user(userid)):
            ticket = self._open(item, item.key)
            # What the row says besides is not sealed.
            if ticket is not None and ticket.userid == userid:
                yield ticket

    def tickets(self) -> Iterator[Ticket]:
        """Give the tickets of everybody.

        :raises SessionTokenError: where the repository cannot tell.
        """
        repository = self._repository
        if not IListingRepository.providedBy(repository):
            raise SessionTokenError(
                "everybody's sessions are listed only where the repository"
                " provides IListingRepository: name a user"
            )
        for item in repository.items():
            # Others are marks, what says whose session a ticket is, and what
            # another application keeps.
            if self._names.is_of_user(item.subject):
                ticket = self._open(item, item.key)
                if ticket is not None:
                    yield ticket

    @property
    def removes_for_good(self) -> bool:
        """Tell whether all tickets of a session are found when it ends, and
        none is brought back by a renewal that is under way.
        """
        repository = self._repository
        return bool(
            IRenewingRepository.providedBy(repository)
            and ISubjectRepository.providedBy(repository)
        )

    def _note(self, key: str, ticket: Ticket) -> None:
        """Note by what a session is found, to end it by its name."""
        expires = moment(ticket.session_end + LINGER)
        index = self._names.index(key)
        subject = self._names.of_session(ticket.sid)
        self._repository.add_or_update(TokenItem(index, expires, b"", subject))

    def _keys_of(self, sid: str) -> list[str]:
        found = self._repository.items_of(self._names.of_session(sid))
        return [self._names.indexed(item.key) for item in found]

    def _remove(self, key: str) -> None:
        self._repository.remove(key)
        # Only now: what could not be removed is not called so.
        self._cache.end(key, None, self._now())

    def _item(self, key: str, ticket: Ticket) -> TokenItem:
        members = write_members(ticket)
        members["claims"] = ticket.claims
        members["persistent"] = ticket.persistent
        members["device"] = ticket.device
        members["carrier"] = ticket.carrier
        return TokenItem(
            key,
            moment(ticket.exp + LINGER),
            self._seal.seal(members, key),
            self._names.of_user(ticket.userid),
        )

    def _open(self, item: TokenItem, key: str) -> Ticket | None:
        """Read what is kept under a key; ``None`` for what is not readable,
        or was kept under another. What was opened once is remembered.
        """
        opened = self._opened.under(self._seal.keys)
        # No key has a NUL.
        digest = sha256(b"%b\0%b" % (key.encode(), item.token)).digest()
        ticket = opened.get(digest)
        if ticket is None:
            ticket = self._unseal(item.token, key)
            if ticket is not None:
                opened.add(digest, ticket)
        return ticket

    def _unseal(self, token: bytes, key: str) -> Ticket | None:
        try:
            members = self._seal.open(token, key)
            return read_ticket(
                members,
                members.pop("claims", {}),
                persistent=members.pop("persistent", False) is True,
                device=freeze_claims(members.pop("device", {})),
                carrier=str(members.pop("carrier", "")),
            )
        except InvalidCredential as refusal:
            log.warning("a stored session is not readable: %s", refusal.reason)
            return None

    @property
    def _repository(self) -> Any:
        return find_repository(self._registry)

    def _now(self) -> int:
        return clock.now(self._registry)


def _least_gain(ticket: Ticket) -> float:
    return min(MINIMUM_GAIN, (ticket.exp - ticket.iat) / 20)
