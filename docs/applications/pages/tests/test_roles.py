from .conftest import PASSWORD, give_roles


def test_editors_post_and_others_read(sign_up):
    alice = sign_up("alice", roles={"editor"})
    bob = sign_up("bob")

    form = alice.get("/").forms[1]
    form["text"] = "The lift is <broken>."
    form.submit(status=303)

    page = bob.get("/")
    assert "The lift is &lt;broken&gt;." in page
    assert "A new notice" not in page


def test_a_role_that_is_taken_away_counts_no_longer(sign_up, app):
    alice = sign_up("alice", roles={"editor"})
    form = alice.get("/").forms[1]
    give_roles(app, "alice", ())
    form["text"] = "Too late."
    refused = form.submit(status=403)
    assert "You may not do this" in refused


def test_administrators_give_roles(sign_up):
    admin, bob = sign_up("admin", roles={"admin"}), sign_up("bob")

    forms = admin.get("/users").forms
    # One form a user, by name, behind the one that signs out.
    of_admin, of_bob = forms[1], forms[2]
    of_bob.set("role", True, index=0)
    of_bob.submit(status=303)
    of_admin.set("role", False, index=1)
    of_admin.submit(status=303)

    assert "A new notice" in bob.get("/")
    bob.get("/users", status=403)
    assert admin.get("/users").forms[1].get("role", index=1).checked


def test_the_page_of_users_asks_for_the_password_again(sign_up, clock):
    admin = sign_up("admin", roles={"admin"})
    clock.advance(301)

    away = admin.get("/users", status=302)
    assert away.location.startswith(
        "https://board.example/again?next=%2Fusers"
    )
    form = away.follow().forms[1]
    form["password"] = "a guess"
    form = form.submit().forms[1]
    form["password"] = PASSWORD

    assert "admin" in form.submit().follow()
