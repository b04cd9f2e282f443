def test_a_user_works_with_tasks(api, sign_in):
    alice = sign_in("alice")
    task = api.post_json(
        "/tasks", {"title": "Buy milk"}, headers=alice, status=201
    )
    path = f"/tasks/{task.json['id']}"

    done = {"id": task.json["id"], "title": "Buy milk", "done": True}
    assert api.patch_json(path, {"done": True}, headers=alice).json == done
    assert api.get("/tasks", headers=alice).json == [done]
    api.delete(path, headers=alice, status=204)
    assert api.get("/tasks", headers=alice).json == []


def test_nobody_sees_tasks_of_another_user(api, sign_in):
    alice, bob = sign_in("alice"), sign_in("bob")
    made = api.post_json("/tasks", {"title": "Buy milk"}, headers=alice).json
    assert api.get("/tasks", headers=bob).json == []
    api.delete(f"/tasks/{made['id']}", headers=bob, status=404)


def test_who_is_not_signed_in_is_told_how(api):
    refused = api.get("/tasks", status=401)
    assert refused.json["error"] == "unauthorized"
    challenges = refused.headers.getall("WWW-Authenticate")
    assert [each.split()[0] for each in challenges] == ["Bearer", "Basic"]


def test_what_the_document_does_not_allow_is_refused(api, sign_in):
    alice = sign_in("alice")
    api.post_json("/tasks", {"title": ""}, headers=alice, status=400)
    api.post_json("/tasks", {"title": 7}, headers=alice, status=400)


def test_a_sign_out_ends_the_token(api, sign_in):
    alice = sign_in("alice")
    api.delete("/token", headers=alice, status=204)
    api.get("/tasks", headers=alice, status=401)


def test_a_new_password_ends_the_tokens(api, sign_in, add_user, clock):
    alice = sign_in("alice")
    add_user("alice", "another password")
    clock.advance(300)
    api.get("/tasks", headers=alice, status=401)
