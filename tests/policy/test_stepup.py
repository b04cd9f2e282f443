"""Views that need a sign-in of late: see also stories/test_step_up.py."""

import pytest
from pyramid.httpexceptions import HTTPForbidden
from support.stepup import add_view

from pyramid_sessiontoken import StepUpRequired
from pyramid_sessiontoken.policy.stepup import Demand, require_sign_in


def test_the_exception_is_forbidden():
    error = StepUpRequired()

    assert isinstance(error, HTTPForbidden)
    assert error.status_code == 403
    assert (error.max_age, error.amr) == (None, ())


@pytest.mark.parametrize("amr", ["otp", ("otp",), ["otp"]])
def test_the_exception_says_what_is_needed(amr):
    error = StepUpRequired("again", max_age=5, amr=amr, comment="no")

    assert error.detail == "again"
    assert (error.max_age, error.amr) == (5, ("otp",))


def test_the_log_names_the_user_and_the_view(make, caplog):
    caplog.set_level("INFO")

    def view(request):
        require_sign_in(request, Demand(60))

    client = make(setup=lambda c: add_view(c, "danger", view))
    client.post_json("/sign_in", {"userid": "o'neil"})
    client.clock.advance(61)

    client.get("/danger?token=secret", status=401)

    assert '"o\'neil" must sign in again for /danger' in caplog.text
    assert "secret" not in caplog.text
