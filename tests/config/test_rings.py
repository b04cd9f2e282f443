"""The key rings that an application has."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyramid.exceptions import ConfigurationError
from support import KEY, OTHER_KEY, START
from support.keys import put, put_keys
from support.settings import faults_of_start, only_fault, read
from support.tokens import FIRST, SECOND
from zope.interface import implementer

from pyramid_sessiontoken.config.rings import longest_life, register_rings
from pyramid_sessiontoken.config.setup import Setup
from pyramid_sessiontoken.expiry import LONGEST, ExpiryPolicy
from pyramid_sessiontoken.interfaces import IExpiryPolicy, IKeyRing
from pyramid_sessiontoken.keys.base64url import encode_base64url
from pyramid_sessiontoken.keys.file_ring import FileRing
from pyramid_sessiontoken.keys.jwk import new_key, write_jwk_set
from pyramid_sessiontoken.keys.ring import Key, KeyRing
from pyramid_sessiontoken.keys.rotating_ring import SPARE, RotatingRing

DAY = 86400
NUMBER = START // (30 * DAY)

ES256 = {"token.algorithm": "ES256"}
EDDSA = {"token.algorithm": "EdDSA"}


def ring_of(client, name=""):
    return client.registry.getUtility(IKeyRing, name)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "sessiontoken.jwks"
    put_keys(path, FIRST)
    return path


@pytest.fixture
def written(tmp_path):
    """Write keys to a file; give the setting that names it."""
    numbers = iter(range(100))

    def write(*keys):
        path = tmp_path / f"{next(numbers)}.jwks"
        path.write_text(write_jwk_set(keys))
        return f"file:{path}"

    return write


# keys.rotate


def test_without_the_setting_nothing_is_derived(make):
    assert type(ring_of(make())) is KeyRing


@pytest.mark.parametrize("value", ["23h", "86399", "0", "1x", "true", "-1d"])
def test_a_period_is_a_day_at_least(value):
    fault = only_fault({"keys.rotate": value})

    assert fault.startswith("sessiontoken.keys.rotate: ")
    assert fault.endswith("allowed: a duration from 1d on (30d), or off")


@pytest.mark.parametrize(("value", "length"), [("1d", DAY), ("86400", DAY)])
def test_the_length_of_a_period_is_read(value, length):
    parsed, faults = read({"keys.rotate": value})

    assert faults == []
    assert parsed.value("keys.rotate") == length
    assert read({"keys.rotate": "off"})[0].value("keys.rotate") is None


def test_a_random_key_has_no_periods():
    fault = only_fault({"keys": "ephemeral", "keys.rotate": "30d"})

    assert fault.startswith("sessiontoken.keys.rotate: ")
    assert "ephemeral" in fault
    assert "psessiontoken keygen" in fault


@pytest.mark.parametrize("keys", [None, KEY])
def test_a_ring_of_the_application_is_not_rotated(make, keys):
    def register(config):
        config.registry.registerUtility(KeyRing((SECOND,)), IKeyRing)

    with pytest.raises(ConfigurationError, match=r"keys\.rotate: a ring"):
        make({"keys": keys, "keys.rotate": "30d"}, register)


@pytest.mark.parametrize("from_file", [True, False])
def test_a_kid_that_would_come_twice_is_a_fault(written, from_file):
    keys = Key("a", FIRST.secret), Key(f"a.{10**6}", SECOND.secret)
    settings = {"keys": written(*keys), "keys.rotate": "30d"}

    (fault,) = faults_of_start(settings)

    assert "sessiontoken.keys: the key 'a.1000000' has the 'kid'" in fault
    assert "sessiontoken.keys.rotate" in fault


def test_a_file_with_such_a_kid_changes_nothing(make, path, clock, caplog):
    keys = Key("a", FIRST.secret), Key(f"a.{NUMBER + 1}", SECOND.secret)
    put_keys(path, keys[0])
    client = make({"keys": f"file:{path}", "keys.rotate": "30d"})
    before = ring_of(client).current
    put_keys(path, *keys)
    clock.advance(1)

    assert ring_of(client).current is before
    assert f"the key 'a.{NUMBER + 1}' has the 'kid' of" in caplog.text


def test_the_ring_of_header_tokens_is_never_derived(make, written):
    client = make({"token.keys": OTHER_KEY, "keys.rotate": "30d"})

    assert type(ring_of(client)) is RotatingRing
    assert type(ring_of(client, "token")) is KeyRing


@implementer(IExpiryPolicy)
class OwnPolicy:
    """It says to nobody how long a session lives."""


@pytest.mark.parametrize(
    ("settings", "kept"),
    [
        ({}, 36000),
        ({"expiry.absolute": "20d"}, 20 * DAY),
        (
            {
                "expiry.persistent.absolute": "90d",
                "expiry.persistent.sliding": "30d",
            },
            90 * DAY,
        ),
        (
            {"expiry.absolute": "2d", "expiry.persistent.absolute": "1d"},
            2 * DAY,
        ),
    ],
)
def test_a_key_is_kept_as_long_as_a_session_lives(make, settings, kept):
    client = make({"keys.rotate": "30d", **settings})

    assert ring_of(client).periods() == (30 * DAY, kept + SPARE, START)


def test_under_a_policy_of_ones_own_a_key_is_kept_for_400_days(make):
    def register(config):
        config.registry.registerUtility(OwnPolicy(), IExpiryPolicy)

    client = make({"keys.rotate": "30d"}, register)

    assert ring_of(client).periods().kept == 400 * DAY + SPARE


def test_how_long_a_session_lives_is_told_by_the_policy_itself():
    class Subclass(ExpiryPolicy):
        """What it does is unknown."""

    policy = ExpiryPolicy(absolute=5, persistent=(9, None))
    assert longest_life(policy) == 9
    assert longest_life(ExpiryPolicy(absolute=5)) == 5
    assert longest_life(Subclass(absolute=5)) == LONGEST
    assert longest_life(None) == LONGEST


def test_a_key_is_kept_for_other_things_that_live_longer(make, clock):
    client = make({"keys.rotate": "30d"})
    registry = client.registry
    registry.unregisterUtility(ring_of(client), IKeyRing)
    settings, _ = read({"keys.rotate": "30d"})
    setup = Setup(registry, {}, frozenset(), [])

    register_rings(setup, settings.keys, "HS256", (90 * DAY, 5))

    assert ring_of(client).periods().kept == 90 * DAY + SPARE


def test_a_file_of_roots_is_followed(make, path):
    client = make({"keys": f"file:{path}", "keys.rotate": "30d"})

    assert type(ring_of(client).source) is FileRing


# Key kinds never mix (RFC 8725, section 3.1)


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA"])
def test_private_keys_are_required(algorithm):
    fault = only_fault({"token.algorithm": algorithm})

    assert fault.startswith("sessiontoken.token.keys: there are none")
    assert f"psessiontoken keygen --alg {algorithm} --out" in fault


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA"])
def test_private_keys_are_for_header_tokens_alone(algorithm, written):
    settings = {
        "token.algorithm": algorithm,
        "token.keys": written(new_key(algorithm), new_key(algorithm)),
    }
    assert read(settings)[1] == []
    other = read({**settings, "keys": None})[1]
    assert [f.partition(";")[0] for f in other] == [
        "sessiontoken.keys: there are none"
    ]


@pytest.mark.parametrize("alg", [None, "HS256", "HS384", "HS512"])
@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA"])
def test_the_other_ring_may_name_any_hmac(algorithm, alg, written):
    settings = {
        "token.algorithm": algorithm,
        "token.keys": written(new_key(algorithm)),
        "keys": written(Key("a", FIRST.secret[:32], alg)),
    }

    assert read(settings)[1] == []


def wrong(kind):
    """Give JWKs of other kinds, by their kids."""
    good = json.loads(write_jwk_set([new_key(kind)]))["keys"][0]
    public = {k: v for k, v in good.items() if k != "d"}
    return [
        {**public, "kid": "public"},
        {"kty": "RSA", "kid": "rsa", "n": "AQ", "e": "AQAB", "d": "AQ"},
        {**good, "kid": "p384", "kty": "EC", "crv": "P-384"},
        {**good, "kid": "ed448", "kty": "OKP", "crv": "Ed448"},
    ]


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA"])
@pytest.mark.parametrize("key", ["keys", "token.keys"])
def test_each_key_of_another_kind_is_named(tmp_path, algorithm, key):
    path = tmp_path / "keys.jwks"
    path.write_text(json.dumps({"keys": wrong(algorithm)}))
    settings = {"token.algorithm": algorithm, key: f"file:{path}"}

    told = f"sessiontoken.{key}: the"
    faults = [f for f in read(settings)[1] if f.startswith(told)]

    (fault,) = faults
    for kid in ("public", "rsa", "p384", "ed448"):
        assert f"key {kid!r}" in fault


@pytest.mark.parametrize(
    ("algorithm", "other"), [("ES256", "EdDSA"), ("EdDSA", "ES256")]
)
def test_each_key_for_another_algorithm_is_named(written, algorithm, other):
    keys = [new_key(other), SECOND, new_key(algorithm), new_key(other)]
    settings = {"token.algorithm": algorithm, "token.keys": written(*keys)}

    _, faults = read(settings)

    told = [f.partition(" is refused: ")[0] for f in faults]
    assert told == [
        f"sessiontoken.token.keys: key {keys[0].kid!r}",
        "sessiontoken.token.keys: key 2",
        f"sessiontoken.token.keys: key {keys[3].kid!r}",
    ]
    for fault in faults:
        assert f"{algorithm} needs a private key on" in fault


@pytest.mark.parametrize("algorithm", ["HS256", "HS512"])
@pytest.mark.parametrize("key", ["keys", "token.keys"])
def test_a_private_key_is_no_secret(written, algorithm, key):
    private = new_key("ES256")
    settings = {"token.algorithm": algorithm, key: written(private)}

    fault = only_fault(settings)

    assert f"{key}: key {private.kid!r} is refused" in fault
    assert f"{algorithm} needs a secret" in fault


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA"])
def test_no_private_key_is_the_root_of_cookies(written, algorithm):
    settings = {
        "token.algorithm": algorithm,
        "token.keys": written(new_key(algorithm)),
        "keys": written(new_key(algorithm)),
    }

    fault = only_fault(settings)

    assert fault.startswith("sessiontoken.keys: key '")
    assert "needs a secret" in fault


PEM = """-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
-----END PRIVATE KEY-----
"""


@pytest.mark.parametrize("key", ["keys", "token.keys"])
@pytest.mark.parametrize("algorithm", ["HS256", "EdDSA"])
def test_a_pem_is_named(tmp_path, key, algorithm):
    path = tmp_path / "key.pem"
    path.write_text(PEM)
    settings = {key: f"{'' if key != 'keys' else KEY} file:{path}".strip()}
    number = len(settings[key].split())
    if algorithm != "HS256" and key == "keys":
        settings["token.keys"] = write_one(tmp_path, algorithm)

    fault = only_fault({"token.algorithm": algorithm, **settings})

    assert fault.startswith(f"sessiontoken.{key}: key {number} is a PEM")
    assert "MC4C" not in fault


def write_one(folder, algorithm):
    path = folder / "good.jwks"
    path.write_text(write_jwk_set([new_key(algorithm)]))
    return f"file:{path}"


@pytest.mark.parametrize("value", ["ephemeral", OTHER_KEY])
def test_a_secret_signs_no_token_that_others_verify(value):
    fault = only_fault({**ES256, "token.keys": value})

    assert "token.keys: key 1 is refused: it is a secret" in fault


@given(
    st.sampled_from(["ES256", "EdDSA"]),
    st.sampled_from(["HS256", "HS384", "HS512", "ES256", "EdDSA"]),
    st.sampled_from(["keys", "token.keys"]),
    st.sampled_from(["ES256", "ES384", "Ed25519", "EdDSA", "HS256", None]),
)
def test_no_fault_contains_a_private_key(
    tmp_path_factory, kind, algorithm, key, alg
):
    made = new_key(kind)
    (member,) = json.loads(write_jwk_set([made]))["keys"]
    member["alg"] = alg
    path = tmp_path_factory.getbasetemp() / "private.jwks"
    path.write_text(json.dumps({"keys": [member]}))

    _, faults = read({"token.algorithm": algorithm, key: f"file:{path}"})

    assert not [f for f in faults if member["d"] in f]
    fits = key == "token.keys" and algorithm == kind
    names = {"ES256": ("ES256",), "EdDSA": ("EdDSA", "Ed25519")}
    assert (faults == []) == (fits and alg in (None, *names[kind]))


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA"])
def test_a_file_of_private_keys_is_followed(
    make, tmp_path, clock, caplog, algorithm
):
    path = tmp_path / "tokens.jwks"
    old, new, stranger = (new_key(algorithm) for _ in range(3))
    put_keys(path, old)
    client = make({"token.algorithm": algorithm, "token.keys": f"file:{path}"})
    ring = ring_of(client, "token")
    put_keys(path, new, old)
    clock.advance(1)
    assert [key.kid for key in ring] == [old.kid, new.kid]
    caplog.clear()
    for text in (
        write_jwk_set([FIRST]),
        write_jwk_set([new, FIRST]),
        write_jwk_set([new_key({"ES256": "EdDSA"}.get(algorithm, "ES256"))]),
        PEM,
        encode_base64url(FIRST.secret),
        write_jwk_set([stranger])[:100],
    ):
        put(path, text)
        clock.advance(1)
        assert [key.kid for key in ring] == [old.kid, new.kid]
        assert "the previous keys stay in use" in caplog.text
        assert encode_base64url(stranger.secret) not in caplog.text
        caplog.clear()


def test_a_new_algorithm_ends_self_contained_header_tokens_alone(
    make, tmp_path
):
    database = f"sqlite:///{tmp_path}/sessions.db"
    tokens = tmp_path / "tokens.jwks"
    put_keys(tokens, new_key("ES256"))

    def start(**settings):
        return make(
            {
                "repository": "sqlalchemy",
                "repository.url": database,
                "repository.timeout": "5s",
                **settings,
            }
        )

    before = start()
    ended = before.swap()["access_token"]
    reference = start(**{"token.form": "reference"}).swap()["access_token"]
    before.post_json("/sign_in", {})
    cookie = "; ".join(f"{c.name}={c.value}" for c in before.cookiejar)
    after = start(**ES256, **{"token.keys": f"file:{tokens}"})
    assert after.ask(ended).json["userid"] is None
    assert after.ask(reference).json["userid"] == "alice"
    answer = after.get("/identity", headers={"Cookie": cookie})
    assert answer.json["userid"] == "alice"
