"""Two authenticators of one kind: whether their credentials, and their users,
can be told apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations

from .bearer import SUBJECT, BearerSettings
from .built_in import BuiltIn
from .row import PREFIX

#: The row of the path where an issuer tells of sign-outs.
LOGOUT_PATH = "logout_path"

_BRACED = re.compile(r"\{([^{}]*)\}")
_ISSUER = "{iss}"


def faults_of_alike(groups: Iterable[BuiltIn]) -> Iterator[str]:
    """Tell which authenticators cannot be told apart.

    :param groups: of the authenticators that are listed.
    """
    groups = tuple(groups)
    for one, other in combinations(groups, 2):
        if type(one) is type(other):
            yield from _faults_of_place(one, other)
    bearers = bearers_of(groups)
    for first, second in combinations(bearers, 2):
        yield from _faults_of_issuer(first, second)
    yield from _faults_of_userids(bearers)


def advice_of_alike(
    groups: Iterable[BuiltIn], *, has_passwords: bool
) -> Iterator[str]:
    """Advise on userids of two issuers, or of an issuer and of this server.

    :param has_passwords: whether users have a password here.
    """
    bearers = bearers_of(groups)
    if len(bearers) > 1:
        others = "there is another issuer: one of its users"
    elif has_passwords:
        others = "users have a password here: one of them"
    else:
        return
    for each in bearers:
        if each.userid == SUBJECT:
            yield (
                f"{each.row('userid')} = {SUBJECT}, and {others} may get the"
                f" same userid; write {each.group}:{SUBJECT}, or"
                f" {{iss}}#{SUBJECT}"
            )


def bearers_of(groups: Iterable[BuiltIn]) -> list[BearerSettings]:
    return [each for each in groups if isinstance(each, BearerSettings)]


def _faults_of_place(one: BuiltIn, other: BuiltIn) -> Iterator[str]:
    place, theirs = other.place(), one.place()
    if place is None or theirs is None or place[0] != theirs[0]:
        return
    if place[1] == other.group:
        yield (
            f"{PREFIX}authenticators: {one.group!r} and {other.group!r} take"
            " the same credentials: list one of them"
        )
    else:
        yield (
            f"{place[1]}: {one.group!r} takes its credentials there, too:"
            f" {theirs[1]}"
        )


def _faults_of_issuer(
    one: BearerSettings, other: BearerSettings
) -> Iterator[str]:
    if one.issuer is None or one.issuer != other.issuer:
        return
    both = {*(one.audience or ())} & {*(other.audience or ())}
    if both:
        yield (
            f"{other.row('audience')}: {one.group!r} has the same issuer, and"
            f" the audience {min(both)!r}, too: their tokens cannot be told"
            " apart"
        )


def _faults_of_userids(bearers: Sequence[BearerSettings]) -> Iterator[str]:
    """Tell where users of two issuers could get one userid."""
    alike: dict[str, BearerSettings] = {}
    bare: BearerSettings | None = None
    for each in bearers:
        if _ISSUER in each.userid:
            continue
        texts = _BRACED.sub("{}", each.userid)
        is_bare = not texts.replace("{}", "")
        first = bare if is_bare else alike.setdefault(texts, each)
        if is_bare and bare is None:
            bare = first = each
        if first is not None and first is not each:
            yield (
                f"{each.row('userid')}: a user of {first.group!r} could get"
                f" the same userid, as {first.row('userid')} is"
                f" {first.userid!r}; write {each.group}:{SUBJECT}, or"
                f" {_ISSUER}#{SUBJECT}"
            )
