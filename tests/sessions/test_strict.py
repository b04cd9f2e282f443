"""References past the cache: see also stories/test_strict.py."""

import pytest
from pyramid.registry import Registry
from support.stored import Drawer
from support.tokens import make_ticket

from pyramid_sessiontoken.errors import InvalidCredential
from pyramid_sessiontoken.interfaces import ISessionStore
from pyramid_sessiontoken.sessions.strict import StrictReferences


def test_without_a_store_no_reference_is_good():
    references = StrictReferences(Registry(), None, "header")

    with pytest.raises(InvalidCredential, match="ended"):
        references.redeem("pst_x")


def test_a_reference_of_the_other_carrier_is_refused():
    registry = Registry()
    registry.registerUtility(Drawer(), ISessionStore)
    header = StrictReferences(registry, None, "header")
    cookie = StrictReferences(registry, None, "cookie")

    reference = header.issue(make_ticket())

    assert header.redeem(reference).userid == "alice"
    with pytest.raises(InvalidCredential, match="ended"):
        cookie.redeem(reference)
