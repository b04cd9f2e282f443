"""A token that was shown knows who accepted it."""

from support.tokens import make_ticket

from pyramid_sessiontoken.identity.identity import identity_of
from pyramid_sessiontoken.interfaces import VALID
from pyramid_sessiontoken.sessions.shown import ShownToken

TICKET = make_ticket()
SHOWN = ShownToken(
    identity_of(TICKET, "cookie"), TICKET, None, "the token", VALID
)


def test_the_authenticator_is_that_of_its_identity():
    assert SHOWN.authenticator == "cookie"


def test_it_does_not_show_the_token_where_it_is_printed():
    assert "the token" not in repr(SHOWN)
    assert TICKET.sid in repr(SHOWN)
