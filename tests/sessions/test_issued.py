"""A token that was issued tells what its client needs, and no more."""

from support.tokens import make_ticket

from pyramid_sessiontoken.sessions.issued import IssuedToken

ISSUED = IssuedToken("the token", "Session", 3600, 36000, make_ticket())


def test_it_is_written_as_the_endpoint_answers():
    assert ISSUED.as_dict() == {
        "access_token": "the token",
        "token_type": "Session",
        "expires_in": 3600,
        "session_expires_in": 36000,
    }


def test_it_does_not_show_the_token_where_it_is_printed():
    assert "the token" not in repr(ISSUED)
    assert ISSUED.ticket.sid in repr(ISSUED)
