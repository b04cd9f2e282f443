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
def test_one_except_clause_catches_them_all(error):
    assert issubclass(error, errors.SessionTokenError)


def test_no_fault_is_taken_for_another():
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
def test_who_guesses_is_told_to_wait(seconds, told):
    refusal = errors.TooManyAttempts("enough", seconds)

    assert isinstance(refusal, errors.InvalidCredential)
    assert (refusal.reason, refusal.retry_after) == ("enough", told)
