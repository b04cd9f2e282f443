"""Sessions that a request began, and that no client got.

``remember`` stores a session at once, since its reference is in the cookie.
The response with the cookie may still be lost: the application drops the
headers, a view fails, a commit fails, or pyramid_retry repeats the request.
Such a session is removed when the request is over.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

from ..cookies.jar import Headers
from ..errors import InvalidCredential, RepositoryUnavailable
from .observers import count_outage
from .response import will_be_retried
from .state import Begun, PolicyState

log = logging.getLogger("pyramid_sessiontoken")


def watch(request: Any, state: PolicyState, begun: Begun) -> None:
    """Remove a session when the request is over, if no client got it."""
    if state.is_settled:
        # The response is made already. Whether it gets the headers cannot be
        # told.
        return
    if not state.is_watched:
        state.is_watched = True
        request.add_finished_callback(partial(_remove_lost, state))
    if begun.in_cookie:
        # Of two sessions in the cookie, the earlier one ends.
        forget_cookie(state)
    state.begun += (begun,)


def forget_cookie(state: PolicyState) -> None:
    """Leave alone the session in the cookie: it ends in another way."""
    state.begun = tuple(each for each in state.begun if not each.in_cookie)


def _remove_lost(state: PolicyState, request: Any) -> None:
    response, state.response = state.response, None
    for begun in state.begun:
        if not _is_lost(request, response, begun):
            continue
        if begun.headers is not None and _are_dropped(request, response):
            log.warning(
                "remember() was called, but its headers are not on the"
                " response: the user is not signed in. Add them, for example"
                " with HTTPSeeOther(url, headers=remember(request, userid))"
            )
        remove(request, state, begun)


def _is_lost(request: Any, response: Any, begun: Begun) -> bool:
    if will_be_retried(request):
        return True
    if not begun.in_cookie:
        return False
    if response is None or begun.headers is None:
        return True
    # By name and value alone: the application may change attributes.
    return not _pairs(begun.headers) <= _pairs(response.headerlist)


def _pairs(headers: Headers) -> set[str]:
    """Give the cookies that are set, as ``name=value``."""
    pairs = {
        value.partition(";")[0]
        for name, value in headers
        if name.lower() == "set-cookie"
    }
    return {pair for pair in pairs if pair.partition("=")[2]}


def _are_dropped(request: Any, response: Any) -> bool:
    """Tell whether the application made a response without the headers, and
    no error did.
    """
    return (
        response is not None
        and request.exception in (None, response)
        and not will_be_retried(request)
    )


def remove(request: Any, state: PolicyState, begun: Begun) -> None:
    """Remove a session that no client will know."""
    stored, issued = state.rules.stored, begun.issued
    if stored is None:
        return
    try:
        _, reference = begun.sessions.read(issued.access_token)
        if reference is not None:
            stored.remove(issued.ticket.sid, reference)
    except InvalidCredential:
        pass  # It was ended already.
    except RepositoryUnavailable as error:
        log.error(
            "a session that no client got could not be removed: %s", error
        )
        count_outage(request.registry, error)
