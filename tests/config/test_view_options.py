"""What a view may ask of the session."""

from types import SimpleNamespace

import pytest
from pyramid.config import Configurator
from pyramid.exceptions import ConfigurationError
from support import KEY
from support.stepup import hello

from pyramid_sessiontoken.config.view_options import check_view, sign_in_view


def start(include_first=True, autocommit=False, **options):
    """Start an application with one view that has some options."""
    config = Configurator(
        settings={"sessiontoken.keys": KEY}, autocommit=autocommit
    )
    if include_first:
        config.include("pyramid_sessiontoken")
    config.add_view(hello, name="danger", **options)
    if not include_first:
        config.include("pyramid_sessiontoken")
    config.make_wsgi_app()


@pytest.mark.parametrize(
    ("option", "value"),
    [
        *(
            ("sessiontoken_max_age", value)
            for value in (
                0,
                -1,
                "0",
                "-5m",
                "soon",
                "5 minutes",
                "",
                False,
                1.5,
                (300,),
                b"300",
                10**12,
            )
        ),
        *(
            ("sessiontoken_amr", value)
            for value in (
                "",
                (),
                ["otp"],
                ("otp", ""),
                ("otp", 1),
                True,
                "\xfc",
                "a" * 41,
                {"otp"},
            )
        ),
    ],
)
@pytest.mark.parametrize("autocommit", [False, True])
def test_a_bad_option_is_an_error_of_its_view(option, value, autocommit):
    with pytest.raises(ConfigurationError) as caught:
        start(autocommit=autocommit, **{option: value})

    message = str(caught.value)
    assert f"{option}: " in message
    assert f"found {value!r}; allowed: " in message
    if not autocommit:
        assert 'config.add_view(hello, name="danger"' in message


@pytest.mark.parametrize(
    "options",
    [
        {"sessiontoken_max_age": True},
        {"sessiontoken_max_age": 300},
        {"sessiontoken_max_age": " 5m "},
        {"sessiontoken_amr": ("pwd", "otp")},
        {"sessiontoken_max_age": None, "sessiontoken_amr": None},
    ],
)
@pytest.mark.parametrize("include_first", [True, False])
def test_a_good_option_starts(options, include_first):
    start(include_first, **options)


def test_a_view_without_options_is_not_wrapped():
    info = SimpleNamespace(options={"permission": "view"})
    assert sign_in_view(hello, info) is hello
    assert check_view(hello, info) is hello
