"""The body of a request, read so that it can be read again."""

import io

import pytest
from pyramid.request import Request

from pyramid_sessiontoken.policy.form import (
    MAX_BODY,
    names_grant_type,
    read_body,
)

FORM = "application/x-www-form-urlencoded"


class Once(io.RawIOBase):
    """A body that can be read once, as from a socket."""

    def __init__(self, content, fails=False):
        self.content, self.fails = io.BytesIO(content), fails

    def readable(self):
        return True

    def readinto(self, buffer):
        if self.fails:
            raise OSError
        return self.content.readinto(buffer)


def make_request(body=b"", length=True, content_type=FORM, fails=False):
    request = Request.blank("/token", method="POST")
    request.environ["wsgi.input"] = io.BufferedReader(Once(body, fails))
    request.environ["CONTENT_TYPE"] = content_type
    if length:
        request.environ["CONTENT_LENGTH"] = str(len(body))
    else:
        # As servers say that a chunked body ends by itself.
        request.environ.pop("CONTENT_LENGTH", None)
        request.environ["wsgi.input_terminated"] = True
    return request


@pytest.mark.parametrize("length", [True, False])
@pytest.mark.parametrize("body", [b"", b"a=b", b"x" * MAX_BODY])
def test_a_body_can_be_read_again(body, length):
    request = make_request(body, length)

    for _ in range(3):
        assert read_body(request) == body
    assert request.body == body
    assert read_body(request) == body
    if body == b"a=b":
        assert request.POST["a"] == "b"


@pytest.mark.parametrize("length", [True, False])
def test_a_body_over_the_limit_is_never_read(length):
    request = make_request(b"x" * (MAX_BODY + 1), length)

    for _ in range(2):
        assert read_body(request) is None


def test_a_body_that_was_read_by_others_is_read_from_its_beginning():
    """pyramid_retry makes it seekable, and a view may have read it."""
    request = make_request(b"a=b")
    request.make_body_seekable()
    request.body_file.read()

    assert read_body(request) == b"a=b"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"grant_type=client_credentials", True),
        (b"a=b&grant_type=", True),
        (b"grant_type", True),
        (b"", False),
        (b"a=b", False),
        (b"xgrant_type=b", False),
        (b"grant_type=%ff", False),
        (b"grant_type=\xff", False),
        (b"&".join([b"grant_type=a"] * 101), False),
        (b"grant_type=" + b"x" * MAX_BODY, False),
    ],
)
def test_a_form_names_a_grant_type(body, expected):
    assert names_grant_type(make_request(body)) is expected


def test_only_a_form_names_a_grant_type():
    body = b"grant_type=client_credentials"

    assert names_grant_type(make_request(body, content_type=FORM.upper()))
    for other in ("", "text/plain", "application/json"):
        assert not names_grant_type(make_request(body, content_type=other))


def test_a_request_that_breaks_off_names_no_grant_type():
    request = make_request(b"grant_type=a", fails=True)

    assert not names_grant_type(request)
