"""The body of a request to the endpoint, which may be read again."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

#: A larger body is not read, bytes.
MAX_BODY = 65536

FORM = "application/x-www-form-urlencoded"


def read_body(request: Any) -> bytes | None:
    """Read the body, and leave it to be read again; ``None`` for one that is
    too large.

    :raises OSError: where the client hung up, or announced another length
        than it sent.
    """
    length = request.content_length
    if length is not None and length > MAX_BODY:
        return None
    if request.is_body_seekable:
        request.body_file_raw.seek(0)
    body: bytes = request.body_file.read(MAX_BODY + 1)
    if body:
        # What was not read is not kept: the answer is 413.
        request.body = body
    return body if len(body) <= MAX_BODY else None


def is_form(request: Any) -> bool:
    """Tell whether the body is announced as a form."""
    content_type: str = request.content_type.lower()
    return content_type == FORM


def parse_form(body: bytes) -> list[tuple[str, str]]:
    """Give the parameters in a form.

    :raises ValueError: for a body that is not a form.
    """
    return parse_qsl(
        body.decode("ascii"),
        keep_blank_values=True,
        errors="strict",
        max_num_fields=100,
    )


def names_grant_type(request: Any) -> bool:
    """Tell whether an OAuth 2 client sends the request: a form with a
    ``grant_type`` (RFC 6749, section 4.4.2).
    """
    if not is_form(request):
        return False
    try:
        pairs = parse_form(read_body(request) or b"")
    except (OSError, ValueError):
        return False  # The endpoint tells what is wrong with it.
    return any(name == "grant_type" for name, _ in pairs)
