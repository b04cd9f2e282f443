"""``basic.*``: user name and password."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from ..authenticators.basic import BasicAuthenticator, Check
from ..authenticators.form_encoded import FormEncoded
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

    def faults(self, names: Collection[str]) -> Iterator[str]:
        if self.check is not None and self.htpasswd is not None:
            yield (
                f"{self.row('check')} and {self.row('htpasswd')} exclude each"
                " other"
            )

    def lacks(self) -> Iterator[str]:
        if self.check is None and self.htpasswd is None:
            yield self.needs(f"{self.row('check')} or {self.row('htpasswd')}")

    def make(self, setup: Setup, shared: Shared) -> BasicAuthenticator | None:
        check = self._make_check(setup)
        if check is None:
            return None
        either = FormEncoded(check, takes_form_encoded)
        return BasicAuthenticator(shared.throttled(either), shared.realm)

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
