import sqlite3
from contextlib import closing


def test_a_page_that_is_not_there(browser, sign_up):
    assert "Page not found" in browser().get("/nowhere", status=404)
    assert "Sign out alice" in sign_up("alice").get("/nowhere", status=404)


def test_a_form_of_a_session_that_ended(sign_up, clock):
    alice = sign_up("alice", roles={"editor"})
    form = alice.get("/").forms[1]
    form["text"] = "The lift is broken."
    clock.advance(2 * 3600)
    assert "You are signed out" in form.submit(status=401)


def test_a_form_without_its_csrf_token(sign_up):
    alice = sign_up("alice", roles={"editor"})
    page = alice.post("/", {"text": "Sent by another site."}, status=400)
    assert "This form is too old" in page


def test_a_sign_in_form_of_another_site(browser):
    form = {"name": "alice", "password": "x"}
    evil = {"Origin": "https://evil.example"}
    for path in ("/sign-in", "/sign-up"):
        browser().post(path, form, headers=evil, status=400)


def test_the_sessions_cannot_be_written(sign_up, sign_in, tmp_path):
    alice = sign_up("alice")
    with closing(sqlite3.connect(tmp_path / "sessions.sqlite")) as other:
        other.execute("BEGIN IMMEDIATE")
        elsewhere = sign_in("alice", status=503)
    assert "__Host-sessiontoken" not in elsewhere.cookies
    assert "Notices" in alice.get("/")
