"""The contenders, the environments in which they run, and the aims.

A new contender is a function in ``contenders/`` that gives a
:class:`job.Job`, and an entry here.
"""

from __future__ import annotations

from dataclasses import dataclass

from environments import HERE

TOKEN = "token"
COOKIE = "cookie"
KEPT = "kept"

#: The bases of the ratios of a table.
TRIVIAL = "trivial"
BARE_GET = "bare-get"


@dataclass(frozen=True)
class Contender:
    """One line of a table.

    :ivar made_by: module in ``contenders/``, and function.
    :ivar environment: in which it runs, see :mod:`environments`.
    :ivar tables: the tables that show it.
    """

    name: str
    title: str
    made_by: str
    environment: str = HERE
    tables: tuple[str, ...] = (TOKEN,)


@dataclass(frozen=True)
class Aim:
    """A limit for the ratio of two contenders."""

    name: str
    over: str
    at_most: float | None = None
    at_least: float | None = None


CONTENDERS = (
    Contender(
        "no-policy",
        "no policy",
        "baseline:no_policy",
        tables=(TOKEN, COOKIE),
    ),
    Contender(
        TRIVIAL,
        "trivial policy",
        "baseline:trivial",
        tables=(TOKEN, COOKIE, KEPT),
    ),
    Contender(
        "control",
        "trivial policy, once more in the peers' process",
        "baseline:trivial",
        "pyramid",
        tables=(TOKEN, COOKIE),
    ),
    Contender("ours-none", "ours, no credential", "ours:no_credential"),
    Contender("ours-seen", "ours, token seen before", "ours:seen_before"),
    Contender("ours-never", "ours, token never seen", "ours:never_seen"),
    Contender("ours-forged", "ours, forged token", "ours:forged"),
    Contender(
        "ours-cookie-none",
        "ours, cookie, no credential",
        "ours_cookie:no_credential",
        tables=(COOKIE,),
    ),
    Contender(
        "ours-cookie-signed-seen",
        "ours, cookie, signed, seen before",
        "ours_cookie:signed_seen",
        tables=(COOKIE,),
    ),
    Contender(
        "ours-cookie-signed-never",
        "ours, cookie, signed, never seen",
        "ours_cookie:signed_never",
        tables=(COOKIE,),
    ),
    Contender(
        "ours-cookie-encrypted-seen",
        "ours, cookie, encrypted, seen before",
        "ours_cookie:encrypted_seen",
        tables=(COOKIE,),
    ),
    Contender(
        "ours-cookie-encrypted-never",
        "ours, cookie, encrypted, never seen",
        "ours_cookie:encrypted_never",
        tables=(COOKIE,),
    ),
    Contender(
        "authtkt",
        "AuthTkt cookie, sha512, no reissue",
        "authtkt:no_reissue",
        tables=(TOKEN, COOKIE),
    ),
    Contender(
        "handwritten", "policy around jwt.decode", "handwritten:accepted"
    ),
    Contender(
        "handwritten-forged",
        "policy around jwt.decode, forged token",
        "handwritten:forged",
    ),
    Contender(
        "pyramid_jwt", "pyramid_jwt", "pyramid_jwt_peer:header", "pyramid"
    ),
    Contender(
        "flask-jwt", "flask-jwt-extended", "flask_jwt:required", "flask"
    ),
    Contender(
        "drf-simplejwt",
        "Django REST framework, simplejwt, stateless",
        "drf_simplejwt:stateless",
        "django",
    ),
    Contender(
        "signed-session",
        "SignedCookieSessionFactory, no reissue",
        "signed_session:no_reissue",
        tables=(COOKIE,),
    ),
    Contender(
        "pyramid_jwt-cookie",
        "pyramid_jwt, cookie, no reissue",
        "pyramid_jwt_peer:cookie",
        "pyramid",
        tables=(COOKIE,),
    ),
    Contender(
        "flask-login",
        "Flask-Login, session cookie",
        "flask_login_peer:session_cookie",
        "flask",
        tables=(COOKIE,),
    ),
    Contender(
        "control-kept",
        "trivial policy, once more in a peer's process",
        "baseline:trivial",
        "pyramid-redis",
        tables=(KEPT,),
    ),
    Contender(
        BARE_GET, "bare GET, redis-py, no WSGI", "bare:get", tables=(KEPT,)
    ),
    Contender(
        "bare-select",
        "bare SELECT, SQLAlchemy, SQLite, no WSGI",
        "bare:select",
        tables=(KEPT,),
    ),
    Contender(
        "ours-redis",
        "ours, reference, Redis",
        "ours_kept:redis",
        tables=(KEPT,),
    ),
    Contender(
        "ours-first-level",
        "ours, reference, first-level hit",
        "ours_kept:first_level",
        tables=(KEPT,),
    ),
    Contender(
        "ours-revocable",
        "ours, self-contained, revocable, seen before",
        "ours_kept:self_contained",
        tables=(KEPT,),
    ),
    Contender(
        "ours-sqlite",
        "ours, reference, SQLAlchemy, SQLite",
        "ours_kept:sqlite",
        tables=(KEPT,),
    ),
    Contender(
        "session-redis",
        "pyramid_session_redis",
        "session_redis:default",
        "pyramid-redis",
        tables=(KEPT,),
    ),
    Contender(
        "session-redis-no-timeout",
        "pyramid_session_redis, timeout=None",
        "session_redis:no_timeout",
        "pyramid-redis",
        tables=(KEPT,),
    ),
    Contender(
        "drf-knox",
        "Django REST framework, knox, SQLite",
        "drf_knox:sqlite",
        "knox",
        tables=(KEPT,),
    ),
)

AIMS = (
    Aim("ours-none", TRIVIAL, at_most=1.15),
    Aim("ours-seen", TRIVIAL, at_most=1.6),
    Aim("ours-never", TRIVIAL, at_most=2.4),
    Aim("ours-forged", TRIVIAL, at_most=2.0),
    Aim("pyramid_jwt", "ours-seen", at_least=3),
    Aim("pyramid_jwt", "ours-never", at_least=3),
)

KEPT_AIMS = (
    Aim("ours-redis", BARE_GET, at_most=2.0),
    Aim("ours-first-level", "ours-revocable", at_most=1.2),
    Aim("session-redis", "ours-redis", at_least=1),
    Aim("session-redis-no-timeout", "ours-redis", at_least=1),
    Aim("drf-knox", "ours-redis", at_least=1),
    Aim("drf-knox", "ours-sqlite", at_least=1),
)

#: Bytes that a remembered token may cost, and cycles that a request may
#: leave.
MEMORY_AIM = 600
GARBAGE_AIM = 0
