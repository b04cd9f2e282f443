"""``access_token.*``: tokens that users make for their programs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..interfaces import ISubjectRepository, ITokenRepository
from .built_in import BuiltIn, Shared
from .expiry import LIFETIME
from .kinds import Kind, read_duration, read_text
from .row import PREFIX, setting
from .setup import Setup

if TYPE_CHECKING:
    from ..authenticators.access_token import AccessTokenAuthenticator
    from ..sessions.access_tokens import AccessTokens
    from ..sessions.cache import FirstLevelCache
    from ..sessions.records import RecordNames
    from ..sessions.revocation import Revocations

#: How session tokens begin: references, and JWTs.
_OF_SESSIONS = ("pst_", "eyJ")

_PREFIX = re.compile("[A-Za-z0-9_]{1,19}_")


def read_prefix(value: Any) -> str:
    text = read_text(value)
    if _PREFIX.fullmatch(text) is None:
        raise ValueError("not a prefix")
    if text.startswith(_OF_SESSIONS):
        raise ValueError("session tokens begin so")
    return text


TOKEN_PREFIX = Kind(
    "2 to 20 letters, digits and _, with _ at the end; not pst_... nor eyJ...",
    read_prefix,
)


@dataclass(frozen=True, slots=True)
class AccessTokenSettings(BuiltIn):
    """Tokens that users make for their programs."""

    prefix: str = setting(
        TOKEN_PREFIX,
        "pat_",
        "How access tokens begin, so that people and scanners of leaked"
        " secrets know them. Another prefix ends those that have the old one.",
    )
    lifetime: int = setting(
        LIFETIME, "90d", "How long an access token lives at most."
    )

    def faults_of_repository(
        self, *, has_repository: bool, revocation: bool | None
    ) -> Iterator[str]:
        """Tell what is lacking to keep them, where the authenticator is
        listed.

        :param revocation: the value of the setting.
        """
        if not has_repository:
            yield self.needs(f"{PREFIX}repository")
        elif revocation is False:
            yield self.needs(
                f"{PREFIX}revocation = on: a session that began with an access"
                " token ends with it"
            )

    def make(
        self, setup: Setup, shared: Shared
    ) -> AccessTokenAuthenticator | None:
        from ..authenticators.access_token import AccessTokenAuthenticator

        tokens = shared.access_tokens
        if tokens is None:
            return None  # Already a fault.
        others = (shared.realm, shared.bearers)
        authenticator = AccessTokenAuthenticator(tokens, *others)
        strict = AccessTokenAuthenticator(tokens.past_cache, *others)
        authenticator.strict = strict
        return authenticator


def keep_access_tokens(  # noqa: PLR0913, PLR0917
    setup: Setup,
    settings: AccessTokenSettings,
    names: RecordNames,
    cache: FirstLevelCache,
    revocations: Revocations,
    application: tuple[str, str],
) -> AccessTokens:
    """Make what keeps access tokens; warn of what the repository cannot do.

    :param application: issuer and audience; records are sealed for them.
    """
    from ..sessions.access_tokens import AccessTokens
    from ..sessions.seal import Seal
    from ..sessions.sealed_access_tokens import SealedAccessTokens

    repository = setup.registry.queryUtility(ITokenRepository)
    if repository is not None and not ISubjectRepository.providedBy(
        repository
    ):
        setup.warn(
            "the repository does not provide ISubjectRepository: the access"
            " tokens of a user cannot be listed"
        )
    seal = Seal(setup.ring, "access_tokens", *application)
    return AccessTokens(
        setup.registry,
        SealedAccessTokens(seal, names),
        names,
        cache,
        revocations,
        prefix=settings.prefix,
        longest=settings.lifetime,
        read=read_duration,
    )
