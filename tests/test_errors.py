"""Errors have one class for each cause."""

import ast
from pathlib import Path

import pytest

import pyramid_sessiontoken
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


def test_a_refusal_of_the_application_has_a_code():
    refusal = errors.InvalidCredential("the dog ate it")

    assert refusal.code == "refused"


def test_an_application_may_give_a_code_of_the_list():
    refusal = errors.InvalidCredential("the dog ate it", code="malformed")

    assert refusal.code == "malformed"
    assert errors.InvalidCredential("another").code == "refused"


def test_a_code_of_ones_own_is_not_in_the_list():
    with pytest.raises(ValueError, match=r"'alice' is not one of .*CODES"):
        errors.InvalidCredential("the dog ate it", code="alice")


def subclasses(cls):
    for each in cls.__subclasses__():
        yield each
        yield from subclasses(each)


def test_every_class_of_the_library_has_a_code_of_the_list():
    ours = [
        each
        for each in subclasses(errors.InvalidCredential)
        if each.__module__ == errors.__name__
    ]

    codes = [each.code for each in ours]
    assert len(set(codes)) == len(codes)
    assert {*codes} < {*errors.CODES}


def test_a_code_is_a_word_that_a_label_can_be():
    for code, meaning in errors.CODES.items():
        assert code.replace("_", "").isalpha()
        assert code.islower()
        assert meaning


def test_the_list_of_codes_is_fixed():
    with pytest.raises(TypeError):
        errors.CODES["alice"] = "a user"


def raised_without_a_code(file):
    """Find where the base class of refusals is raised, with no code."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            name = getattr(node.exc.func, "id", None)
            codes = {keyword.arg for keyword in node.exc.keywords}
            if name == "InvalidCredential" and "code" not in codes:
                yield f"{file.name}:{node.lineno}"


def test_every_refusal_of_the_library_has_a_code_of_its_own():
    package = Path(pyramid_sessiontoken.__file__).parent

    found = [
        place
        for file in package.rglob("*.py")
        for place in raised_without_a_code(file)
    ]

    assert found == []


def test_a_refusal_without_a_code_would_be_found(tmp_path):
    file = tmp_path / "made.py"
    file.write_text("raise InvalidCredential('why')")

    assert [*raised_without_a_code(file)] == ["made.py:1"]


def test_outages_have_codes_of_the_list():
    outages = [
        errors.RepositoryUnavailable,
        *subclasses(errors.RepositoryUnavailable),
    ]

    codes = [outage.code for outage in outages]
    assert len(set(codes)) == len(codes)
    assert {*codes} < {*errors.CODES}
