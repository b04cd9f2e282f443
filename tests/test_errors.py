"""Errors are told apart by whose fault they are."""

import pytest

from pyramid_sessiontoken import errors


@pytest.mark.parametrize(
    "error",
    [
        errors.InvalidCredential,
        errors.RepositoryUnavailable,
        errors.ClaimsError,
    ],
)
def test_one_base_class_catches_all_errors(error):
    assert issubclass(error, errors.SessionTokenError)


def test_each_error_is_caught_as_its_own_class_only():
    faults = (
        errors.InvalidCredential,
        errors.RepositoryUnavailable,
        errors.ClaimsError,
    )

    related = [
        (one, other)
        for one in faults
        for other in faults
        if one is not other and issubclass(one, other)
    ]

    assert related == []


def test_claims_that_no_token_can_carry_are_a_value_error():
    assert issubclass(errors.ClaimsError, ValueError)


def test_a_refusal_says_why():
    refusal = errors.InvalidCredential("the dog ate it")

    assert refusal.reason == "the dog ate it"
    assert str(refusal) == "the dog ate it"


@pytest.mark.parametrize(
    ("seconds", "told"), [(60, 60), (1, 1), (0, 1), (-5, 1)]
)
def test_too_many_attempts_say_how_long_to_wait(seconds, told):
    refusal = errors.TooManyAttempts("enough", seconds)

    assert isinstance(refusal, errors.InvalidCredential)
    assert (refusal.reason, refusal.retry_after) == ("enough", told)
