"""End a user's sessions when something of the user changes.

The application gives a text for a user, the stamp: say, the hash of the
password. A digest of it goes into each session. A session with another digest
has ended.
"""

from __future__ import annotations

import hmac
import logging
import threading
from collections.abc import Callable
from itertools import zip_longest
from typing import Any

from .. import clock
from ..authenticators.state import Answer, Refusal
from ..errors import CODES, InvalidCredential, RepositoryUnavailable
from ..events import STAMP
from ..expiry import LONGEST
from ..identity.identity import Identity
from ..identity.ticket import Ticket
from ..identity.userid import Userid, subject_of
from ..interfaces import RENEW
from ..keys.base64url import decode_base64url, encode_base64url
from ..keys.derivation import NAME_BYTES, DerivedKeys
from ..keys.lookup import CurrentRing
from ..sessions.cache import UNKNOWN, FirstLevelCache
from ..sessions.shown import ShownToken
from .ending import Ending, tell_when_judged
from .endpoint import is_for_endpoint
from .response import may_renew
from .state import PolicyState

log = logging.getLogger("pyramid_sessiontoken")

#: ``(userid, request)``: the text of a user, or ``None`` for one that is gone.
Ask = Callable[[Userid, Any], Any]

#: Of so many sessions a process knows when it asked last: some 12 MB.
SESSIONS = 50_000

#: Bytes of a digest: half of SHA-256.
_DIGEST_BYTES = 16

# Between the digest of the user and that of who acts. It is not in base64url.
_BESIDE = "."

#: What the names of the library's own routes begin with.
_ROUTES = "sessiontoken."

_GONE = "sessiontoken.stamp gave None: the user is gone"


class Stamp:
    """Asks for the stamps of users, and judges sessions by them.

    :param roots: the ring by whose keys digests are made. All its keys are
        asked when a digest is compared.
    :param every: the seconds for which an answer about a session counts.
    """

    def __init__(self, ask: Ask, roots: CurrentRing, every: int) -> None:
        self._ask = ask
        self._keys = DerivedKeys(roots, "stamp", make=bytes)
        self._answers = FirstLevelCache(SESSIONS, every)
        self._told = FirstLevelCache(SESSIONS, LONGEST)
        self._lock = threading.Lock()

    def begin(self, request: Any, userid: Userid) -> str:
        """Give the digest for a session that begins.

        :raises InvalidCredential: where the user is gone.
        :raises TypeError: where the stamp is no text.
        """
        text = self._text(request, userid)
        if text is None:
            raise InvalidCredential(_GONE, code="user_gone")
        return self._digest(userid, text)

    def begin_acting(
        self, request: Any, userid: Userid, own: str | None
    ) -> str:
        """Do the same for a session in which another user acts: the stamp of
        who acts is asked beside that of the user.

        :param own: the digest in the session of who acts.
        """
        return _BESIDE.join((self.begin(request, userid), own or ""))

    def note(self, request: Any, ticket: Ticket) -> None:
        """Note that the stamp of a session was asked just now."""
        self._remember(request, ticket, answer=True)

    def judge(
        self, request: Any, state: PolicyState, identity: Identity
    ) -> Answer:
        """Give the identity of a session or an access token, or its refusal,
        or what the application raised.
        """
        if identity.ticket is None:
            return self._judge_access_token(request, state, identity)
        shown = state.token_of(identity)
        answer = self._known(request, state, identity, shown)
        if answer is UNKNOWN:
            reference = None if shown is None else shown.reference
            try:
                answer = self.holds(request, state, identity, reference)
            except Exception as error:  # noqa: BLE001
                return error
        if answer:
            return identity
        return _refuse(request, state, identity, CODES[STAMP], STAMP)

    def holds(
        self,
        request: Any,
        state: PolicyState,
        identity: Identity,
        reference: str | None,
    ) -> bool:
        """Ask for the stamp; tell whether a session has it. If it does not,
        end the session.

        :param reference: as in ``forms.Decoded``, of the token.
        :raises TypeError: where the stamp is no text.
        """
        ticket: Ticket = identity.ticket  # type: ignore[assignment]
        digest = self._renewed(request, ticket)
        if digest is not None:
            state.stamps = {**state.stamps, ticket.sid: digest}
            self._remember(request, ticket, answer=True)
            return True
        ending = Ending(identity, ticket, reference)
        if self._end(request, state, ending):
            self._remember(request, ticket, answer=False)
        return False

    def is_of(self, request: Any, ticket: Ticket) -> bool:
        """Ask for the stamp; tell whether a session has it, and do no more."""
        return self._renewed(request, ticket) is not None

    def _judge_access_token(
        self, request: Any, state: PolicyState, identity: Identity
    ) -> Answer:
        """Refuse the access tokens of a user who is gone. Another stamp leaves
        them alone.
        """
        userid: Userid = identity.userid  # type: ignore[assignment]
        # The name of a session has no colon.
        answers, key = self._answers, subject_of(userid)
        now = clock.now(request.registry)
        answer = answers.get(key, now)
        if answer is UNKNOWN or state.is_strict or is_for_endpoint(request):
            version = answers.version
            try:
                answer = self._text(request, userid) is not None
            except Exception as error:  # noqa: BLE001
                return error
            answers.put(key, answer, now, version)
        if answer:
            return identity
        return _refuse(request, state, identity, _GONE, "user_gone")

    def _known(
        self,
        request: Any,
        state: PolicyState,
        identity: Identity,
        shown: ShownToken | None,
    ) -> Any:
        """Give the answer that counts for this request; ``UNKNOWN`` if the
        application must be asked.
        """
        is_due = shown is not None and shown.verdict is RENEW
        if state.is_strict or (
            is_due and may_renew(request, state.rules.renewing)
        ):
            return UNKNOWN
        ticket: Ticket = identity.ticket  # type: ignore[assignment]
        answer = self._answers.get(ticket.sid, clock.now(request.registry))
        if answer is not UNKNOWN and _is_of_endpoint(request):
            return UNKNOWN
        return answer

    def _remember(self, request: Any, ticket: Ticket, *, answer: bool) -> None:
        answers, now = self._answers, clock.now(request.registry)
        answers.put(ticket.sid, answer, now, answers.version)

    def _renewed(self, request: Any, ticket: Ticket) -> str | None:
        """Ask for the stamps of the user and of who acts for the user; give
        their digests. ``None`` if the session has others.
        """
        users = [ticket.userid]
        if ticket.actor is not None:
            users.append(ticket.actor)
        before = (ticket.stamp or "").split(_BESIDE)
        digests = []
        for userid, digest in zip_longest(users, before):
            if userid is None or digest is None:
                return None
            text = self._text(request, userid)
            again = None if text is None else self._again(digest, userid, text)
            if again is None:
                return None
            digests.append(again)
        return _BESIDE.join(digests)

    def _text(self, request: Any, userid: Userid) -> str | None:
        text = self._ask(userid, request)
        if text is None or isinstance(text, str):
            return text
        raise TypeError(
            f"sessiontoken.stamp gave {type(text).__name__}, not a text or"
            " None"
        )

    def _digest(self, userid: Userid, text: str) -> str:
        """Make a digest under the first key, whose name comes first."""
        name, key = self._keys.first()
        return encode_base64url(name + _mac(key, userid, text))

    def _again(self, digest: str, userid: Userid, text: str) -> str | None:
        """Give the digest of a text under the first key; ``None`` if the given
        digest, under whatever key, is that of another text.
        """
        try:
            raw = decode_base64url(digest)
        except ValueError:
            return None
        name, mac = raw[:NAME_BYTES], raw[NAME_BYTES:]
        key = self._keys.find(name)
        if key is None or not hmac.compare_digest(
            mac, _mac(key, userid, text)
        ):
            return None
        is_first = name == self._keys.first()[0]
        return digest if is_first else self._digest(userid, text)

    def _end(self, request: Any, state: PolicyState, ending: Ending) -> bool:
        """End a session, as far as the server can, and tell it once; give
        whether that could be done.
        """
        identity, ticket, reference = ending
        stored = state.rules.stored
        is_new = True
        if stored is not None and (
            stored.ends_by_sid or stored.can_end(reference)
        ):
            try:
                is_new = stored.is_live(ticket)
                stored.end(ticket.sid, reference, ticket)
            except RepositoryUnavailable as error:
                log.error(
                    "a session with another stamp is refused, and could not"
                    " be ended in the repository: %s",
                    error,
                )
                return False
        if is_new and self._is_first(request, ticket):
            log.info(
                "the session %s of %r ended: the user's stamp changed",
                ticket.sid,
                ticket.userid,
            )
            tell_when_judged(
                request,
                state,
                STAMP,
                identity=identity,
                ticket=ticket,
                authenticator=identity.authenticator,
            )
        return True

    def _is_first(self, request: Any, ticket: Ticket) -> bool:
        """Tell whether this process has not told the end of a session yet."""
        now, told = clock.now(request.registry), self._told
        with self._lock:
            is_first = told.get(ticket.sid, now) is UNKNOWN
            told.put(ticket.sid, True, now, told.version)
        return is_first


def restamped(state: PolicyState, ticket: Ticket) -> Ticket:
    """Give a ticket with the digest that was made when the request was judged,
    if one was.
    """
    digest = state.stamps.get(ticket.sid)
    return ticket if digest is None else ticket._replace(stamp=digest)


def _is_of_endpoint(request: Any) -> bool:
    # The name of a route takes less time than its path, where one is matched.
    route = getattr(request, "matched_route", None)
    if route is None:
        return is_for_endpoint(request)
    name: str = route.name
    return name.startswith(_ROUTES)


def _mac(key: bytes, userid: Userid, text: str) -> bytes:
    # A subject has no control characters, so no other pair is written alike.
    content = f"{subject_of(userid)}\0{text}".encode("utf-8", "surrogatepass")
    return hmac.digest(key, content, "sha256")[:_DIGEST_BYTES]


def _refuse(
    request: Any,
    state: PolicyState,
    identity: Identity,
    reason: str,
    code: str,
) -> Refusal:
    return state.refuse(
        identity.authenticator,
        reason,
        code=code,
        about=identity,
        environ=request.environ,
    )
