"""Another issuer: its keys, its tokens, and the server of its JWK Set."""

import base64
import hmac
import json
import socket
import threading
from contextlib import contextmanager
from functools import cache

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import (
    ec,
    ed448,
    ed25519,
    rsa,
)
from jwt.algorithms import get_default_algorithms

from support.tokens import FAR_AHEAD, LONG_AGO

ISSUER = "https://issuer.example"
AUDIENCE = "api"
SECRET = bytes(range(100, 164))

PYJWT = get_default_algorithms()
CURVES = {
    "ES256": ec.SECP256R1(),
    "ES384": ec.SECP384R1(),
    "ES512": ec.SECP521R1(),
    "ES256K": ec.SECP256K1(),
}
RSA_NAMES = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
PUBLIC_NAMES = (*RSA_NAMES, *CURVES, "EdDSA")


def private_key(algorithm, number=0):
    """Give a key; those of other numbers are strangers."""
    return _make(algorithm, number)


@cache
def _make(algorithm, number):
    if algorithm.startswith("HS"):
        return bytes(byte ^ number for byte in SECRET)
    if algorithm in RSA_NAMES:
        return rsa_key(2048, number)
    if algorithm in CURVES:
        return ec.generate_private_key(CURVES[algorithm])
    if algorithm == "Ed448":
        return ed448.Ed448PrivateKey.generate()
    return ed25519.Ed25519PrivateKey.generate()


@cache
def rsa_key(bits, number=0):
    return rsa.generate_private_key(65537, bits)


def pem(private):
    return (
        private.public_key()
        .public_bytes(
            serialization.Encoding.PEM,
            serialization.PublicFormat.SubjectPublicKeyInfo,
        )
        .decode()
    )


def jwk(algorithm="ES256", number=0, key=None, **changes):
    """Give a public JWK (or an ``oct`` one); ``None`` takes a member out."""
    if key is None:
        key = private_key(algorithm, number)
    if isinstance(key, bytes):
        member = {"kty": "oct", "k": b64(key)}
    else:
        name = "EdDSA" if algorithm == "Ed448" else algorithm
        member = PYJWT[name].to_jwk(key.public_key(), as_dict=True)
        member.pop("key_ops", None)
    member |= {"kid": f"{algorithm}-{number}", "use": "sig"}
    member |= changes
    return {k: v for k, v in member.items() if v is not None}


def jwks(*members):
    """Give the text of a JWK Set."""
    return json.dumps({"keys": members}).encode()


def b64(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def payload(**changes):
    """Give honest claims; ``None`` takes one out."""
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "alice",
        "iat": LONG_AGO,
        "exp": FAR_AHEAD,
        **changes,
    }
    return {k: v for k, v in claims.items() if v is not None}


def header(algorithm="ES256", number=0, **changes):
    said = {"alg": algorithm, "kid": f"{algorithm}-{number}", **changes}
    return {k: v for k, v in said.items() if v is not None}


def token(claims=None, said=None, algorithm="ES256", number=0, key=None):
    """Sign whatever is given: claims and header may be raw bytes."""
    said = header(algorithm, number) if said is None else said
    claims = payload() if claims is None else claims
    signed = ".".join(
        b64(part if isinstance(part, bytes) else compact(part))
        for part in (said, claims)
    )
    return f"{signed}.{sign(signed, algorithm, number, key)}"


def sign(text, algorithm="ES256", number=0, key=None):
    if key is None:
        key = private_key(algorithm, number)
    return b64(PYJWT[algorithm].sign(text.encode(), key))


def mac(text, key, digest="sha256"):
    return b64(hmac.digest(key, text.encode(), digest))


def compact(value):
    return json.dumps(value, separators=(",", ":")).encode()


class Issuer:
    """Serve a JWK Set on the loopback, as well or as badly as told.

    :ivar answer: bytes to send, or a callable that is given the connection
        and this.
    :ivar asked: the requests that came.
    """

    def __init__(self, context=None):
        self.answer = respond(jwks(jwk()))
        self.asked = []
        self._context = context
        self._closing = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        scheme = "http" if context is None else "https"
        self.url = f"{scheme}://localhost:{self.port}/keys"
        self._threads = [threading.Thread(target=self._serve)]
        self._threads[0].start()

    def close(self):
        self._closing.set()
        # accept() does not notice that its socket is closed.
        with socket.create_connection(("127.0.0.1", self.port)):
            pass
        self._threads[0].join()
        self._listener.close()
        for thread in self._threads[1:]:
            thread.join()

    def wait(self):
        """Wait until the test is over: for servers that never answer."""
        self._closing.wait()

    def pause(self, seconds):
        self._closing.wait(seconds)

    def is_closing(self):
        return self._closing.is_set()

    def _serve(self):
        while not self._closing.is_set():
            connection, _ = self._listener.accept()
            thread = threading.Thread(target=self._speak, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _speak(self, connection):
        try:
            with connection:
                if self._context is not None:
                    with self._context.wrap_socket(
                        connection, server_side=True
                    ) as secured:
                        self._answer(secured)
                else:
                    self._answer(connection)
        except OSError:
            pass  # The client hung up, as it should.

    def _answer(self, connection):
        request = b""
        while not request.endswith(b"\r\n\r\n"):
            received = connection.recv(4096)
            if not received:
                return
            request += received
        self.asked.append(request)
        answer = self.answer
        if callable(answer):
            answer(connection, self)
        else:
            connection.sendall(answer)


@contextmanager
def serving(context=None):
    issuer = Issuer(context)
    try:
        yield issuer
    finally:
        issuer.close()


def respond(body, status="200 OK", *headers):
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def drip(raw, every=0.02):
    """Answer one byte at a time."""

    def answer(connection, issuer):
        for byte in raw:
            if issuer.is_closing():
                return
            connection.sendall(bytes([byte]))
            issuer.pause(every)

    return answer


def hang(connection, issuer):
    issuer.wait()
