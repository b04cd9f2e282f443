"""What a response may carry (RFC 9111)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .. import clock

#: ``Cache-Control`` of a response with a token. private: no shared cache keeps
#: it. no-store: no cache keeps it at all.
NO_STORE = "private, no-store"


def add_vary(response: Any, names: Iterable[str]) -> None:
    """Add names to ``Vary`` (RFC 9110, section 12.5.5)."""
    if not names:
        return
    headers = response.headerlist
    for name, _ in headers:
        if name.lower() == "vary":
            break
    else:
        headers.append(("Vary", ", ".join(names)))
        return
    present = ",".join(response.headers.getall("Vary"))
    merged = [name.strip() for name in present.split(",")]
    known = {name.lower() for name in merged}
    if "*" not in known:
        merged += [name for name in names if name.lower() not in known]
        response.headers["Vary"] = ", ".join(filter(None, merged))


def may_carry_token(
    request: Any, response: Any, *, is_private: bool = False
) -> bool:
    """Tell whether a response may carry a new token.

    It may not if it is an error, if a cache may keep it, if pyramid_retry
    throws it away, or if the client sent ``Session-Slide: no``.

    :param is_private: whether the response becomes ``no-store`` anyway.
    """
    return not (
        response.status_code >= 400  # noqa: PLR2004
        or request.environ.get("HTTP_SESSION_SLIDE", "").lower() == "no"
        or (not is_private and is_cacheable(request, response))
        or will_be_retried(request)
    )


def is_cacheable(request: Any, response: Any) -> bool:
    """Tell whether a cache may keep the response (RFC 9111, section 3).

    A value that cannot be read counts as yes.
    """
    if response.status_code == 304:  # noqa: PLR2004
        return True
    control = ",".join(response.headers.getall("Cache-Control")).lower()
    for directive in control.split(","):
        name, _, value = directive.strip().partition("=")
        if name == "public":
            return True
        if name in ("max-age", "s-maxage") and value.strip('" ') != "0":
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


def will_be_retried(request: Any) -> bool:
    """Tell whether pyramid_retry throws the response away and tries again."""
    if request.exception is None or "retry.attempt" not in request.environ:
        return False
    from pyramid_retry import is_error_retryable

    return bool(is_error_retryable(request, request.exception))
