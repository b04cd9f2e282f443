"""Check a user name and a password, within the limit of the throttle."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from ..errors import InvalidCredential, TooManyAttempts, WrongPassword
from ..identity.identity import Identity
from .check import identity_of, is_refused
from .throttle import Throttle

Check = Callable[[str, str, Any], object]

#: A user name and a password.
Pair = tuple[str, str]

# RFC 7617, section 2: neither part contains control characters.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")


class Passwords:
    """Ask the application, or a password file, about passwords.

    :param check: ``(username, password, request)``; for its answers see
        :func:`.check.identity_of`.
    :param name: of the authenticator that vouches for the user.
    :param throttle: ``None`` for no limit.
    """

    def __init__(
        self, check: Check, name: str, throttle: Throttle | None = None
    ) -> None:
        self.name = name
        self._check = check
        self._throttle = throttle

    def identity_of(self, request: Any, pairs: Sequence[Pair]) -> Identity:
        """Give the user of the first pair that the check accepts.

        :param pairs: the spellings of one attempt, at last the one that was
            sent. A failure counts once, for all names in them.
        :raises InvalidCredential: where the check accepts none.
        :raises TooManyAttempts: where too many passwords failed before. The
            check is not asked.
        :raises RepositoryUnavailable: where the failures cannot be counted.
        """
        with self._attempt(request, pairs):
            username, answer = self._first(request, pairs)
        return identity_of(answer, self.name, username)

    def _attempt(
        self, request: Any, pairs: Sequence[Pair]
    ) -> AbstractContextManager[None]:
        if self._throttle is None:
            return nullcontext()
        names = [username for username, _ in reversed(pairs)]
        return self._throttle.attempt(names, request, self.name)

    def _first(
        self, request: Any, pairs: Sequence[Pair]
    ) -> tuple[str, object]:
        """Give the name that the check accepts, and its answer."""
        *others, (username, password) = pairs
        for pair in others:
            answer = self._try(request, pair)
            if not is_refused(answer):
                return pair[0], answer
        answer = self._check(username, password, request)
        if is_refused(answer):
            # One sentence for both: the log does not tell which users exist.
            raise WrongPassword(
                f"unknown user or wrong password for {username!r}"
            )
        return username, answer

    def _try(self, request: Any, pair: Pair) -> object:
        try:
            return self._check(*pair, request)
        except TooManyAttempts:
            raise
        except InvalidCredential:
            return None


def has_control_characters(text: str) -> bool:
    return _CONTROL.search(text) is not None
