"""curl, as people type it."""

import json
import os
import re


def test_a_password_is_swapped_and_the_token_used(curl, service):
    url = service.url
    answer = json.loads(
        curl("-X", "POST", "-u", "alice:alice", f"{url}/token")
    )
    assert answer["token_type"] == "Session"
    assert answer["expires_in"] == 3600
    shown = ("-H", f"Authorization: Session {answer['access_token']}")
    assert json.loads(curl(*shown, f"{url}/identity"))["userid"] == "alice"
    assert curl(*shown, f"{url}/admin") == "hello"
    status = json.loads(curl(*shown, f"{url}/token/status"))
    assert status == {
        "active": True,
        "sub": "alice",
        "expires_in": 3600,
        "session_expires_in": 36000,
        "renews_in": 1800,
        "auth_time": service.clock.now(),
        "amr": ["pwd"],
    }


def test_a_renewed_token_is_among_the_headers(curl, service):
    url = service.url
    # GET likewise, for it is an explicit credential.
    answer = json.loads(curl("-u", "alice:alice", f"{url}/token"))
    shown = ("-H", f"Authorization: Session {answer['access_token']}")
    service.clock.advance(1800)
    headers = curl("-D", "-", "-o", os.devnull, *shown, f"{url}/identity")
    (renewed,) = re.findall(r"(?m)^Session-Token: (\S+)\r?$", headers)
    assert renewed != answer["access_token"]
    service.clock.advance(3000)
    shown = ("-H", f"Authorization: Session {renewed}")
    assert curl(*shown, f"{url}/admin") == "hello"


def test_curl_sends_bearer_tokens_by_its_own_option(curl, bearer_service):
    url = bearer_service.url
    body = ("-d", "grant_type=client_credentials")
    answer = json.loads(curl("-u", "alice:alice", *body, f"{url}/token"))
    shown = ("--oauth2-bearer", answer["access_token"])
    assert curl(*shown, f"{url}/admin") == "hello"


def test_curl_keeps_cookies_as_a_browser_does(curl, service, tmp_path):
    jar = str(tmp_path / "cookies")
    url = service.url
    curl("-c", jar, "-d", "{}", f"{url}/sign_in")
    both = ("-b", jar, "-c", jar)
    assert json.loads(curl(*both, f"{url}/identity"))["userid"] == "alice"
    curl(*both, "-X", "POST", f"{url}/sign_out")
    assert json.loads(curl(*both, f"{url}/identity"))["userid"] is None


def test_curl_sees_status_and_error_of_refusals(curl, service):
    url = service.url
    answer = curl(
        *("-u", "alice:wrong", "-X", "POST", "-w", "\n%{http_code}"),
        f"{url}/token",
    )
    body, code = answer.splitlines()
    assert code == "401"
    assert json.loads(body)["error"] == "invalid_client"
    code = ("-o", os.devnull, "-w", "%{http_code}")
    junk = ("-H", "Authorization: Session junk")
    assert curl(*code, *junk, f"{url}/admin") == "401"
    assert curl(*code, "-X", "PUT", f"{url}/token") == "405"
