"""Access tokens: users make them for their programs, and the repository keeps
digests of them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from .. import clock
from ..clock import moment
from ..errors import (
    REASON_EXPIRED,
    Expired,
    RepositoryUnavailable,
    SessionTokenError,
    WrongAccessToken,
)
from ..identity.claims import FrozenDict, freeze_claims
from ..identity.userid import Userid
from ..interfaces import IRenewingRepository, ISubjectRepository
from ..tokens.access_token import check_text, new_text
from .cache import UNKNOWN, FirstLevelCache
from .past_cache import PastCache
from .records import (
    LINGER,
    RecordNames,
    find_repository,
    is_access_token_id,
)
from .revocation import Revocations
from .sealed_access_tokens import AccessToken, SealedAccessTokens

log = logging.getLogger("pyramid_sessiontoken")

#: Seconds after which the last use is written again.
DAY = 24 * 3600

_UNLISTED = (
    "the access tokens of a user are found only where the repository provides"
    " ISubjectRepository"
)


@dataclass(frozen=True, slots=True)
class AccessTokenInfo:
    """An access token, for people to read. It contains no credential.

    :ivar id: the argument of ``request.sessiontoken.revoke_access_token``.
    :ivar created: aware UTC, as are ``expires`` and ``last_used``.
    :ivar last_used: a day or less before the last use; ``None`` if it was not
        used yet, or the repository cannot note it.
    """

    id: str
    name: str
    created: datetime
    expires: datetime
    last_used: datetime | None
    claims: FrozenDict


class AccessTokens:
    """Access tokens in a repository, under the digests of their texts.

    :ivar longest: the most seconds that one lives.
    :param registry: where repository and clock are looked up.
    :param revocations: ask the repository, since the sessions that began with
        an access token need the same answers.
    :param read: reads a duration, or raises ``ValueError``.
    """

    def __init__(  # noqa: PLR0913
        self,
        registry: Any,
        sealed: SealedAccessTokens,
        names: RecordNames,
        cache: FirstLevelCache | PastCache,
        revocations: Revocations,
        *,
        prefix: str,
        longest: int,
        read: Callable[[Any], int],
    ) -> None:
        self._registry = registry
        self._sealed = sealed
        self._names = names
        self._cache = cache
        self._revocations = revocations
        self._prefix = prefix
        self.longest = longest
        self._read = read

    @cached_property
    def past_cache(self) -> AccessTokens:
        """The same ones, for which the repository is asked each time."""
        return AccessTokens(
            self._registry,
            self._sealed,
            self._names,
            PastCache(self._cache),
            self._revocations.past_cache(),
            prefix=self._prefix,
            longest=self.longest,
            read=self._read,
        )

    def may_be(self, text: str) -> bool:
        """Tell whether a text is meant to be an access token."""
        return text.startswith(self._prefix)

    def seconds(self, lifetime: object) -> int:
        """Read a lifetime; ``None`` for the longest.

        :raises ValueError: for one that is none, or too long.
        """
        if lifetime is None:
            return self.longest
        try:
            seconds = self._read(lifetime)
        except ValueError as error:
            raise ValueError(f"lifetime: {error}") from None
        if not 0 < seconds <= self.longest:
            raise ValueError(
                f"lifetime: an access token lives 1 to {self.longest} s"
                " (sessiontoken.access_token.lifetime)"
            )
        return seconds

    def create(
        self,
        userid: Userid,
        name: str,
        claims: Mapping[str, Any],
        lifetime: int,
    ) -> tuple[str, AccessToken]:
        """Make an access token; give its text, which is kept nowhere.

        :param lifetime: in seconds.
        """
        text, now = new_text(self._prefix), self._now()
        token = AccessToken(
            self._names.access_token_id(text),
            userid,
            name,
            now,
            now + lifetime,
            None,
            freeze_claims(claims),
            moment(now + lifetime + LINGER),
        )
        self._repository.add_or_update(self._sealed.seal(token))
        return text, token

    def redeem(self, text: str) -> AccessToken:
        """Accept an access token, or refuse it.

        :param text: begins with the prefix.
        :raises InvalidCredential: for any other text.
        """
        # The repository is not asked about other texts.
        check_text(self._prefix, text)
        token = self._look(self._names.access_token_id(text))
        if token is None:
            raise WrongAccessToken("it was revoked, or it was never made here")
        if self._now() >= token.expires:
            raise Expired(REASON_EXPIRED)
        return token

    def note_use(self, token: AccessToken) -> None:
        """Note that an access token is used, once a day. A failure is told in
        the log, and nowhere else.
        """
        now = self._now()
        if token.last_used is not None and now - token.last_used < DAY:
            return
        repository = self._repository
        if not IRenewingRepository.providedBy(repository):
            return
        # A repository tells records apart by the second of their end.
        later = token.kept_until + timedelta(seconds=1)
        used = token._replace(last_used=now, kept_until=later)
        item = self._sealed.seal(used)
        # The answer that the cache has is old now, whatever happens.
        self._cache.replace(item.key, UNKNOWN, now)
        version = self._cache.version
        try:
            if repository.renew(item, token.kept_until):
                length = len(item.token)
                self._cache.put(item.key, item, now, version, length)
        except RepositoryUnavailable as error:
            log.error("the use of an access token was not noted: %s", error)

    def of(self, userid: Userid) -> list[AccessTokenInfo]:
        """List the access tokens of a user, the latest first.

        :raises SessionTokenError: where the repository cannot find them.
        """
        infos = [_info(token) for token in self._tokens_of(userid)]
        return sorted(infos, key=lambda info: info.created, reverse=True)

    def find(self, identifier: str, userid: Userid) -> AccessToken | None:
        """Give an access token of a user; ``None`` if there is none."""
        if not is_access_token_id(identifier):
            return None
        item = self._repository.get(self._names.access_token(identifier))
        token = None if item is None else self._sealed.open(item)
        if token is None or not token.is_of(userid):
            return None
        return token if self._now() < token.expires else None

    def end(self, token: AccessToken) -> None:
        """End an access token, and the sessions that began with it."""
        key = self._names.access_token(token.id)
        self._repository.remove(key)
        # Not before: if it could not be removed, it goes on.
        self._revocations.note_removed(key)

    def require_listing(self) -> None:
        """Refuse to go on where those of a user cannot be found.

        :raises SessionTokenError: where it is so.
        """
        if not ISubjectRepository.providedBy(self._repository):
            raise SessionTokenError(_UNLISTED)

    def end_all(self, userid: Userid) -> int:
        """End every access token of a user; give how many they were.

        :raises SessionTokenError: where the repository cannot find them.
        """
        self.require_listing()
        repository = self._repository
        subject = self._names.subject_of_access_tokens(userid)
        keys = [item.key for item in repository.items_of(subject)]
        removed: int = repository.remove_all_of(subject)
        for key in keys:
            self._revocations.note_removed(key)
        # Others were made while these were listed.
        self._cache.clear()
        return removed

    def _tokens_of(self, userid: Userid) -> Iterator[AccessToken]:
        self.require_listing()
        subject = self._names.subject_of_access_tokens(userid)
        now = self._now()
        for item in self._repository.items_of(subject):
            token = self._sealed.open(item)
            # The subject of a record is not sealed; the userid is.
            if token is None or not token.is_of(userid):
                continue
            if now < token.expires:
                yield token

    def _look(self, identifier: str) -> AccessToken | None:
        key = self._names.access_token(identifier)
        item = self._revocations.access_token(key)
        return None if item is None else self._sealed.open(item)

    @property
    def _repository(self) -> Any:
        return find_repository(self._registry)

    def _now(self) -> int:
        return clock.now(self._registry)


def _info(token: AccessToken) -> AccessTokenInfo:
    used = token.last_used
    return AccessTokenInfo(
        id=token.id,
        name=token.name,
        created=moment(token.created),
        expires=moment(token.expires),
        last_used=None if used is None else moment(used),
        claims=token.claims,
    )
