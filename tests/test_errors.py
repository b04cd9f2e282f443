"""Errors have one class for each cause."""

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


def test_no_error_is_a_subclass_of_another():
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


def test_a_claims_error_is_a_value_error():
    assert issubclass(errors.ClaimsError, ValueError)


def test_a_refusal_has_a_reason():
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
