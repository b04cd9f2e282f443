"""References that are looked up in the repository itself."""

from __future__ import annotations

from typing import Any

from ..identity.ticket import Ticket
from .references import References
from .store import RepositorySessionStore


class StrictReferences(References):
    """Look up each reference past the first-level cache.

    :param revocations: past the cache as well.
    """

    def _retrieve(self, store: Any, reference: str) -> Ticket | None:
        if isinstance(store, RepositorySessionStore):
            store = store.past_cache
        return super()._retrieve(store, reference)
