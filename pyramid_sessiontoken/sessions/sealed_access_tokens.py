"""An access token to an encrypted record, and back."""

from __future__ import annotations

import json
import logging
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple

from ..errors import ClaimsError, InvalidCredential
from ..identity.claims import Claims, freeze_claims
from ..identity.ticket import Ticket
from ..identity.userid import Userid, from_subject, to_subject
from ..interfaces import TokenItem
from ..tokens.payload import read_object
from ..tokens.verified import REMEMBERED, VerifiedUnderKeys
from .records import RecordNames
from .seal import Seal

log = logging.getLogger("pyramid_sessiontoken")

#: How the user of an access token was authenticated, as tickets say it.
ACCESS_TOKEN = "access_token"  # noqa: S105


class AccessToken(NamedTuple):
    """An access token as the repository keeps it, without its text.

    :ivar created: in seconds since the epoch, as are ``expires`` and
        ``last_used``.
    :ivar last_used: ``None`` before the first use, and where the repository
        cannot note it.
    :ivar kept_until: when its record expires.
    """

    id: str
    userid: Userid
    name: str
    created: int
    expires: int
    last_used: int | None
    claims: Claims
    kept_until: datetime

    def is_of(self, userid: Userid | None) -> bool:
        """Tell whether it is a user's own."""
        return userid is not None and to_subject(userid) == to_subject(
            self.userid
        )

    def as_ticket(self) -> Ticket:
        """Give what events tell of it. No token of a session is made of it."""
        return Ticket(
            self.userid,
            sid=self.id,
            iat=self.created,
            exp=self.expires,
            auth_time=self.created,
            session_end=self.expires,
            amr=(ACCESS_TOKEN,),
            claims=self.claims,
        )


class SealedAccessTokens:
    """Seal access tokens for a repository; open them, and remember what they
    say.
    """

    def __init__(self, seal: Seal, names: RecordNames) -> None:
        self._seal = seal
        self._names = names
        self._opened = VerifiedUnderKeys[AccessToken](REMEMBERED)

    def seal(self, token: AccessToken) -> TokenItem:
        key = self._names.access_token(token.id)
        subject, kind = to_subject(token.userid)
        members = {
            "sub": subject,
            "sub_type": kind,
            "name": token.name,
            "created": token.created,
            "expires": token.expires,
            "claims": token.claims,
        }
        if token.last_used is not None:
            members["last_used"] = token.last_used
        content = json.dumps(members, separators=(",", ":")).encode()
        return TokenItem(
            key,
            token.kept_until,
            self._seal.seal(content, key),
            self._names.subject_of_access_tokens(token.userid),
        )

    def open(self, item: TokenItem) -> AccessToken | None:
        """Give the access token of a record; ``None`` if it cannot be read."""
        opened = self._opened.under(self._seal.keys)
        # A key contains no NUL, so no other key and record make this text.
        digest = sha256(b"%b\0%b" % (item.key.encode(), item.token)).digest()
        token = opened.get(digest, len(item.token))
        if token is None:
            token = self._unseal(item)
            if token is not None:
                opened.add(digest, token, len(item.token))
        return token

    def _unseal(self, item: TokenItem) -> AccessToken | None:
        try:
            members = read_object(self._seal.open(item.token, item.key))
            return AccessToken(
                id=item.key[1:],
                userid=from_subject(members["sub"], members["sub_type"]),
                name=members["name"],
                created=members["created"],
                expires=members["expires"],
                last_used=members.get("last_used"),
                claims=freeze_claims(members["claims"]),
                kept_until=item.expires,
            )
        except (InvalidCredential, ClaimsError) as refusal:
            log.warning(
                "an access token cannot be read, and counts as revoked: %s",
                refusal,
            )
            return None
