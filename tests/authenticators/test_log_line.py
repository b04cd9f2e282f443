"""A refusal is told with all that is known of whose it is."""

import pytest
from support.tokens import make_ticket

from pyramid_sessiontoken.authenticators.log_line import log_line
from pyramid_sessiontoken.identity.identity import Identity, identity_of

SID = "ph8K0PJIaYWbJ9OeblhLaQ"
TICKET = make_ticket()._replace(userid="o'brien, x", sid=SID)


@pytest.mark.parametrize(
    ("about", "address", "known"),
    [
        (None, None, ""),
        (None, "192.0.2.7", ", address 192.0.2.7"),
        (Identity(7), None, ", user 7"),
        (Identity(None), None, ""),
        (TICKET, None, ', user "o\'brien, x", session ph8K0PJI'),
        (
            identity_of(TICKET, "cookie"),
            "::1",
            ', user "o\'brien, x", session ph8K0PJI, address ::1',
        ),
    ],
)
def test_what_is_known_stands_behind_the_code(about, address, known):
    line = log_line("cookie refused: no", "expired", about, address)
    assert line == f"cookie refused: no [expired{known}]"
