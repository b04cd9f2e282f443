"""The names of algorithms are those of the JOSE standards."""

from jwt.algorithms import get_default_algorithms

from pyramid_sessiontoken.keys.algorithms import FORMS, is_hmac


def test_every_algorithm_of_pyjwt_except_none_is_known():
    # PyJWT's ES521 is a mistake: the name is ES512 (RFC 7518, section 3.4).
    assert set(FORMS) == set(get_default_algorithms()) - {"none", "ES521"}


def test_hmac_algorithms_are_told_from_others():
    assert is_hmac(("HS256", "HS384", "HS512"))
    assert not is_hmac(("RS256", "ES256"))
    assert not is_hmac(("HS256", "RS256"))
