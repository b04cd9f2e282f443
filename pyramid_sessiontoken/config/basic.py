"""``basic.*``: user name and password."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..authenticators.basic import BasicAuthenticator
from ..authenticators.passwords import Check, Passwords
from ..authenticators.throttle import Throttle
from ..policy.endpoint import takes_form_encoded
from .built_in import BuiltIn, Shared
from .kinds import CALLABLE, TEXT, Named
from .row import setting
from .setup import Setup


@dataclass(frozen=True, slots=True)
class BasicSettings(BuiltIn):
    """User name and password."""

    check: Named | None = setting(
        CALLABLE,
        None,
        "(username, password, request): None or False refuses, True vouches"
        " for the username; else a userid, or claims with sub.",
    )
    htpasswd: str | None = setting(
        TEXT,
        None,
        "An Apache htpasswd file (bcrypt, argon2), read again when it"
        " changes; needs the extra [htpasswd].",
    )

    def faults(self, names: Mapping[str, str]) -> Iterator[str]:
        if self.check is not None and self.htpasswd is not None:
            yield (
                f"{self.row('check')} and {self.row('htpasswd')} exclude each"
                " other"
            )

    def lacks(self) -> Iterator[str]:
        if not self.has_check:
            yield self.needs(f"{self.row('check')} or {self.row('htpasswd')}")

    def place(self) -> tuple[Any, str]:
        # RFC 7617: one user name and one password in Authorization.
        return BasicAuthenticator.scheme, self.group

    @property
    def has_check(self) -> bool:
        """Tell whether a setting says how passwords are checked."""
        return self.check is not None or self.htpasswd is not None

    def make(self, setup: Setup, shared: Shared) -> BasicAuthenticator | None:
        passwords = shared.passwords.get(self.group)
        if passwords is None:
            return None
        return BasicAuthenticator(passwords, shared.realm, takes_form_encoded)

    def make_passwords(
        self, setup: Setup, throttle: Throttle | None
    ) -> Passwords | None:
        """Make what checks passwords; ``None`` where no setting says how, and
        at a fault, which is told.
        """
        check = self._make_check(setup)
        return (
            None if check is None else Passwords(check, self.group, throttle)
        )

    def _make_check(self, setup: Setup) -> Check | None:
        if self.check is not None:
            check: Check = self.check.value
            return check
        if self.htpasswd is None:
            return None
        key = f"{self.group}.htpasswd"
        try:
            from ..authenticators.htpasswd import Htpasswd

            return Htpasswd(self.htpasswd)
        except ImportError:
            setup.missing_extra(key, "htpasswd")
        except (OSError, ValueError) as error:
            setup.fault(key, str(error))
        return None


def make_passwords(
    setup: Setup, groups: Mapping[str, BuiltIn], throttle: Throttle | None
) -> dict[str, Passwords]:
    """Make what checks passwords, by the name of the group that says how,
    also of a group whose authenticator is not listed: a sign-in form may ask.
    """
    made = {
        name: rows.make_passwords(setup, throttle)
        for name, rows in groups.items()
        if isinstance(rows, BasicSettings)
    }
    return {name: each for name, each in made.items() if each is not None}
