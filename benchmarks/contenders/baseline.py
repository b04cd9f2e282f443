"""Requests without any authentication."""

from __future__ import annotations

from typing import Any

from contenders.pyramid_app import Policy, make_app
from job import NOBODY, USERID, Job, make_environ, same


def no_policy() -> Job:
    return Job(make_app(), same(make_environ()), NOBODY)


class Trivial(Policy):
    """A policy that answers a constant."""

    def authenticated_userid(self, request: Any) -> str:
        return USERID


def trivial() -> Job:
    app = make_app(lambda config: config.set_security_policy(Trivial()))
    return Job(app, same(make_environ()))
