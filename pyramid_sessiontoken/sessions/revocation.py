"""Marks in the repository: sessions that were ended before their time."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from .. import clock
from ..clock import moment
from ..expiry import LONGEST
from ..identity.ticket import Ticket
from ..identity.userid import Userid
from ..interfaces import IForgetfulRepository, TokenItem
from .cache import UNKNOWN, FirstLevelCache
from .mark import NO_SESSION, Mark, read_mark
from .past_cache import PastCache
from .records import (
    LINGER,
    RecordNames,
    find_repository,
    is_access_token_id,
    replace_item,
)

log = logging.getLogger("pyramid_sessiontoken")

#: How often to write a mark conditionally, while other requests write the
#: mark of the same user.
ATTEMPTS = 5

#: Gives the mark, or another record, of a key, by the function that asks for
#: it or otherwise.
Look = Callable[[str, Callable[[str], Any]], Any]


class Revocations:
    """Two kinds of marks in the repository. Neither becomes a list.

    The mark of a session says that it was ended. It has no content. It stays
    until the end of that session; where that is unknown, as long as the
    longest session. The mark of a user says that every session that began up
    to a time was ended. It always stays as long as the longest session. If it
    cannot be read, all sessions of the user that began up to now count as
    ended, until the mark is written anew.

    A session in which one user acts for another ends by its own marks, and by
    those of the session that began it. One that began with an access token
    ends also when the access token is not in the repository any more. One that
    began with a token of another issuer ends by the marks of the issuer's
    sign-outs.

    Where the repository forgets with its process what was ended, every session
    that began before counts as ended.

    "Now" is a little later than the clock says. The clock of another node may
    be ahead, and a session that began there before the call must end, too.

    :ivar refuses_forgotten: whether sessions that began before a repository
        that forgets count as ended.
    :param registry: where repository and clock are looked up.
    :param names: of the records.
    :param skew: by how many seconds the clock of a node may be ahead.
    """

    refuses_forgotten = True

    def __init__(
        self,
        registry: Any,
        names: RecordNames,
        cache: FirstLevelCache | PastCache,
        skew: int = 0,
    ) -> None:
        self._registry = registry
        self._names = names
        self._cache = cache
        self._skew = skew

    def past_cache(self) -> Revocations:
        """Give the same marks, for which the repository is asked each time."""
        cache = PastCache(self._cache)
        return Revocations(self._registry, self._names, cache, self._skew)

    def forget_answers(self) -> None:
        """Let the repository be asked again about every session."""
        self._cache.clear()

    def is_ended(self, ticket: Ticket) -> bool:
        """Tell whether a session was ended. The answer may be as old as
        ``repository.cache_ttl``.
        """
        # Mostly the cache knows that there is no mark.
        key, user_key = self._names.marks(ticket.sid, ticket.userid)
        cache, now = self._cache, self._now()
        if (
            cache.get(key, now) is None
            and cache.get(user_key, now) is None
            and ticket.actor is None
            and (not ticket.began or not ticket.has_more_marks)
        ):
            return False
        return self._is_ended(ticket, self._cached)

    def is_ended_by_now(self, ticket: Ticket) -> bool:
        """Tell whether a session was ended, from the repository and not from
        the cache.
        """
        return self._is_ended(ticket, lambda key, ask: ask(key))

    def is_ended_at_sign_in(self, ticket: Ticket) -> bool:
        """Tell the same of a session that begins. No client knows its name
        yet, so it has no mark of its own, and none is asked for.
        """
        return self._ends_with_others(ticket, lambda key, ask: ask(key))

    def in_grace(self) -> Revocations:
        """Give the same marks, with the time of grace, if there is one."""
        return self

    def believes(self, ticket: Ticket) -> bool:
        """Tell whether a ticket was accepted just now in a time of grace."""
        return False

    def confirm(self, ticket: Ticket) -> None:
        """Refuse a ticket that was accepted in a time of grace only.

        :raises InvalidCredential: where the session was ended by now.
        :raises RepositoryUnavailable: where that is still not known.
        """

    def end(self, sid: str, until: int | None = None) -> datetime:
        """End a session; give the time until which that is remembered.

        :param until: the end of the session; ``None`` if it is unknown.
        """
        return self.end_marked(self._names.session_mark(sid), until)

    def end_marked(self, key: str, until: int | None = None) -> datetime:
        """End a session of which only the key of its mark is known.

        :param until: as for :meth:`end`.
        """
        now = self._now()
        last = _last_end(now) if until is None else moment(until + LINGER)
        self._repository.add_or_update(TokenItem(key, last, b"", None))
        self._cache.replace(key, Mark(now), now)
        return last

    def end_up_to(self, key: str, before: int) -> Mark:
        """End what began up to a time, where only the key of the mark is
        known. A mark that ends more stays. Give the mark that is there then.
        """
        now, repository = self._now(), self._repository
        for _ in range(ATTEMPTS):
            current = repository.get(key)
            mark = self._mark_of(current)
            if mark is not None and mark.before >= before:
                break
            mark = Mark(before)
            item = TokenItem(key, _last_end(now), mark.write(), None)
            if replace_item(repository, current, item):
                break
        else:
            # Other requests were faster each time.
            mark = Mark(before)
            item = TokenItem(key, _last_end(now), mark.write(), None)
            repository.add_or_update(item)
        self._cache.replace(key, mark, now)
        return mark

    def is_signed_out(self, began: Mapping[str, Any]) -> bool:
        """Tell whether another issuer ended one of its sessions. The answer
        may be as old as ``repository.cache_ttl``.

        :param began: as in ``Ticket.began``.
        """
        return self._is_signed_out(began, self._cached)

    @property
    def names(self) -> RecordNames:
        """Where the marks stand."""
        return self._names

    def access_token(self, key: str) -> TokenItem | None:
        """Give the record of an access token. The answer may be as old as
        ``repository.cache_ttl``.
        """
        item: TokenItem | None = self._cached(key, self._access_token)
        return item

    def note_removed(self, key: str) -> None:
        """Note that this process removed an access token: the sessions that
        began with it have ended.

        :param key: of the record.
        """
        self._cache.replace(key, None, self._now())

    def end_all(self, userid: Userid, keep: str | None = None) -> datetime:
        """End all sessions that a user began up to now; give the time until
        which that is remembered.

        :param keep: the ``sid`` of a session that goes on.
        """
        spared = NO_SESSION if keep is None else self._names.session_mark(keep)
        mark = self._write_mark(self._names.user_mark(userid), spared)
        return _last_end(mark.before)

    def mark_ahead(self, userid: Userid, now: int) -> int | None:
        """Give the time of the mark of a user, if it is not before now: a
        session that begins now comes after it.
        """
        before = self._time_of_mark(userid)
        return before if before is not None and before >= now else None

    def _time_of_mark(self, userid: Userid) -> int | None:
        key, repository = self._names.user_mark(userid), self._repository
        item = repository.get(key)
        if item is None:
            mark = self._mark_of_beginning(repository)
            return None if mark is None else mark.before
        mark = read_mark(item.token)
        if mark is None:
            log.warning(
                "the mark that ended all sessions of a user cannot be read:"
                " all sessions that this user began up to now have ended"
            )
            mark = self._write_mark(key, NO_SESSION)
        return mark.before

    def _write_mark(self, key: str, spared: str) -> Mark:
        """Write the mark of a user that ends all sessions up to now."""
        for _ in range(ATTEMPTS):
            current = self._repository.get(key)
            mark = self._successor(current, spared)
            if replace_item(self._repository, current, _item(key, mark)):
                break
        else:
            # Other requests were faster each time. Write without comparing,
            # and end the session that was to be spared, too.
            mark = self._successor(self._repository.get(key), NO_SESSION)
            self._repository.add_or_update(_item(key, mark))
        self._cache.replace(key, mark, self._now())
        return mark

    def _is_ended(self, ticket: Ticket, look: Look) -> bool:
        """Tell whether the marks of a session end it.

        :param look: gives the mark of a key.
        """
        key, _ = self._names.marks(ticket.sid, ticket.userid)
        if look(key, self._session_mark) is not None:
            return True
        return self._ends_with_others(ticket, look)

    def _ends_with_others(self, ticket: Ticket, look: Look) -> bool:
        """Tell whether the marks that are not of the session alone end it.

        :param look: gives the mark of a key.
        """
        key, user_key = self._names.marks(ticket.sid, ticket.userid)
        mark = look(user_key, self._user_mark)
        if mark is not None and mark.ends(ticket.place, key):
            return True
        return self._ends_with_another(ticket, look)

    def _ends_with_another(self, ticket: Ticket, look: Look) -> bool:
        """Tell whether that was ended with which a session ends.

        :param look: gives the mark of a key.
        """
        if ticket.actor is not None and self._ends_actor(
            ticket, ticket.actor, look
        ):
            return True
        if self._is_signed_out(ticket.began, look):
            return True
        token = ticket.began.get("token")
        if token is None:
            return False
        if not is_access_token_id(token):
            return True  # It is no session that this library began.
        # The record of an access token is there as long as the token counts.
        key = self._names.access_token(token)
        item: TokenItem | None = look(key, self._access_token)
        # It may have expired since the repository was asked.
        return item is None or item.expires <= moment(self._now())

    def _is_signed_out(self, began: Mapping[str, Any], look: Look) -> bool:
        """Tell whether another issuer ended what a session began with.

        :param began: as in ``Ticket.began``.
        :param look: gives the mark of a key.
        """
        key = began.get("iss_sid")
        if key is not None and look(key, self._session_mark) is not None:
            return True
        key = began.get("iss_sub")
        mark = None if key is None else look(key, self._session_mark)
        return mark is not None and began.get("iss_at", 0) <= mark.before

    def _ends_actor(self, ticket: Ticket, actor: Userid, look: Look) -> bool:
        """Tell whether the session of who acts was ended.

        :param ticket: of the session in which the actor acts.
        :param look: gives the mark of a key.
        """
        key, began = ticket.began.get("actor"), ticket.began.get("actor_at")
        if key is None or began is None:
            return True  # It is no session that this library began.
        if look(key, self._session_mark) is not None:
            return True
        mark = look(self._names.user_mark(actor), self._user_mark)
        return mark is not None and mark.ends(began, key)

    def _cached(self, key: str, ask: Callable[[str], Any]) -> Any:
        now = self._now()
        known = self._cache.get(key, now)
        if known is UNKNOWN:
            version = self._cache.version
            known = ask(key)
            length = len(known.token) if isinstance(known, TokenItem) else 0
            self._cache.put(key, known, now, version, length)
        return known

    def _access_token(self, key: str) -> TokenItem | None:
        item: TokenItem | None = self._repository.get(key)
        return item

    def _session_mark(self, key: str) -> Mark | None:
        return self._mark_of(self._repository.get(key))

    def _user_mark(self, key: str) -> Mark | None:
        repository = self._repository
        mark = self._mark_of(repository.get(key))
        return self._mark_of_beginning(repository) if mark is None else mark

    def _mark_of(self, item: TokenItem | None) -> Mark | None:
        """Give the mark of a record, also of one that cannot be read."""
        if item is None:
            return None
        mark = read_mark(item.token)
        if mark is None:
            now = self._latest()
            # It ended something: count all that began up to now as ended.
            mark = Mark(now, spared_since=now)
        return mark

    def _successor(self, current: TokenItem | None, spared: str) -> Mark:
        now = self._latest()
        mark = self._mark_of(current)
        return (
            Mark(now, spared) if mark is None else mark.successor(now, spared)
        )

    def _mark_of_beginning(self, repository: Any) -> Mark | None:
        """Give the mark of what a repository does not know any more; ``None``
        for one that keeps its items.
        """
        if self.refuses_forgotten and IForgetfulRepository.providedBy(
            repository
        ):
            return Mark(repository.began - 1)
        return None

    def _latest(self) -> int:
        """Give the time on the clock that is most ahead."""
        return self._now() + self._skew

    @property
    def _repository(self) -> Any:
        return find_repository(self._registry)

    def _now(self) -> int:
        return clock.now(self._registry)


def _item(key: str, mark: Mark) -> TokenItem:
    return TokenItem(key, _last_end(mark.before), mark.write(), None)


def _last_end(began: int) -> datetime:
    """Give the time at which all sessions that began up to ``began`` have
    ended, under the settings of any application.
    """
    return moment(began + LONGEST + LINGER)
