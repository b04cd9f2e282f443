"""What a response may carry (RFC 9111)."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from typing import Any

from .. import clock

#: ``Cache-Control`` of a response with a token. private: no shared cache keeps
#: it. no-store: no cache keeps it at all.
NO_STORE = "private, no-store"


def add_vary(response: Any, names: tuple[str, ...]) -> None:
    """Add names to ``Vary`` (RFC 9110, section 12.5.5).

    :param names: one at least; some more than once.
    """
    headers = response.headerlist
    for name, _ in headers:
        if name.lower() == "vary":
            break
    else:
        headers.append(_vary(names))
        return
    present = ",".join(response.headers.getall("Vary"))
    merged = [name.strip() for name in present.split(",")]
    known = {name.lower() for name in merged}
    if "*" not in known:
        merged += [
            name for name in dict.fromkeys(names) if name.lower() not in known
        ]
        response.headers["Vary"] = ", ".join(filter(None, merged))


@lru_cache(maxsize=64)
def _vary(names: tuple[str, ...]) -> tuple[str, str]:
    """Write the field for some names; an application has few such tuples."""
    return "Vary", ", ".join(dict.fromkeys(names))


def may_renew(request: Any, renewing: Collection[str] | None) -> bool:
    """Tell whether a token may be renewed in the response to a request.

    :param renewing: the methods that renew; ``None`` for all.
    """
    return why_not_renewed(request, renewing) is None


def why_not_renewed(
    request: Any, renewing: Collection[str] | None
) -> str | None:
    """Say why a request renews no token; ``None`` if it may renew one.

    It may not if the method of the request renews none, if the browser only
    prefetches, or if the client sent ``Session-Slide: no``.

    :param renewing: as in :func:`may_renew`.
    """
    if renewing is not None and request.method not in renewing:
        return f"{request.method} renews nothing: sessiontoken.expiry.renew_on"
    if request.environ.get("HTTP_SESSION_SLIDE", "").lower() == "no":
        return "the client sent Session-Slide: no"
    if is_prefetch(request):
        return "the browser only prefetches the page"
    return None


def why_not_carried(
    request: Any, response: Any, *, is_private: bool = False
) -> str | None:
    """Say why a response carries no new token; ``None`` if it may carry one.

    It may not if it is an error, if a cache may keep it, or if pyramid_retry
    throws it away.

    :param is_private: whether the response becomes ``no-store`` anyway.
    """
    if response.status_code >= 400:  # noqa: PLR2004
        return f"the response is an error, {response.status_code}"
    if not is_private and is_cacheable(request, response):
        return "a cache may keep the response"
    if will_be_retried(request):
        return "pyramid_retry tries the request again"
    return None


def is_cacheable(request: Any, response: Any) -> bool:
    """Tell whether a cache may keep the response (RFC 9111, section 3).

    A value that cannot be read counts as yes.
    """
    if response.status_code == 304:  # noqa: PLR2004
        return True
    for name, value in response.headerlist:
        if _is_control(name.lower()) and _may_be_kept(value.lower()):
            return True
    if any(
        _is_kept_by_nginx(value, clock.now(request.registry))
        for value in response.headers.getall("X-Accel-Expires")
    ):
        return True
    return _expires_later(request, response)


def _expires_later(request: Any, response: Any) -> bool:
    """Tell whether ``Expires`` is in the future (RFC 9111, section 5.3)."""
    if "Expires" not in response.headers:
        return False
    try:
        expires = response.expires
    except ValueError:
        return True  # Python does not know a year after 9999.
    now = clock.moment(clock.now(request.registry))
    # A text that is no date, such as "0", means the past.
    return expires is not None and expires > now


def is_for_caches(name: str) -> bool:
    """Tell whether a response header, in lower case, is for shared caches
    alone, which obey it rather than ``Cache-Control``: RFC 9213 (also
    ``Cloudflare-CDN-Cache-Control`` and the like), the Edge Architecture
    Specification, nginx.
    """
    return name.endswith("cdn-cache-control") or name in (
        "surrogate-control",
        "x-accel-expires",
    )


def _is_control(name: str) -> bool:
    if name == "x-accel-expires":
        return False
    return name == "cache-control" or is_for_caches(name)


def _may_be_kept(control: str) -> bool:
    for directive in control.split(","):
        name, _, value = directive.strip().partition("=")
        if name == "public":
            return True
        if name in ("max-age", "s-maxage") and value.strip('" ') != "0":
            return True
    return False


def _is_kept_by_nginx(value: str, now: int) -> bool:
    """Tell what ``X-Accel-Expires`` says: seconds, or a time behind ``@``."""
    text = value.strip()
    if not text.startswith("@"):
        return text != "0"
    try:
        return int(text[1:]) > now
    except ValueError:
        return True


def is_prefetch(request: Any) -> bool:
    """Tell whether the browser fetches a page that the user may never see
    (``Sec-Purpose``, and what browsers said before there was one).
    """
    environ = request.environ
    for name in ("HTTP_SEC_PURPOSE", "HTTP_PURPOSE", "HTTP_X_MOZ"):
        said = environ.get(name)
        if said and said.lower().startswith(("prefetch", "prerender")):
            return True
    return False


def will_be_retried(request: Any) -> bool:
    """Tell whether pyramid_retry throws the response away and tries again."""
    if request.exception is None or "retry.attempt" not in request.environ:
        return False
    from pyramid_retry import is_error_retryable

    return bool(is_error_retryable(request, request.exception))
