"""A key is made, alone or in front of others."""

import json
import os

import jwt
import pytest

from pyramid_sessiontoken.keys.jwk import read_jwk_set
from pyramid_sessiontoken.keys.strength import weakness


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

    def refuse(number, uid, gid):
        raise PermissionError("it is somebody else's")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fchown", refuse, raising=False)
        status, _, err = run("keygen", "--add", str(file))
    assert (status, err) == (1, "it is somebody else's\n")
    assert [path.name for path in tmp_path.iterdir()] == ["keys.jwks"]
    assert file.read_text() == text


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
def test_keygen_follows_no_link_that_another_user_planted(run, tmp_path):
    """Whoever may write in the folder could read the keys through it."""
    file = tmp_path / "keys.jwks"
    file.write_text(run("keygen")[1])
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    victim.chmod(0o666)
    planted = tmp_path / "keys.jwks.new"
    planted.symlink_to(victim)

    assert run("keygen", "--add", str(file))[0] == 0

    assert victim.read_text() == "untouched"
    assert planted.is_symlink()
    assert not file.is_symlink()
    assert len(read_jwk_set(file.read_text())) == 2
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["keys.jwks", "keys.jwks.new", "victim"]


def test_each_run_writes_under_another_name(run, tmp_path, monkeypatch):
    file = tmp_path / "keys.jwks"
    file.write_text(run("keygen")[1])
    seen = []
    replace = os.replace

    def note(new, path):
        seen.append(new)
        if os.name != "nt":
            assert os.stat(new).st_mode & 0o077 == file.stat().st_mode & 0o077
        replace(new, path)

    monkeypatch.setattr(os, "replace", note)
    for _ in range(3):
        assert run("keygen", "--add", str(file))[0] == 0

    assert len(set(seen)) == 3
    assert {os.path.dirname(new) for new in seen} == {str(tmp_path)}


def test_keygen_writes_the_keys_to_the_disk_before_their_name(
    run, tmp_path, monkeypatch
):
    """Else a loss of power may leave an empty file."""
    file = tmp_path / "keys.jwks"
    file.write_text(run("keygen")[1])
    seen = []
    fsync, replace = os.fsync, os.replace

    def note_keys(number):
        seen.append(os.fstat(number).st_size)
        fsync(number)

    def note_name(new, path):
        seen.append(os.stat(new).st_size)
        replace(new, path)

    monkeypatch.setattr(os, "fsync", note_keys)
    monkeypatch.setattr(os, "replace", note_name)
    assert run("keygen", "--add", str(file))[0] == 0
    assert seen == [file.stat().st_size] * 2


@pytest.mark.parametrize("kind", ["RSA", "EC", "OKP"])
def test_keygen_keeps_a_set_of_one_kind(run, tmp_path, kind):
    file = tmp_path / "keys.jwks"
    text = json.dumps({"keys": [{"kty": kind, "kid": "a", "x": "AA"}]})
    file.write_text(text)

    status, _, err = run("keygen", "--add", str(file))

    assert status == 1
    assert err
    assert file.read_text() == text


def test_keygen_reads_a_file_with_a_byte_order_mark(run, tmp_path):
    file = tmp_path / "keys.jwks"
    file.write_text("\ufeff" + run("keygen")[1], encoding="utf-8")

    assert run("keygen", "--add", str(file))[0] == 0

    assert len(read_jwk_set(file.read_text(encoding="utf-8"))) == 2


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


@pytest.mark.parametrize(
    ("algorithm", "kty", "crv"),
    [
        ("HS256", "oct", None),
        ("HS384", "oct", None),
        ("HS512", "oct", None),
        ("ES256", "EC", "P-256"),
        ("EdDSA", "OKP", "Ed25519"),
    ],
)
def test_keygen_makes_a_key_for_an_algorithm(run, algorithm, kty, crv):
    status, out, _ = run("keygen", "--alg", algorithm)

    assert status == 0
    [key] = json.loads(out)["keys"]
    assert (key["kty"], key.get("crv")) == (kty, crv)
    assert key["alg"] == algorithm
    [read] = read_jwk_set(out)
    assert weakness(read, algorithm) is None
    assert json.loads(run("keygen", "--alg", algorithm)[1])["keys"] != [key]


@pytest.mark.parametrize("algorithm", ["RS256", "es256", "none", ""])
def test_keygen_makes_no_other_keys(run, algorithm, capsys):
    with pytest.raises(SystemExit) as ended:
        run("keygen", "--alg", algorithm)

    assert ended.value.code == 2
    assert "ES256" in capsys.readouterr().err


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA"])
def test_the_settings_take_a_private_key(run, make, tmp_path, algorithm):
    file = tmp_path / "tokens.jwks"
    assert run("keygen", "--alg", algorithm, "--out", str(file))[0] == 0
    client = make({"token.algorithm": algorithm, "token.keys": f"file:{file}"})
    token = client.swap()["access_token"]
    assert jwt.get_unverified_header(token)["alg"] == algorithm
    assert client.ask(token).json["userid"] == "alice"


# --out


def test_out_writes_a_file_and_prints_nothing(run, tmp_path):
    file = tmp_path / "keys.jwks"
    assert run("keygen", "--out", str(file)) == (0, "", "")
    assert len(read_jwk_set(file.read_text())) == 1
    assert file.read_text().endswith("}\n")
    assert [path.name for path in tmp_path.iterdir()] == ["keys.jwks"]


@pytest.mark.skipif(os.name == "nt", reason="there are no modes")
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_out_writes_for_the_owner_alone(run, tmp_path, umask):
    file = tmp_path / "keys.jwks"
    before = os.umask(umask)
    try:
        assert run("keygen", "--out", str(file))[0] == 0
    finally:
        os.umask(before)
    assert file.stat().st_mode & 0o777 == 0o600


def test_out_never_writes_over_a_file(run, tmp_path):
    file = tmp_path / "keys.jwks"
    file.write_text("precious")
    status, out, err = run("keygen", "--out", str(file))
    assert (status, out) == (1, "")
    assert f"{file} is there already" in err
    assert "--add" in err
    assert file.read_text() == "precious"


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
@pytest.mark.parametrize("is_there", [True, False])
def test_out_follows_no_link(run, tmp_path, is_there):
    target, link = tmp_path / "target", tmp_path / "keys.jwks"
    if is_there:
        target.write_text("precious")
    link.symlink_to(target)
    status, _, err = run("keygen", "--out", str(link))
    assert status == 1
    assert "is there already" in err
    assert link.is_symlink()
    assert target.exists() == is_there
    assert not is_there or target.read_text() == "precious"


def test_out_into_no_folder_is_a_sentence(run, tmp_path):
    status, _, err = run("keygen", "--out", str(tmp_path / "no" / "keys"))
    assert status == 1
    assert "Traceback" not in err
    status, _, err = run("keygen", "--out", str(tmp_path))
    assert status == 1


def test_out_leaves_no_half_of_a_file(run, tmp_path, monkeypatch):
    file = tmp_path / "keys.jwks"

    def fail(number, *args, **kwargs):
        os.close(number)
        raise OSError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr("builtins.open", fail)
        status, out, err = run("keygen", "--out", str(file))
    assert (status, out, err) == (1, "", "the disk is full\n")
    assert not file.exists()


def test_out_and_add_together_are_misuse(run, tmp_path):
    with pytest.raises(SystemExit) as ended:
        run("keygen", "--out", str(tmp_path / "a"), "--add", "b")
    assert ended.value.code == 2
    assert not [*tmp_path.iterdir()]


# One kind


@pytest.mark.parametrize("given", ["ES256", "EdDSA", "HS512"])
def test_add_keeps_the_kind_that_is_there(run, tmp_path, given):
    file = tmp_path / "keys.jwks"
    file.write_text(run("keygen", "--alg", given)[1])
    assert run("keygen", "--add", str(file))[0] == 0
    assert run("keygen", "--alg", given, "--add", str(file))[0] == 0
    keys = read_jwk_set(file.read_text())
    assert len({key.kid for key in keys}) == 3
    assert len({key.curve for key in keys}) == 1
    for key in keys:
        assert weakness(key, given) is None


@pytest.mark.parametrize("there", ["ES256", "EdDSA", "HS256"])
@pytest.mark.parametrize("given", ["ES256", "EdDSA", "HS256"])
def test_add_mixes_no_kinds(run, tmp_path, there, given):
    file = tmp_path / "keys.jwks"
    text = run("keygen", "--alg", there)[1]
    file.write_text(text)

    status, _, err = run("keygen", "--alg", given, "--add", str(file))

    assert status == (there != given)
    assert (file.read_text() == text) == (there != given)
    assert ("of one kind" in err) == (there != given)


def test_add_goes_on_with_no_mixed_set(run, tmp_path):
    file = tmp_path / "keys.jwks"
    keys = [
        json.loads(run("keygen", "--alg", algorithm)[1])["keys"][0]
        for algorithm in ("ES256", "HS256")
    ]
    text = json.dumps({"keys": keys})
    file.write_text(text)
    for more in ((), ("--alg", "ES256"), ("--alg", "HS256")):
        status, _, err = run("keygen", *more, "--add", str(file))
        assert status == 1
        assert "of one kind" in err
        assert file.read_text() == text
