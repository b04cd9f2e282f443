"""Make one identity of several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ..identity.identity import Identity
from ..identity.userid import to_subject


def is_agreed(identities: Sequence[Identity]) -> bool:
    """Tell whether all identities that name a user name the same one."""
    named = (i.userid for i in identities if i.userid is not None)
    return len({to_subject(userid) for userid in named}) < 2  # noqa: PLR2004


def combine(identities: Sequence[Identity]) -> Identity:
    """Make one identity of several that agree.

    If several have a claim, the value of the first one counts; the same holds
    for the userid and the ticket. The authenticator is all their names,
    separated by blanks.
    """
    claims: dict[str, Any] = {}
    for identity in reversed(identities):
        claims.update(identity.claims)
    userids = [i.userid for i in identities if i.userid is not None]
    tickets = [i.ticket for i in identities if i.ticket is not None]
    return Identity(
        userid=userids[0] if userids else None,
        claims=claims,
        authenticator=" ".join(i.authenticator for i in identities),
        ticket=tickets[0] if tickets else None,
    )


def distribute(
    found: Sequence[Identity],
    before: Identity,
    after: Identity,
    credentials: Sequence[Identity],
) -> list[Identity]:
    """Write what the transformer did to the credentials into each of them.

    A claim that it left alone stays with the credentials that have it. The
    first credential gets the claims that it added or changed. Sessions stay
    as they are.

    :param before: the credentials combined, as the transformer got them.
    :param after: what the transformer gave back.
    :param credentials: those of ``found`` that it got.
    """
    kept = {
        name: value
        for name, value in after.claims.items()
        if name in before.claims and before.claims[name] == value
    }
    changed = {n: v for n, v in after.claims.items() if n not in kept}
    written = []
    for identity in found:
        if identity not in credentials:
            written.append(identity)
            continue
        own = {n: v for n, v in identity.claims.items() if n in kept}
        claims = {**own, **changed}
        written.append(replace(identity, userid=after.userid, claims=claims))
        changed = {}
    return written
