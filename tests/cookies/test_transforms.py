"""Content becomes protected bytes; all other bytes are refused."""

import hmac

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import example, given
from hypothesis import strategies as st
from pyramid.registry import Registry
from support.cookies import KNOWN
from support.keys import Rings
from support.tokens import FIRST, SECOND, STRANGER
from zope.interface.verify import verifyObject

from pyramid_sessiontoken.cookies.transforms import (
    ApplicationTransform,
    CurrentTransform,
    EncryptedTransform,
    SignedTransform,
)
from pyramid_sessiontoken.errors import InvalidCredential, Undecodable
from pyramid_sessiontoken.interfaces import ICookieTransform
from pyramid_sessiontoken.keys.base64url import (
    decode_base64url,
    encode_base64url,
)
from pyramid_sessiontoken.keys.derivation import derive
from pyramid_sessiontoken.keys.ring import Key

BOTH = [SignedTransform, EncryptedTransform]
PURPOSE = ("cookie", "__Host-sessiontoken", "https://issuer", "https://aud")
CONTENT = b'{"sub":"alice","sid":"ssssssssssssssssssssss","amr":["pwd"]}'


def make(kind, *keys, purpose=PURPOSE):
    return kind(Rings(*(keys or (FIRST,))), *purpose)


def reads(transform, protected):
    """Tell whether it is read. Only Undecodable may be raised."""
    try:
        transform.decode(protected)
    except Undecodable:
        return False
    return True


def refusal(transform, protected):
    with pytest.raises(Undecodable) as caught:
        transform.decode(protected)
    return caught.value.reason


@pytest.fixture(params=BOTH)
def kind(request):
    return request.param


def test_it_has_all_that_the_interface_asks(kind):
    assert verifyObject(ICookieTransform, make(kind))
    assert verifyObject(
        ICookieTransform,
        ApplicationTransform(make(SignedTransform), make(kind)),
    )


@pytest.mark.parametrize("kind", BOTH)
@given(content=st.binary(max_size=200))
@example(content=b"")
@example(content=b"\0" * 10_000)
def test_protected_content_comes_back(kind, content):
    transform = make(kind)

    assert transform.decode(transform.encode(content)) == content


@pytest.mark.parametrize("content", [b"", CONTENT], ids=["empty", "ticket"])
def test_a_flipped_bit_is_refused(kind, content):
    transform = make(kind)
    protected = transform.encode(content)

    read = []
    for position in range(len(protected) * 8):
        flipped = bytearray(protected)
        flipped[position // 8] ^= 1 << position % 8
        if reads(transform, bytes(flipped)):
            read.append(position)

    assert read == []
    assert reads(transform, protected)


@pytest.mark.parametrize("content", [b"", CONTENT], ids=["empty", "ticket"])
def test_nothing_may_be_cut(kind, content):
    """From the end, from the start, or one byte in between."""
    transform = make(kind)
    protected = transform.encode(content)
    size = len(protected)

    cuts = {protected[:end] for end in range(size)}
    cuts |= {protected[start:] for start in range(1, size)}
    cuts |= {protected[:i] + protected[i + 1 :] for i in range(size)}

    assert [cut for cut in cuts if reads(transform, cut)] == []
    assert len(cuts) > 2 * size - 2


@pytest.mark.parametrize("content", [b"", CONTENT], ids=["empty", "ticket"])
def test_no_byte_may_be_added(kind, content):
    """Each of the 256 behind or before, and some in between."""
    transform = make(kind)
    protected = transform.encode(content)

    more = [bytes([byte]) for byte in range(256)]
    longer = {protected + byte for byte in more}
    longer |= {byte + protected for byte in more}
    longer |= {
        protected[:i] + byte + protected[i:]
        for i in range(len(protected))
        for byte in (b"\0", b"\xff", protected[i : i + 1])
    }

    assert [text for text in longer if reads(transform, text)] == []
    assert len(longer) > 512


@pytest.mark.parametrize("kind", BOTH)
@given(protected=st.binary(max_size=100))
@example(protected=b"")
@example(protected=b"\1")
@example(protected=b"\2" + bytes(8))
def test_any_other_bytes_are_refused(kind, protected):
    transform = make(kind)
    [name] = transform.envelope.keys

    assert not reads(transform, protected)
    # The same behind the name of a known key.
    assert not reads(transform, transform.VERSION + name + protected)


def test_parts_of_two_values_do_not_make_a_third(kind):
    transform = make(kind)
    one, other = (transform.encode(c) for c in (CONTENT, CONTENT[::-1]))
    assert len(one) == len(other)

    mixed = {one[:i] + other[i:] for i in range(len(one))} - {one, other}

    assert mixed
    assert [value for value in mixed if reads(transform, value)] == []


def test_the_first_key_protects(kind):
    ring = make(kind, FIRST, SECOND)
    protected = ring.encode(CONTENT)

    assert make(kind, FIRST).decode(protected) == CONTENT
    reason = refusal(make(kind, SECOND), protected)
    assert reason == "its key is not in the key ring"


def test_every_key_of_the_ring_verifies(kind):
    ring = make(kind, STRANGER, SECOND, FIRST)

    for key in (FIRST, SECOND, STRANGER):
        protected = make(kind, key).encode(CONTENT)
        assert ring.decode(protected) == CONTENT


def test_values_of_a_removed_key_are_refused(kind):
    rings = Rings(FIRST)
    transform = kind(rings, *PURPOSE)
    protected = transform.encode(CONTENT)

    rings.replace(SECOND, FIRST)
    assert transform.decode(protected) == CONTENT
    renewed = transform.encode(CONTENT)

    rings.replace(SECOND)
    assert transform.decode(renewed) == CONTENT
    assert refusal(transform, protected) == "its key is not in the key ring"


def test_keys_are_derived_once_for_a_ring(kind):
    rings = Rings(FIRST)
    transform = kind(rings, *PURPOSE)
    before = transform.envelope.keys
    protected = transform.encode(CONTENT)
    assert transform.envelope.keys is before

    rings.replace(FIRST)

    assert transform.envelope.keys is not before
    assert list(transform.envelope.keys) == list(before)
    assert transform.decode(protected) == CONTENT


@pytest.mark.parametrize(
    "other",
    [
        ("token", *PURPOSE[1:]),
        (PURPOSE[0], "__Secure-sessiontoken", *PURPOSE[2:]),
        (PURPOSE[0], "__host-sessiontoken", *PURPOSE[2:]),
        (*PURPOSE[:2], "https://issuer2", PURPOSE[3]),
        (*PURPOSE[:3], "https://aud2"),
        (*PURPOSE[:2], PURPOSE[3], PURPOSE[2]),
        (*PURPOSE[:2], "https://issuerh", "ttps://aud"),
        PURPOSE[:3],
        (*PURPOSE, ""),
        (),
    ],
    ids=repr,
)
def test_a_value_is_refused_for_another_purpose(kind, other):
    """Another carrier, cookie name, issuer or audience."""
    ours, theirs = make(kind), make(kind, purpose=other)

    assert not reads(theirs, ours.encode(CONTENT))
    assert not reads(ours, theirs.encode(CONTENT))


@pytest.mark.parametrize(("one", "other"), [BOTH, BOTH[::-1]])
def test_signed_and_encrypted_values_are_not_interchangeable(one, other):
    reader, protected = make(one), make(other).encode(CONTENT)
    rest = protected[1:]

    assert refusal(reader, protected) == "it has another format"
    assert not reads(reader, reader.VERSION + rest)
    # The same under the name of the reader's own key.
    [name] = reader.envelope.keys
    assert not reads(reader, reader.VERSION + name + rest[len(name) :])


@pytest.mark.parametrize("version", [0, 3, 4, 0x7B, 0xFF])
def test_a_value_of_another_version_is_refused(kind, version):
    transform = make(kind)
    [name] = transform.envelope.keys
    content = bytes([version]) + name + CONTENT

    assert refusal(transform, content) == "it has another format"


def test_content_without_protection_is_refused(kind):
    transform = make(kind)
    [name] = transform.envelope.keys
    head = transform.VERSION + name

    for bare in (
        CONTENT,
        head,
        head + CONTENT,
        head + CONTENT + bytes(32),
        head + bytes(12) + CONTENT + bytes(16),
    ):
        assert not reads(transform, bare)


def test_the_rings_own_key_signs_no_cookie():
    """It signs header tokens. Keys for other purposes are refused, too."""
    transform = make(SignedTransform)
    [name] = transform.envelope.keys
    signed = b"\1" + name + CONTENT

    for key in (
        FIRST.secret,
        FIRST.secret[:32],
        *derive([FIRST], *PURPOSE).values(),
        *derive([FIRST], *PURPOSE, "encrypted").values(),
        b"",
        bytes(32),
    ):
        mac = hmac.digest(key, signed, "sha256")
        assert refusal(transform, signed + mac) == "its signature is wrong"


def test_a_signed_value_is_version_key_name_content_and_mac():
    """The MAC is HMAC-SHA-256 (RFC 2104) over all bytes before it."""
    [(name, key)] = derive([FIRST], *PURPOSE, "signed").items()
    signed = b"\1" + name + CONTENT

    protected = make(SignedTransform).encode(CONTENT)

    assert protected == signed + hmac.digest(key, signed, "sha256")


def test_an_encrypted_value_is_version_key_name_nonce_and_sealed_content():
    """AES-256-GCM (NIST SP 800-38D); version and name are authenticated."""
    [(name, key)] = derive([FIRST], *PURPOSE, "encrypted").items()
    head = b"\2" + name

    transform = make(EncryptedTransform)
    protected = transform.encode(CONTENT)

    assert protected.startswith(head)
    nonce, sealed = protected[9:21], protected[21:]
    assert len(key) == 32
    assert len(sealed) == len(CONTENT) + 16
    assert AESGCM(key).decrypt(nonce, sealed, head) == CONTENT
    for tampered in (protected[:-1], head + nonce[:7], head):
        assert refusal(transform, tampered) == "it cannot be decrypted"


def test_signed_content_is_readable():
    assert CONTENT in make(SignedTransform).encode(CONTENT)


def test_an_encrypted_value_shows_only_its_length():
    transform = make(EncryptedTransform)
    values = [transform.encode(CONTENT) for _ in range(100)]
    start = 1 + 8

    assert not [v for v in values if CONTENT[:4] in v or b"alice" in v]
    assert {len(v) for v in values} == {len(CONTENT) + start + 12 + 16}
    # No nonce comes twice.
    assert len({v[start : start + 12] for v in values}) == 100


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: known["what"])
@pytest.mark.parametrize(
    ("kind", "text"),
    [(SignedTransform, "signed"), (EncryptedTransform, "encrypted")],
)
def test_the_known_answers_can_be_read(known, kind, text):
    """These values were computed without this library. A change that cannot
    read them signs every user out: it needs a new version of the format.
    """
    key = Key.of(decode_base64url(known["secret"]))
    content = bytes.fromhex(known["content"])

    for ring in ([key], [SECOND, key]):
        transform = make(kind, *ring, purpose=known["purpose"])
        protected = decode_base64url(known[text])
        assert transform.decode(protected) == content


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: known["what"])
def test_signing_gives_the_known_answers(known):
    """So the version before this one can read these values."""
    key = Key.of(decode_base64url(known["secret"]))
    transform = make(SignedTransform, key, purpose=known["purpose"])

    protected = transform.encode(bytes.fromhex(known["content"]))

    assert encode_base64url(protected) == known["signed"]


class Backwards:
    """An application's own transform; it remembers what it got."""

    def __init__(self):
        self.seen = []

    def encode(self, content):
        self.seen.append(content)
        return b"mine:" + content[::-1]

    def decode(self, protected):
        if not protected.startswith(b"mine:"):
            raise InvalidCredential("not mine")
        return protected[5:][::-1]


def test_an_applications_own_transform_gets_signed_content():
    own = Backwards()
    signed = make(SignedTransform, FIRST, SECOND)
    transform = ApplicationTransform(signed, own)

    protected = transform.encode(CONTENT)

    assert own.seen == [signed.encode(CONTENT)]
    assert protected == b"mine:" + own.seen[0][::-1]
    assert transform.decode(protected) == CONTENT


def test_content_of_a_transform_that_protects_nothing_cannot_be_forged():
    own = Backwards()
    transform = ApplicationTransform(make(SignedTransform), own)
    protected = transform.encode(CONTENT)

    flips = []
    for position in range(5 * 8, len(protected) * 8):
        flipped = bytearray(protected)
        flipped[position // 8] ^= 1 << position % 8
        flips.append(bytes(flipped))

    assert [value for value in flips if reads(transform, value)] == []
    assert not reads(transform, own.encode(CONTENT))
    assert not reads(transform, own.encode(b""))


def test_an_applications_own_transform_refuses_cookies_of_a_removed_key():
    own = Backwards()
    protected = ApplicationTransform(make(SignedTransform), own).encode(
        CONTENT
    )

    elsewhere = ApplicationTransform(make(SignedTransform, SECOND), own)

    assert refusal(elsewhere, protected) == "its key is not in the key ring"


def test_the_reason_of_an_applications_own_transform_is_kept():
    transform = ApplicationTransform(make(SignedTransform), Backwards())

    with pytest.raises(InvalidCredential, match=r"^not mine$"):
        transform.decode(make(SignedTransform).encode(CONTENT))


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (ValueError("boom"), "sessiontoken.cookie.transform failed"),
        (
            "text",
            "sessiontoken.cookie.transform did not return bytes",
        ),
    ],
)
def test_a_fault_of_an_applications_own_transform_is_named(
    caplog, answer, reason
):
    class Faulty(Backwards):
        def decode(self, protected):
            if isinstance(answer, Exception):
                raise answer
            return answer

    transform = ApplicationTransform(make(SignedTransform), Faulty())

    assert refusal(transform, b"mine:x") == reason
    logged = [reason] if isinstance(answer, Exception) else []
    assert caplog.messages == logged


def test_the_transform_that_is_registered_now_is_given():
    registry, signed = Registry(), make(SignedTransform)
    current = CurrentTransform(registry, signed)
    for kind in BOTH:
        ours = make(kind)
        registry.registerUtility(ours, ICookieTransform)
        assert current() is ours
    own = Backwards()
    registry.registerUtility(own, ICookieTransform)

    protected = current().encode(CONTENT)

    assert protected == own.encode(signed.encode(CONTENT))
    assert current().decode(protected) == CONTENT
