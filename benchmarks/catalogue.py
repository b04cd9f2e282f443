"""The contenders, the environments in which they run, and the aims.

A new contender is a function in ``contenders/`` that gives a
:class:`job.Job`, and an entry here.
"""

from __future__ import annotations

from dataclasses import dataclass

from environments import HERE

#: The tables. Of some, the contenders share a pool and the rounds.
TOKEN = "token"
COOKIE = "cookie"
SEVERAL = "several"
CLAIMS = "claims"
KEPT = "kept"
UNASKED = "unasked"
WIRE = "wire"
STALLS = "stalls"

#: The first table of the docs, and the one of the README: the lines of other
#: tables that a reader asks for first.
SHORT = "short"

#: The bases of the ratios of a table.
TRIVIAL = "trivial"
TRIVIAL_GET = "trivial-get"


@dataclass(frozen=True)
class Contender:
    """One line of a table.

    :ivar made_by: module in ``contenders/``, and function; after another
        colon a number for it.
    :ivar environment: in which it runs, see :mod:`environments`.
    :ivar tables: the tables that show it.
    """

    name: str
    title: str
    made_by: str
    environment: str = HERE
    tables: tuple[str, ...] = (TOKEN,)


#: Numbers of authenticators; ``ours-none`` has one.
SEVERAL_NUMBERS = (2, 3, 4, 5)

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
        tables=(
            TOKEN,
            COOKIE,
            SEVERAL,
            CLAIMS,
            KEPT,
            UNASKED,
            WIRE,
            STALLS,
            SHORT,
        ),
    ),
    Contender(
        "control",
        "trivial policy, once more in another process",
        "baseline:trivial",
        "pyramid",
        tables=(TOKEN, COOKIE, WIRE),
    ),
    Contender(
        "ours-none",
        "ours, no credential",
        "ours:no_credential",
        tables=(TOKEN, SEVERAL, WIRE, SHORT),
    ),
    Contender(
        "ours-seen",
        "ours, token seen before",
        "ours:seen_before",
        tables=(TOKEN, UNASKED, WIRE, SHORT),
    ),
    Contender(
        "ours-never",
        "ours, token never seen",
        "ours:never_seen",
        tables=(TOKEN, WIRE, STALLS, SHORT),
    ),
    Contender(
        "ours-keys-change",
        "ours, token never seen, keys change once",
        "ours:never_seen_keys_change",
        tables=(STALLS,),
    ),
    Contender(
        "ours-forged",
        "ours, forged token",
        "ours:forged",
        tables=(TOKEN, SHORT),
    ),
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
        tables=(COOKIE, WIRE, SHORT),
    ),
    Contender(
        "ours-cookie-signed-never",
        "ours, cookie, signed, never seen",
        "ours_cookie:signed_never",
        tables=(COOKIE, WIRE, STALLS, SHORT),
    ),
    Contender(
        "ours-cookie-encrypted-seen",
        "ours, cookie, encrypted, seen before",
        "ours_cookie:encrypted_seen",
        tables=(COOKIE, SHORT),
    ),
    Contender(
        "ours-cookie-encrypted-never",
        "ours, cookie, encrypted, never seen",
        "ours_cookie:encrypted_never",
        tables=(COOKIE, SHORT),
    ),
    Contender(
        "ours-cookie-no-claims",
        "ours, cookie, signed, never seen, no claims",
        "ours_cookie:signed_never_without_claims",
        tables=(COOKIE,),
    ),
    Contender(
        "authtkt",
        "AuthTkt cookie, sha512, no reissue",
        "authtkt:no_reissue",
        tables=(TOKEN, COOKIE, WIRE, SHORT),
    ),
    Contender(
        "handwritten",
        "policy around jwt.decode",
        "handwritten:accepted",
        tables=(TOKEN, WIRE, SHORT),
    ),
    Contender(
        "handwritten-forged",
        "policy around jwt.decode, forged token",
        "handwritten:forged",
    ),
    Contender(
        "cached-seen",
        "jwt.decode behind lru_cache, seen before",
        "handwritten:cached_seen",
        tables=(TOKEN, SHORT),
    ),
    Contender(
        "cached-never",
        "jwt.decode behind lru_cache, never seen",
        "handwritten:cached_never",
        tables=(TOKEN, SHORT),
    ),
    Contender(
        "pyramid_jwt",
        "pyramid_jwt",
        "pyramid_jwt_peer:header",
        "pyramid",
        tables=(TOKEN, SHORT),
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
        tables=(COOKIE, WIRE, SHORT),
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
        "trivial policy, once more in another process",
        "baseline:trivial",
        "pyramid-redis",
        tables=(KEPT,),
    ),
    Contender(
        TRIVIAL_GET,
        "trivial policy that asks one GET, redis-py",
        "bare:policy",
        tables=(KEPT,),
    ),
    Contender(
        "bare-get",
        "bare GET again and again, redis-py, no WSGI",
        "bare:get",
        tables=(KEPT,),
    ),
    Contender(
        "bare-select",
        "bare SELECT again and again, SQLAlchemy, SQLite, no WSGI",
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
        tables=(KEPT, UNASKED),
    ),
    Contender(
        "ours-revocable",
        "ours, self-contained, revocable, seen before",
        "ours_kept:self_contained",
        tables=(KEPT, UNASKED),
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
    *(
        Contender(
            f"ours-several-{number}",
            f"ours, no credential, {number} authenticators",
            f"ours_several:find_nothing:{number}",
            tables=(SEVERAL,),
        )
        for number in SEVERAL_NUMBERS
    ),
    *(
        Contender(
            f"ours-claims-{number}-{how}",
            f"ours, token {how} {word}, {number} claims",
            f"ours:{how}_with_claims:{number}",
            tables=(CLAIMS,),
        )
        for how, word in (("never", "seen"), ("seen", "before"))
        for number in (0, 3, 10, 30)
    ),
)
