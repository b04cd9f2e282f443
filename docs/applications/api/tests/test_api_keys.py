import sqlite3
from contextlib import closing


def make_key(api, owner, scope):
    wanted = {"name": "backup", "scope": scope}
    made = api.post_json("/api-keys", wanted, headers=owner, status=201).json
    return made["id"], {"X-Api-Key": made["key"]}


def test_a_key_may_do_what_its_scope_says(api, sign_in):
    alice = sign_in("alice")
    api.post_json("/tasks", {"title": "Buy milk"}, headers=alice)
    _, reader = make_key(api, alice, "read")
    _, writer = make_key(api, alice, "read write")

    for key in (reader, writer):
        assert len(api.get("/tasks", headers=key).json) == 1
        api.get("/api-keys", headers=key, status=403)
    api.post_json("/tasks", {"title": "Buy tea"}, headers=reader, status=403)
    api.post_json("/tasks", {"title": "Buy tea"}, headers=writer, status=201)


def test_a_key_can_be_swapped_for_a_token_of_its_scope(api, sign_in):
    _, reader = make_key(api, sign_in("alice"), "read")
    token = api.post("/token", headers=reader).json["access_token"]
    shown = {"Authorization": f"Bearer {token}"}
    api.get("/tasks", headers=shown)
    api.post_json("/tasks", {"title": "Buy tea"}, headers=shown, status=403)


def test_a_key_that_was_removed_counts_no_longer(api, sign_in):
    alice, bob = sign_in("alice"), sign_in("bob")
    id_, key = make_key(api, alice, "read")
    api.delete(f"/api-keys/{id_}", headers=bob, status=404)
    api.get("/tasks", headers=key)
    api.delete(f"/api-keys/{id_}", headers=alice, status=204)
    api.get("/tasks", headers=key, status=401)


def test_the_database_does_not_hold_the_key(api, sign_in, tmp_path):
    alice = sign_in("alice")
    _, key = make_key(api, alice, "read")
    assert "key" not in api.get("/api-keys", headers=alice).json[0]
    with closing(sqlite3.connect(tmp_path / "tasks.sqlite")) as database:
        dumped = "\n".join(database.iterdump())
    assert "backup" in dumped
    assert key["X-Api-Key"] not in dumped
