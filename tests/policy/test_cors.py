"""Which origins count as our own at the token endpoint."""

import pytest
from pyramid.request import Request
from support.cors import APP, EVIL

from pyramid_sessiontoken.policy.cors import Cors


@pytest.mark.parametrize(
    ("path", "origin", "is_own"),
    [
        ("/token", APP, True),
        ("/token/revoke", APP, True),
        ("/tokens", APP, False),
        ("/identity", APP, False),
        ("/token", EVIL, False),
        ("/token", "null", False),
        ("/token", None, False),
    ],
)
def test_an_origin_is_our_own_at_the_endpoint_alone(
    client, path, origin, is_own
):
    cors = Cors(frozenset([APP]), "", "")
    headers = {} if origin is None else {"Origin": origin}
    request = Request.blank(path, headers=headers)
    request.registry = client.registry

    assert cors.is_own(request) is is_own
    assert cors.origin_of(request) == (APP if origin == APP else None)
