"""Access tokens: a user makes and revokes them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from pyramid.httpexceptions import HTTPForbidden

from ..authenticators.names import ACCESS_TOKEN
from ..errors import ClaimsError, RepositoryUnavailable, SessionTokenError
from ..events import REVOKED, SessionIssued
from ..identity.claims import Claims, freeze_claims
from ..identity.identity import Identity
from ..identity.ticket import Ticket
from ..identity.userid import Userid
from ..sessions.access_tokens import AccessTokens, log
from ..sessions.issued import IssuedToken
from ..sessions.sealed_access_tokens import AccessToken
from ..sessions.stored import StoredSessions
from .answers import repository_or_503
from .authentication import is_acted_for, signed_in, vouching
from .ending import tell, who_acts
from .observers import is_heard, notify, request_told
from .response import will_be_retried
from .security_policy import SessionTokenPolicy
from .state import PolicyState

#: The most characters of a name.
MAX_NAME = 100


def access_tokens_of(stored: StoredSessions | None) -> AccessTokens:
    """Give the access tokens in the repository.

    :param stored: what the server keeps.
    :raises SessionTokenError: where the application takes none.
    """
    tokens = None if stored is None else stored.access_tokens
    if tokens is None:
        raise SessionTokenError(
            "sessiontoken.authenticators does not list 'access_token'"
        )
    return tokens


def create_access_token(
    request: Any,
    policy: SessionTokenPolicy,
    name: str,
    claims: Mapping[str, Any] | None,
    lifetime: int | str | None,
) -> str:
    """Make an access token for the user of a request; give its text.

    :raises HTTPForbidden: for a user who did not sign in, and while acting.
    :raises ClaimsError: for claims that say more than the user's own.
    :raises ValueError: for a name or a lifetime that is none.
    :raises HTTPServiceUnavailable: where the repository cannot be asked.
    """
    tokens, state = (
        access_tokens_of(policy.rules.stored),
        policy.state(request),
    )
    seconds = tokens.seconds(lifetime)
    _check_name(name)
    # It outlives the session: what ended that one elsewhere counts at once.
    judged = policy.authenticate_now(request)
    if judged.error is not None:
        raise judged.error
    identity = judged.identity
    if identity is None or not _may_create(request, state, identity):
        raise HTTPForbidden(
            "Only a user who signed in makes an access token, and not while"
            " acting for another user."
        )
    userid: Userid = identity.userid  # type: ignore[assignment]
    chosen = narrowed(identity.claims, claims)
    with repository_or_503(request):
        text, token = tokens.create(userid, name, chosen, seconds)
        state.carries_token = True
        _end_with_session(state, identity, tokens, token)
    _watch(request, tokens, token)
    _tell(request, token, text, seconds)
    return text


def narrowed(own: Mapping[str, Any], chosen: object) -> Claims:
    """Pick from the claims of a user.

    :param chosen: ``None`` for all. Each claim is the same as the user's, or
        of a list, or of the words of ``scope``, a part.
    :raises ClaimsError: for any other claims.
    """
    claims = freeze_claims(own if chosen is None else chosen)
    for name, value in claims.items():
        if name not in own:
            raise ClaimsError(f"the user has no claim {name!r:.80}")
        if not _is_part(name, value, own[name]):
            raise ClaimsError(
                f"the claim {name!r:.80} is neither the user's own nor a part"
                " of it"
            )
    return claims


def _is_part(name: str, value: Any, own: Any) -> bool:
    if isinstance(value, list) and isinstance(own, list):
        return {*map(_written, value)} <= {*map(_written, own)}
    if name == "scope" and isinstance(value, str) and isinstance(own, str):
        return {*value.split()} <= {*own.split()}
    return _written(value) == _written(own)


def _written(value: Any) -> str:
    # To Python, 1 and True are equal.
    return json.dumps(value, sort_keys=True)


def _check_name(name: object) -> None:
    if (
        not isinstance(name, str)
        or not 1 <= len(name) <= MAX_NAME
        or not name.isprintable()
    ):
        raise ValueError(
            f"the name of an access token is 1 to {MAX_NAME} printable"
            " characters"
        )


def _may_create(request: Any, state: PolicyState, identity: Identity) -> bool:
    return signed_in(request, state, identity) and not is_acted_for(
        state, identity
    )


def _end_with_session(
    state: PolicyState,
    identity: Identity,
    tokens: AccessTokens,
    token: AccessToken,
) -> None:
    """End an access token whose user's session was ended meanwhile: what ends
    all of a user's access tokens may not have seen this one.

    :raises HTTPForbidden: where it was ended.
    """
    stored: Any = state.rules.stored
    try:
        is_live = all(map(stored.is_live, _tickets(state, identity)))
    except RepositoryUnavailable:
        _remove(tokens, token)
        raise
    if not is_live:
        tokens.end(token)
        raise HTTPForbidden("The session was ended")


def _tickets(state: PolicyState, identity: Identity) -> Iterator[Ticket]:
    for each in vouching(state, identity):
        if each.ticket is not None:
            yield each.ticket


def _watch(request: Any, tokens: AccessTokens, token: AccessToken) -> None:
    """Remove an access token if its request ends without a response: a view or
    a commit fails, or pyramid_retry repeats the request.
    """
    answered: list[Any] = []

    def note(request: Any, response: Any) -> None:
        answered.append(response.status_int)

    def remove_lost(request: Any) -> None:
        is_failing = not answered and sys.exc_info()[0] is not None
        if is_failing or will_be_retried(request):
            _remove(tokens, token)

    request.add_response_callback(note)
    request.add_finished_callback(remove_lost)


def _remove(tokens: AccessTokens, token: AccessToken) -> None:
    """Remove an access token that no user will see."""
    try:
        tokens.end(token)
    except RepositoryUnavailable as error:
        log.error(
            "an access token that no user saw could not be removed: %s", error
        )


def _tell(request: Any, token: AccessToken, text: str, seconds: int) -> None:
    if not is_heard(request.registry):
        return
    ticket = token.as_ticket()
    event = SessionIssued(
        request_told(request),
        Identity(token.userid, token.claims, ACCESS_TOKEN),
        ticket,
        ACCESS_TOKEN,
        IssuedToken(text, "Bearer", seconds, seconds, ticket),
    )
    notify(request.registry, event)


def end_access_token(
    request: Any,
    tokens: AccessTokens,
    token: AccessToken | None,
    caller: Identity | None,
) -> bool:
    """End an access token, and tell it. ``False`` if there is none.

    :param caller: who does it.
    :raises RepositoryUnavailable: where the repository cannot be asked.
    """
    if token is None:
        return False
    tokens.end(token)
    is_own = caller is not None and token.is_of(caller.userid)
    tell(
        request,
        REVOKED,
        identity=caller if is_own else None,
        ticket=token.as_ticket(),
        actor=who_acts(caller),
        authenticator=ACCESS_TOKEN,
    )
    return True
