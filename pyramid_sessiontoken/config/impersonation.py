"""``impersonation.*``: who may act for other users."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pyramid.authorization import Authenticated, Everyone

from ..policy.rules import Impersonation
from ..sessions.records import RecordNames
from .kinds import CALLABLE, LIST, Named, read_duration
from .row import PREFIX, Group, setting

#: Principals of every user.
_OF_ALL = {Everyone, Authenticated}


@dataclass(frozen=True, slots=True)
class ImpersonationSettings(Group):
    """Who may act for other users."""

    principals: tuple[str, ...] | None = setting(
        LIST,
        None,
        "Who may act for other users (request.sessiontoken.act_as): the"
        " principals, say role:support. Without it, nobody may.",
    )
    check: Named | None = setting(
        CALLABLE,
        None,
        "(identity, userid, request): whether this user may act for that one."
        " Without it, for users who have no more principals than the user who"
        " acts.",
    )

    def faults(
        self, *, has_repository: bool, revocation: bool | None
    ) -> Iterator[str]:
        """Tell which settings contradict each other.

        :param revocation: the value of the setting.
        """
        if self.principals is None:
            if self.check is not None:
                yield f"{self.row('check')} needs {self.row('principals')}"
        elif has_repository and revocation is False:
            yield (
                f"{self.row('principals')} needs {PREFIX}revocation = on: a"
                " session in which a user acts for another ends with the one"
                " that began it"
            )

    def advice(self) -> Iterator[str]:
        """Advise on what is allowed and yet seldom right."""
        for principal in self.principals or ():
            if principal in _OF_ALL:
                yield (
                    f"{self.row('principals')}: {principal} lets every user"
                    " act for others"
                )

    def make(
        self, application: tuple[str, str], longest: int
    ) -> Impersonation | None:
        """Give what requests need of it; ``None`` where nobody may act.

        :param application: issuer and audience.
        :param longest: the most seconds for which one may act.
        """
        if self.principals is None:
            return None
        return Impersonation(
            frozenset(self.principals),
            None if self.check is None else self.check.value,
            longest,
            read_duration,
            RecordNames(*application).session_mark,
        )
