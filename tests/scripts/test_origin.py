"""A credential tells where it comes from."""

from hypothesis import given
from hypothesis import strategies as st
from support.shown import app_of, cookie_of

from pyramid_sessiontoken.config.settings import SETTINGS
from pyramid_sessiontoken.scripts.origin import made_for, told_by_jwt


def test_a_cookie_tells_for_what_it_was_made(ini):
    path = ini(token__issuer="a", token__audience="b", cookie__name="mine")
    text = cookie_of(path).partition("=0.")[2]
    registry = app_of(path).registry
    made = made_for(registry, registry[SETTINGS], "other", text)
    assert made[1:] == ("mine", "a", "b")
    assert made.differences(registry[SETTINGS]) == []
    others = app_of(ini()).registry
    # Another name, issuer and audience at once cannot be guessed.
    assert made_for(others, others[SETTINGS], "mine", text) is None
    for other in ("", "A", "*", "A" * 40):
        assert made_for(registry, registry[SETTINGS], "mine", other) is None


@given(st.text())
def test_what_is_no_jwt_tells_nothing(text):
    assert told_by_jwt(text) == {}


def test_a_jwt_with_odd_members_tells_what_it_has():
    # {"alg":"none"}, {"iss":1}, and something as the signature.
    assert told_by_jwt("eyJhbGciOiJub25lIn0.eyJpc3MiOjF9.AA") == {"iss": 1}
    for odd in ("eyJhbGciOiJub25lIn0.eyJpc3MiOjF9.", "AA.AA.AA", "A" * 9999):
        assert told_by_jwt(odd) == {}
