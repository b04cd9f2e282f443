"""What the settings promise: what can be ended early, and how soon."""

from __future__ import annotations

from collections.abc import Iterator

from ..config.durations import span
from ..config.repository import RepositorySettings
from ..config.row import PREFIX
from ..config.settings import Settings
from ..sessions.pushed_cache import OLDEST
from ..sessions.stored import StoredSessions


def access_tokens(stored: StoredSessions | None) -> Iterator[str]:
    """Tell how long a key is needed for them."""
    tokens = None if stored is None else stored.access_tokens
    if tokens is not None:
        longest = span(tokens.longest)
        yield (
            f"Access tokens: they live {longest} at most; a key that leaves"
            f" {PREFIX}keys ends those that were encrypted with it, so keep it"
            " for so long after it was the first one"
        )


def promise(stored: StoredSessions | None, settings: Settings) -> str:
    """Tell what can be ended early, and how soon every process knows."""
    if stored is None:
        return "nothing; a token ends at its own times."
    what = (
        "every session"
        if stored.revocations is not None
        else "sessions by reference, no self-contained ones"
    )
    if settings.repository.place == "memory":
        return f"{what}; at once, in this process only."
    notice = settings.repository.notice
    when = f"within {notice} s" if notice else "at its next request"
    unless = ""
    if settings.repository.is_pushed:
        when = "within a round trip to Redis"
        unless = (
            f", or within {min(notice, OLDEST)} s while Redis cannot tell it"
        )
    if notice and settings.sessions.strict != "never":
        when += ", and at the next request that changes something,"
    return (
        f"{what}; at once in the process that ends it, {when} in every"
        f" other{unless}.{_grace(stored, settings.repository)}"
    )


def _grace(stored: StoredSessions, repository: RepositorySettings) -> str:
    """Tell what a time of grace does to that."""
    if stored.revocations is None or repository.grace <= repository.counted:
        return ""
    return (
        " While the repository cannot be asked, a self-contained token whose"
        " session ended in another process may be accepted for up to"
        f" {repository.grace} s."
    )
