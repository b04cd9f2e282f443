from .conftest import PASSWORD

MINUTE, DAY = 60, 24 * 3600
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) Safari/604"


def is_in(browser):
    return browser.get("/", status="*").status_int == 200


def test_a_visitor_is_sent_to_the_sign_in_page_and_back(sign_up, browser):
    sign_up("alice")
    visitor = browser()

    away = visitor.get("/devices", status=302)
    assert away.location == "https://board.example/sign-in?next=%2Fdevices"
    form = away.follow().form
    form["name"], form["password"] = "alice", "a guess"
    assert "Wrong user name or password" in form.submit()
    form["name"], form["password"] = "Alice", PASSWORD

    assert form.submit().location == "https://board.example/devices"


def test_no_link_leads_to_another_host(sign_up, browser):
    sign_up("alice")
    form = browser().get("/sign-in?next=//evil.example").form
    form["name"], form["password"] = "alice", PASSWORD
    assert form.submit().location == "https://board.example/"


def test_a_sign_up_that_is_wrong_makes_no_user(sign_up, browser):
    sign_up("alice")
    form = browser().get("/sign-up").form
    for name, password, repeated, fault in (
        ("a b", PASSWORD, PASSWORD, "A user name has"),
        ("bob", "short", "short", "12 characters"),
        ("bob", PASSWORD, PASSWORD + "!", "differ"),
        ("ALICE", PASSWORD, PASSWORD, "taken"),
    ):
        form["name"], form["password"] = name, password
        form["repeated"] = repeated
        assert fault in form.submit(status=200)


def test_keep_me_signed_in_lasts_for_30_days(sign_up, sign_in, clock):
    here = sign_up("alice")
    at_home = sign_in("alice", stay=True)

    clock.advance(2 * 3600)
    assert not is_in(here)
    assert is_in(at_home)
    for _ in range(4):
        clock.advance(6 * DAY)
        assert is_in(at_home)
    clock.advance(6 * DAY)
    assert not is_in(at_home)


def test_guessing_a_password_is_stopped(sign_up, sign_in, clock):
    sign_up("alice")
    for _ in range(5):
        sign_in("alice", "a guess", status=200)
    sign_in("alice", status=429)
    clock.advance(MINUTE)
    assert is_in(sign_in("alice"))


def test_a_user_signs_another_device_out(sign_up, sign_in, clock):
    here = sign_up("alice")
    clock.advance(MINUTE)
    phone = sign_in("alice", user_agent=SAFARI)

    page = here.get("/devices")
    assert "Firefox on Linux" in page
    assert "Safari on iPhone" in page
    assert "192.0.2.7" in page
    # The latest one is the first, behind the form that signs out.
    page.forms[1].submit(status=303)

    assert not is_in(phone)
    assert is_in(here)


def test_nobody_ends_a_session_of_another_user(sign_up):
    alice, bob = sign_up("alice"), sign_up("bob")
    of_alice = alice.get("/devices").forms[1]["sid"].value
    form = bob.get("/devices").forms[1]
    form["sid"] = of_alice
    form.submit(status=303)
    assert is_in(alice)


def test_a_user_signs_out_everywhere(sign_up, sign_in):
    here = sign_up("alice")
    phone = sign_in("alice")
    forms = here.get("/devices").forms.values()
    (end_all,) = [f for f in forms if f.action == "/devices/end-all"]
    end_all.submit(status=303)
    assert not is_in(here)
    assert not is_in(phone)


def test_a_user_signs_out(sign_up):
    here = sign_up("alice")
    here.get("/").forms[0].submit(status=303)
    assert "__Host-sessiontoken" not in here.cookies
    assert not is_in(here)


def change_password(browser, old, new):
    form = browser.get("/password").forms[1]
    form["old"], form["new"], form["repeated"] = old, new, new
    return form.submit()


def test_a_new_password_signs_the_other_devices_out(sign_up, sign_in, clock):
    here = sign_up("alice", stay=True)
    phone = sign_in("alice", stay=True)
    new = "incorrect horse battery"

    assert "old password is wrong" in change_password(here, "a guess", new)
    assert "12 characters" in change_password(here, PASSWORD, "short")
    change_password(here, PASSWORD, new)

    assert not is_in(phone)
    assert is_in(here)
    # The device is still one that is kept signed in.
    clock.advance(2 * DAY)
    assert is_in(here)
    sign_in("alice", PASSWORD, status=200)
    assert is_in(sign_in("alice", new))
