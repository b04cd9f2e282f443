"""What tests of the token endpoint share."""

import base64

#: Shows the password of bob.
BASIC = {"Authorization": "Basic " + base64.b64encode(b"bob:bob").decode()}

FORM = "application/x-www-form-urlencoded"


def is_unkept(response):
    """Check that an answer is JSON that no cache keeps."""
    assert response.content_type == "application/json"
    assert response.headers["Cache-Control"] == "private, no-store"
    assert response.headers["Pragma"] == "no-cache"
    return True
