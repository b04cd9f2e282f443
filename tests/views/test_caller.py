"""Unknown callers of the endpoint are told why."""

import base64

from support.endpoint import is_unkept


def test_a_401_does_not_tell_wrong_passwords_from_unknown_users(client):
    none = client.post("/token", status=401)
    wrong, unknown = (
        client.fresh().post(
            "/token",
            headers={
                "Authorization": "Basic " + base64.b64encode(shown).decode()
            },
            status=401,
        )
        for shown in (b"alice:wrong", b"nobody:wrong")
    )
    assert none.json["error"] == wrong.json["error"] == "invalid_client"
    assert is_unkept(none)
    # An unknown user gets the same answer as a wrong password.
    assert wrong.body == unknown.body
    assert wrong.headerlist == unknown.headerlist
    assert none.headers.getall("WWW-Authenticate") == [
        'Session realm="session"',
        'Basic realm="session", charset="UTF-8"',
    ]


def test_a_401_tells_only_expired_tokens_from_other_refusals(client):
    token = client.swap()["access_token"]
    client.clock.advance(3700)
    expired = client.post(
        "/token", headers={"Authorization": f"Session {token}"}, status=401
    )
    assert expired.json["error_description"] == "The token expired"
    assert expired.headers.getall("WWW-Authenticate")[0] == (
        'Session realm="session", error="invalid_token",'
        ' error_description="The token expired"'
    )
    answers = set()
    for junk in ("junk", token[:-3] + "AAA", "a.b.c", token + "x", ""):
        response = client.post(
            "/token", headers={"Authorization": f"Session {junk}"}, status=401
        )
        assert response.headers.getall("WWW-Authenticate")[0] == (
            'Session realm="session", error="invalid_token"'
        )
        answers.add(response.body)
    assert len(answers) == 1
