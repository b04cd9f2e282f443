"""Repositories and session stores of an application's own, and what one asks
of an application that keeps sessions.
"""

import secrets

from zope.interface import implementer

from pyramid_sessiontoken.interfaces import (
    IClock,
    IRenewingRepository,
    ISessionStore,
    ISubjectRepository,
    ITokenRepository,
)
from pyramid_sessiontoken.policy.security_policy import POLICY
from pyramid_sessiontoken.repositories.memory import MemoryRepository

REFERENCES = {"token.form": "reference", "cookie.form": "reference"}


@implementer(ITokenRepository)
class FourVerbs:
    """A repository without powers."""

    def __init__(self, clock):
        inner = MemoryRepository(clock)
        self.add_or_update = inner.add_or_update
        self.get = inner.get
        self.remove = inner.remove
        self.remove_all_before = inner.remove_all_before


@implementer(IRenewingRepository)
class RenewingOnly(FourVerbs):
    def __init__(self, clock):
        super().__init__(clock)
        self.renew = None


@implementer(ISubjectRepository)
class SubjectsOnly(FourVerbs):
    def __init__(self, clock):
        super().__init__(clock)
        self.items_of = self.remove_all_of = None


@implementer(ISessionStore)
class Drawer:
    """Keeps tickets as they are."""

    prefix = "pst_"

    def __init__(self, options=None, registry=None):
        self.made_of = options, registry
        self.tickets = {}

    def store(self, ticket):
        reference = self.prefix + secrets.token_urlsafe(32)
        self.tickets[reference] = ticket
        return reference

    def retrieve(self, reference):
        return self.tickets.get(reference)

    def renew(self, reference, ticket):
        self.tickets[reference] = ticket
        return True

    def remove(self, reference):
        self.tickets.pop(reference, None)


class OwnRepository(MemoryRepository):
    def __init__(self, options, registry):
        super().__init__(registry.getUtility(IClock))
        self.options = dict(options)


def fail(options, registry):
    raise RuntimeError("no disk")


def registering(utility, interface):
    return lambda config: config.registry.registerUtility(utility, interface)


def kept_of(client):
    return client.registry[POLICY].rules.stored


def repository_of(client):
    return client.registry.queryUtility(ITokenRepository)


def store_of(client):
    return client.registry.queryUtility(ISessionStore)


def alive(client, token):
    return client.fresh().ask(token).json["userid"] is not None


def end(client, token, **kw):
    headers = {"Authorization": f"Session {token}"}
    return client.fresh().delete("/token", headers=headers, **kw)
