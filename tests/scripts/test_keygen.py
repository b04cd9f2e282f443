"""A key is made, alone or in front of others."""

import json
import os

import jwt
import pytest

from pyramid_sessiontoken.keys.jwk import read_jwk_set


def test_keygen_makes_a_key_set_that_the_settings_take(run, make, tmp_path):
    status, out, _ = run("keygen")
    assert status == 0
    [key] = json.loads(out)["keys"]
    assert (key["kty"], key["use"]) == ("oct", "sig")
    [read] = read_jwk_set(out)
    assert len(read.secret) == 64
    file = tmp_path / "keys.jwks"
    file.write_text(out)
    client = make({"keys": f"file:{file}"})
    assert client.ask(client.swap()["access_token"]).json["userid"] == "alice"


def test_keygen_puts_a_new_key_in_front(run, tmp_path):
    file = tmp_path / "keys.jwks"
    file.write_text(run("keygen")[1])
    [old] = read_jwk_set(file.read_text())
    assert run("keygen", "--add", str(file)) == (0, "", "")
    assert [path.name for path in tmp_path.iterdir()] == ["keys.jwks"]
    new, kept = read_jwk_set(file.read_text())
    assert kept == old
    assert new != old


def test_keygen_does_not_change_a_file_that_is_no_key_set(run, tmp_path):
    file = tmp_path / "keys.jwks"
    file.write_text("{}")
    status, _, err = run("keygen", "--add", str(file))
    assert status == 1
    assert "JWK Set" in err
    assert file.read_text() == "{}"
    status, _, err = run("keygen", "--add", str(tmp_path / "absent"))
    assert status == 1
    assert "absent" in err


def test_after_a_restart_tokens_are_issued_with_the_new_key(
    run, ini, tmp_path
):
    file = tmp_path / "keys.jwks"
    file.write_text(run("keygen")[1])
    config = ini(keys=f"file:{file}")
    early = run("issue", config, "alice")[1].strip()
    assert run("keygen", "--add", str(file))[0] == 0
    late = run("issue", config, "alice")[1].strip()
    new, old = read_jwk_set(file.read_text())
    kids = [jwt.get_unverified_header(token)["kid"] for token in (early, late)]
    assert kids == [old.kid, new.kid]
    assert "accepted" in run("explain", config, early)[1]


@pytest.mark.skipif(os.name == "nt", reason="there are no owners and modes")
def test_keygen_leaves_owner_and_mode_as_they_are(run, tmp_path, monkeypatch):
    file = tmp_path / "keys.jwks"
    file.write_text(run("keygen")[1])
    file.chmod(0o640)
    before = file.stat()
    assert run("keygen", "--add", str(file))[0] == 0
    after = file.stat()
    for name in ("st_mode", "st_uid", "st_gid"):
        assert getattr(after, name) == getattr(before, name)
    assert after.st_ino != before.st_ino


def test_keygen_leaves_no_temporary_file_where_it_fails(
    run, tmp_path, monkeypatch
):
    file = tmp_path / "keys.jwks"
    text = run("keygen")[1]
    file.write_text(text)

    def refuse(new, uid, gid):
        raise PermissionError("it is somebody else's")

    with monkeypatch.context() as patch:
        patch.setattr(os, "chown", refuse, raising=False)
        status, _, err = run("keygen", "--add", str(file))
    assert (status, err) == (1, "it is somebody else's\n")
    assert [path.name for path in tmp_path.iterdir()] == ["keys.jwks"]
    file.with_name("keys.jwks.new").mkdir()
    assert run("keygen", "--add", str(file))[0] == 1
    assert file.read_text() == text


def test_keygen_keeps_other_members_of_a_set(run, tmp_path):
    file = tmp_path / "keys.jwks"
    there = json.loads(run("keygen")[1])
    there["keys"][0]["key_ops"] = ["sign", "verify"]
    there["note"] = "ours"
    file.write_text(json.dumps(there))
    assert run("keygen", "--add", str(file))[0] == 0
    now = json.loads(file.read_text())
    assert now["note"] == "ours"
    assert now["keys"][1:] == there["keys"]
    assert len(now["keys"]) == 2
