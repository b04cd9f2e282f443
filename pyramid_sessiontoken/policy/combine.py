"""Several identities make one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ..identity.identity import Identity
from ..identity.userid import to_subject


def is_agreed(identities: Sequence[Identity]) -> bool:
    """Tell whether all that name a user name the same."""
    named = (i.userid for i in identities if i.userid is not None)
    return len({to_subject(userid) for userid in named}) < 2  # noqa: PLR2004


def combine(identities: Sequence[Identity]) -> Identity:
    """Make one identity of several that agree.

    Of equal claims the first one's wins, and so does its ticket; all their
    authenticators are named, separated by blanks.
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


def put_back(
    found: Sequence[Identity], shown: Identity, said: Identity
) -> list[Identity]:
    """Give what was found, with what a transformer said of the credentials
    among it: each claim that it left stays where it was, and what it added or
    changed is the first credential's.

    :param shown: what the transformer was given: the credentials together.
    """
    left = {
        name: value
        for name, value in said.claims.items()
        if name in shown.claims and shown.claims[name] == value
    }
    changed = {n: v for n, v in said.claims.items() if n not in left}
    parts = []
    for identity in found:
        if identity.ticket is not None:
            parts.append(identity)
            continue
        own = {n: v for n, v in identity.claims.items() if n in left}
        parts.append(
            replace(identity, userid=said.userid, claims={**own, **changed})
        )
        changed = {}
    return parts
