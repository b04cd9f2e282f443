"""A route may choose which authenticators vouch there."""

import dataclasses
from types import SimpleNamespace

import pytest
from pyramid.testing import DummyRequest

from pyramid_sessiontoken.policy.security_policy import POLICY


@pytest.fixture
def rules(make):
    client = make({"authenticators": "session cookie basic"})
    return client.registry[POLICY].rules


class Chosen:
    def __init__(self, *names):
        self.sessiontoken_authenticators = names


def request_of(*predicates):
    request = DummyRequest()
    request.matched_route = SimpleNamespace(predicates=predicates)
    return request


def test_all_authenticators_vouch_where_no_route_is_matched(rules):
    assert rules.names_for(DummyRequest()) == ("session", "cookie", "basic")
    # Between a route and its factory.
    bare = SimpleNamespace()
    assert rules.names_for(bare) == ("session", "cookie", "basic")


@pytest.mark.parametrize("predicates", [(), (object(),)])
def test_all_vouch_on_a_route_that_chooses_none(rules, predicates):
    names = rules.names_for(request_of(*predicates))

    assert names == ("session", "cookie", "basic")


def test_a_route_chooses_and_the_settings_give_the_order(rules):
    request = request_of(object(), Chosen("basic", "session", "unknown"))

    assert rules.names_for(request) == ("session", "basic")


def test_rules_do_not_change(rules):
    with pytest.raises(dataclasses.FrozenInstanceError):
        rules.names = ()
