"""pyramid_sessiontoken, with sessions that the server keeps."""

from __future__ import annotations

import os
from typing import Any

from calls import call
from contenders.ours_app import make_ours
from job import Environ, Job, break_signature, make_environ
from servers import FOLDER, REDIS


def redis() -> Job:
    return _job(make_kept("redis", "0"))


def first_level() -> Job:
    return _job(make_kept("redis", "5s"))


def self_contained() -> Job:
    """Accept a token, unless the repository says that it was ended."""
    return _job(make_kept("redis", "5s", "self-contained"))


def sqlite() -> Job:
    return _job(make_kept("sqlalchemy", "0"))


def make_kept(repository: str, ttl: str, form: str = "reference") -> Any:
    settings = {
        "authenticators": "session",
        "repository": repository,
        "repository.url": url_of(repository),
        "repository.cache_ttl": ttl,
        "token.form": form,
    }
    return make_ours(settings)


def url_of(repository: str) -> str:
    if repository == "redis":
        return os.environ[REDIS]
    return f"sqlite:///{os.path.join(os.environ[FOLDER], 'ours.sqlite')}"


def issue(app: Any) -> str:
    return call(app, make_environ("/issue")).decode()


def _job(app: Any) -> Job:
    def draw(count: int) -> list[Environ]:
        # A new one for each turn: in a long run it would be renewed.
        shown = _show(issue(app))
        call(app, shown)
        return [shown] * count

    token, other = issue(app), issue(app)
    call(app, _show(other))
    assert call(app, _show(other, "/end")) == b"ended"
    return Job(
        app,
        draw,
        good=_show(token),
        bad=_show(break_signature(token)),
        ended=_show(other),
    )


def _show(token: str, path: str = "/hello") -> Environ:
    return make_environ(path, AUTHORIZATION=f"Session {token}")
