"""The settings of Basic."""

import sys

import pytest
from pwdlib.hashers.bcrypt import BcryptHasher
from support import KEY
from support.settings import (
    assert_bad_value_is_told,
    assert_contradiction_is_told,
    faults_of_start,
    read,
)

from pyramid_sessiontoken.config.registered import Registered


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("basic.check", "json:nothing", "cannot be imported"),
        ("basic.check", "string:digits", "cannot be called"),
    ],
)
def test_a_bad_value_is_reported_and_the_default_is_used(key, value, why):
    assert_bad_value_is_told(key, value, why)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            {"authenticators": "session basic"},
            ["authenticators: 'basic' needs", "basic.check", "basic.htpasswd"],
        ),
        (
            {"basic.check": "json:loads", "basic.htpasswd": "users"},
            ["basic.check", "basic.htpasswd", "exclude each other"],
        ),
    ],
)
def test_a_contradiction_is_reported(given, words):
    assert_contradiction_is_told(given, words)


@pytest.mark.parametrize(
    "given",
    [
        {"authenticators": "basic", "basic.check": "json:loads"},
        {"authenticators": "basic", "basic.htpasswd": "users"},
    ],
)
def test_settings_at_the_limit_are_allowed(given):
    _, faults = read(given)

    assert faults == []


def test_a_basic_authenticator_of_the_applications_own_needs_no_check():
    registered = Registered(frozenset({"basic"}))

    assert read({"authenticators": "basic"}, registered)[1] == []


def test_a_malformed_password_file_is_a_fault(tmp_path):
    file = tmp_path / "passwords"
    settings = {
        "keys": KEY,
        "authenticators": "basic",
        "basic.htpasswd": str(file),
    }
    assert "basic.htpasswd" in faults_of_start(settings)[0]
    file.write_text("alice:plain\n")
    assert "line 1" in faults_of_start(settings)[0]


def test_a_missing_extra_says_what_to_type(monkeypatch):
    monkeypatch.setitem(sys.modules, "pwdlib", None)
    monkeypatch.delitem(
        sys.modules,
        "pyramid_sessiontoken.authenticators.htpasswd",
        raising=False,
    )
    [fault] = faults_of_start(
        {"keys": KEY, "authenticators": "basic", "basic.htpasswd": "x"}
    )
    assert "pip install 'pyramid_sessiontoken[htpasswd]'" in fault


def test_an_htpasswd_file_signs_in(make, tmp_path):
    file = tmp_path / "passwords"
    file.write_text(f"alice:{BcryptHasher(rounds=4).hash('alice')}\n")
    client = make({"basic.check": None, "basic.htpasswd": str(file)})
    client.swap("alice")
    client.authorization = ("Basic", ("bob", "bob"))
    client.post("/token", status=401)
