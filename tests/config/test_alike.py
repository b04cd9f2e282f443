"""Two authenticators of one kind can be told apart, or the start fails."""

import pytest
from support import KEY
from support.issuer import pem, private_key
from support.settings import faults_of_start, read

from pyramid_sessiontoken.config.authenticators import NAMEABLE
from pyramid_sessiontoken.config.settings import BUILT_IN, TABLE

GOOGLE, INTRANET = "https://google.example", "https://intranet.example"


def issuer(name, iss, number=0, **options):
    """Give the settings of an issuer, by the name of its authenticator."""
    every = {
        "issuer": iss,
        "audience": "api",
        "algorithms": "ES256",
        "key": pem(private_key("ES256", number)),
        **options,
    }
    return {f"{name}.{key}": value for key, value in every.items()}


TWO = {
    "authenticators": "session cookie google=bearer intranet=bearer",
    "basic.check": None,
    **issuer("google", GOOGLE, userid="google:{sub}"),
    **issuer("intranet", INTRANET, 1, claims="email"),
}


def test_only_some_of_the_shipped_ones_have_other_names():
    assert {*NAMEABLE} == {*BUILT_IN} - {
        "session",
        "cookie",
        "access_token",
    }


def test_another_name_has_all_settings_with_their_defaults():
    parsed, faults = read({"authenticators": "session google=bearer"})

    assert len(faults) == 4
    rows = [key for key in parsed.table if key.startswith("google.")]
    theirs = [key for key in TABLE if key.startswith("bearer.")]
    assert rows == [key.replace("bearer", "google") for key in theirs]
    for key in theirs:
        mine = key.replace("bearer", "google")
        assert parsed.value(mine) == parsed.value(key)
        assert parsed.show(mine) == parsed.show(key)


def faults(**changes):
    changed = {k.replace("__", "."): v for k, v in changes.items()}
    given = {"keys": KEY, **TWO, **changed}
    return faults_of_start({k: v for k, v in given.items() if v is not None})


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"google__isuer": "x"},
            (
                "sessiontoken.google.isuer: there is no such setting; did you"
                " mean sessiontoken.google.issuer?"
            ),
        ),
        (
            {"googel__type": "x"},
            (
                "sessiontoken.googel.type: there is no such setting; did you"
                " mean sessiontoken.google.type?"
            ),
        ),
        (
            {"google__issuer": None},
            "authenticators: 'google' needs sessiontoken.google.issuer",
        ),
        (
            {"google__jwks": "keys.json"},
            (
                "sessiontoken.google.key and sessiontoken.google.jwks exclude"
                " each other"
            ),
        ),
        (
            {"google__algorithms": "RS257"},
            "sessiontoken.google.algorithms: not some of them",
        ),
        (
            {"google__key": "-----BEGIN PUBLIC KEY-----"},
            "sessiontoken.google.key: it is not a public key in PEM",
        ),
        (
            {"intranet__issuer": GOOGLE},
            (
                "sessiontoken.intranet.audience: 'google' has the same"
                " issuer, and the audience 'api', too: their tokens cannot be"
                " told apart"
            ),
        ),
        (
            {"google__userid": "{email}"},
            (
                "sessiontoken.intranet.userid: a user of 'google' could get"
                " the same userid, as sessiontoken.google.userid is '{email}';"
                " write intranet:{sub}, or {iss}#{sub}"
            ),
        ),
        (
            {"intranet__userid": "google:{email}"},
            "sessiontoken.intranet.userid: a user of 'google' could get",
        ),
    ],
)
def test_a_fault_names_the_setting(changes, told):
    [only] = faults(**changes)

    assert told in only


@pytest.mark.parametrize(
    ("listed", "told"),
    [
        ("x=baerer", "there is no authenticator 'baerer'; did you mean"),
        ("x=session", "'session' cannot have another name"),
        ("x=cookie", "'cookie' cannot have another name"),
        ("token=bearer", "'token' cannot be another name of 'bearer'"),
        ("bearer=bearer", "'bearer' cannot be another name of 'bearer'"),
        ("basic=api_key", "'basic' cannot be another name of 'api_key'"),
        ("a-b=bearer", "'a-b' cannot be another name of 'bearer'"),
        ("=bearer", "'' cannot be another name of 'bearer'"),
        ("realm=bearer", "'realm' cannot be another name of 'bearer'"),
        ("x=bearer x=basic", "a name comes twice"),
    ],
)
def test_a_bad_name_is_a_fault(listed, told):
    found = faults_of_start({"keys": KEY, "authenticators": listed})

    assert any(
        f"sessiontoken.authenticators: {told}" in fault for fault in found
    ), found


@pytest.mark.parametrize(
    ("listed", "given", "told"),
    [
        (
            "one=basic two=basic",
            {"one.check": "json:dumps", "two.check": "json:dumps"},
            (
                "sessiontoken.authenticators: 'one' and 'two' take the same"
                " credentials: list one of them"
            ),
        ),
        (
            "api_key two=api_key",
            {
                "api_key.check": "json:dumps",
                "two.check": "json:dumps",
                "two.header": "x_api_key",
            },
            (
                "sessiontoken.two.header: 'api_key' takes its credentials"
                " there, too: sessiontoken.api_key.header"
            ),
        ),
        (
            "client_certificate two=client_certificate",
            {
                "client_certificate.subject": "CN=a",
                "two.subject": "CN=a",
            },
            "sessiontoken.two.source: 'client_certificate' takes",
        ),
        (
            "remote_user two=remote_user",
            {},
            "sessiontoken.two.environ: 'remote_user' takes",
        ),
        (
            "one=remote_user two=remote_user",
            {
                "one.header": "X-User",
                "one.trusted_proxies": "10.0.0.1",
                "two.header": "X_USER",
                "two.trusted_proxies": "10.0.0.1",
            },
            "sessiontoken.two.header: 'one' takes",
        ),
        (
            "session two=api_key",
            {
                "token.header": "X-Token",
                "two.header": "x-token",
                "two.check": "json:dumps",
            },
            "sessiontoken.two.header: x-token is sessiontoken.token.header",
        ),
        (
            "session two=basic",
            {"token.scheme": "Basic", "two.check": "json:dumps"},
            "sessiontoken.token.scheme: Basic is the scheme",
        ),
    ],
)
def test_two_that_cannot_be_told_apart_are_a_fault(listed, given, told):
    [only] = faults_of_start({"keys": KEY, "authenticators": listed, **given})

    assert told in only


def test_templates_of_several_issuers():
    three = {
        **TWO,
        "authenticators": TWO["authenticators"] + " third=bearer",
        **issuer("third", "https://third.example"),
    }
    for good in ("third:{sub}", "{iss}#{sub}", "{sub}@third"):
        _, told = read(
            {k: v for k, v in {**three, "third.userid": good}.items() if v}
        )
        assert told == [], good
    for bad in ("{sub}", "{email}", "google:{sub}", "google:{email}"):
        _, told = read(
            {k: v for k, v in {**three, "third.userid": bad}.items() if v}
        )
        assert len(told) == 1, bad
        assert "sessiontoken.third.userid: a user of" in told[0]


def test_check_warns_of_a_bare_userid():
    parsed, _ = read({k: v for k, v in TWO.items() if v})

    told = [line for line in parsed.advice() if "userid" in line]

    assert told == [
        (
            "sessiontoken.intranet.userid = {sub}, and there is another"
            " issuer: one of its users may get the same userid; write"
            " intranet:{sub}, or {iss}#{sub}"
        )
    ]
    alone = {k: v for k, v in TWO.items() if v and "google" not in k}
    parsed, _ = read({**alone, "authenticators": "session intranet=bearer"})
    assert not [line for line in parsed.advice() if "userid" in line]


@pytest.mark.parametrize(
    ("listed", "others", "is_told"),
    [
        ("intranet=bearer basic", {"basic.check": "json:loads"}, True),
        ("intranet=bearer", {"basic.check": "json:loads"}, True),
        ("intranet=bearer ldap=basic", {"ldap.check": "json:loads"}, True),
        (
            "intranet=bearer basic",
            {
                "basic.check": "json:loads",
                "intranet.userid": "intranet:{sub}",
            },
            False,
        ),
        ("intranet=bearer", {}, False),
    ],
)
def test_a_bare_subject_beside_passwords_is_advised_against(
    listed, others, is_told
):
    alone = {k: v for k, v in TWO.items() if v and "google" not in k}
    given = {**alone, "authenticators": f"session {listed}", **others}

    parsed, faults = read(given)

    assert faults == []
    told = [line for line in parsed.advice() if "intranet.userid" in line]
    assert bool(told) == is_told
    assert all("users have a password here" in line for line in told)
