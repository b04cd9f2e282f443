"""Other libraries verify our tokens with what is published, and nothing else.

They read the clock of the machine, so the tokens are of the present.
"""

import base64
import json
import os
import warnings

import httpx
import joserfc.errors
import jwt as pyjwt
import pytest
from support.clients import AUDIENCE, ELSEWHERE, ISSUER, page_of, script_of

from pyramid_sessiontoken.keys.file_ring import PROPAGATION
from pyramid_sessiontoken.keys.jwk import new_key
from pyramid_sessiontoken.scripts import main

TYPE = "session+jwt"

#: The tokens are so old, seconds: while the clock is advanced, none is from
#: the future.
BEHIND = 1200


class Refused(Exception):
    """The library does not accept the token."""


@pytest.fixture(scope="session")
def page():
    """Give what the Python blocks of the page define, without the last one."""
    return page_of(ELSEWHERE)


@pytest.fixture
def with_joserfc(algorithm):
    from joserfc import jwt
    from joserfc.jwk import KeySet

    def verify(token, published, issuer, audience):
        try:
            keys = KeySet.import_key_set(published)
            with warnings.catch_warnings():
                # RFC 9864 would call EdDSA Ed25519.
                warnings.simplefilter("ignore", joserfc.errors.SecurityWarning)
                read = jwt.decode(token, keys, algorithms=[algorithm])
            jwt.JWTClaimsRegistry(
                iss={"essential": True, "value": issuer},
                aud={"essential": True, "value": audience},
                exp={"essential": True},
            ).validate(read.claims)
        except (joserfc.errors.JoseError, ValueError) as error:
            raise Refused from error
        return read.claims

    return verify


@pytest.fixture
def with_authlib(algorithm):
    with warnings.catch_warnings():
        # In favour of joserfc.
        warnings.simplefilter("ignore")
        from authlib.jose import JsonWebKey, JsonWebToken
        from authlib.jose.errors import JoseError

    def verify(token, published, issuer, audience):
        keys = JsonWebKey.import_key_set(published)
        try:
            claims = JsonWebToken([algorithm]).decode(
                token,
                keys,
                claims_options={
                    "iss": {"essential": True, "value": issuer},
                    "aud": {"essential": True, "value": audience},
                    "exp": {"essential": True},
                },
            )
            claims.validate()
        except (JoseError, ValueError) as error:
            raise Refused from error
        return dict(claims)

    return verify


@pytest.fixture
def with_pyjwt(algorithm):
    def verify(token, published, issuer, audience):
        try:
            header = pyjwt.get_unverified_header(token)
            key = pyjwt.PyJWKSet.from_dict(published)[header["kid"]]
            return pyjwt.decode(
                token,
                key,
                algorithms=[algorithm],
                issuer=issuer,
                audience=audience,
                options={"require": ["exp", "iat", "sub"]},
            )
        except (pyjwt.PyJWTError, KeyError) as error:
            raise Refused from error

    return verify


MAIN = """
import {readFileSync} from "node:fs";
import {verify} from "./verify.mjs";

let answer;
try {
  answer = {claims: await verify(...JSON.parse(readFileSync(0)))};
} catch (error) {
  answer = {refused: error.message};
}
console.log(JSON.stringify(answer));
"""

JOSE = """
import {createLocalJWKSet, jwtVerify} from "jose";

export async function verify(token, published, issuer, audience) {
  const {payload} = await jwtVerify(token, createLocalJWKSet(published), {
    algorithms: ["ALGORITHM"],
    typ: "session+jwt",
    issuer,
    audience,
    requiredClaims: ["exp", "sub"],
  });
  return payload;
}
"""

JSONWEBTOKEN = """
import {createPublicKey} from "node:crypto";
import jwt from "jsonwebtoken";

export function verify(token, published, issuer, audience) {
  const find = ({kid, typ}, done) => {
    const jwk = published.keys.find((key) => key.kid === kid);
    if (jwk === undefined || typ !== "session+jwt") done(new Error("no key"));
    else done(null, createPublicKey({key: jwk, format: "jwk"}));
  };
  const options = {algorithms: ["ALGORITHM"], issuer, audience};
  return new Promise((resolve, reject) => {
    jwt.verify(token, find, options, (error, claims) => {
      if (error) reject(error);
      else resolve(claims);
    });
  });
}
"""


def in_node(tell, script, algorithm):
    def verify(*arguments):
        answer = tell(
            arguments,
            verify=script.replace("ALGORITHM", algorithm),
            main=MAIN,
        )
        if "refused" in answer:
            raise Refused(answer["refused"])
        return answer["claims"]

    return verify


@pytest.fixture
def with_jose(tell, algorithm):
    return in_node(tell, JOSE, algorithm)


@pytest.fixture
def with_jsonwebtoken(tell, algorithm):
    return in_node(tell, JSONWEBTOKEN, algorithm)


#: jsonwebtoken does not know EdDSA.
PAIRS = [
    (library, algorithm)
    for algorithm in ("ES256", "EdDSA")
    for library in ("joserfc", "authlib", "pyjwt", "jose", "jsonwebtoken")
    if (library, algorithm) != ("jsonwebtoken", "EdDSA")
]


@pytest.fixture(params=PAIRS, ids="-".join)
def library_and_algorithm(request):
    return request.param


@pytest.fixture
def algorithm(library_and_algorithm):
    return library_and_algorithm[1]


@pytest.fixture
def verify(request, library_and_algorithm):
    return request.getfixturevalue(f"with_{library_and_algorithm[0]}")


class Issuer:
    """An application whose tokens others verify."""

    def __init__(self, serve, path, algorithm):
        self.path = path
        self.service = serve(
            behind=BEHIND,
            token__algorithm=algorithm,
            token__keys=f"file:{path}",
        )
        self.clock = self.service.clock

    def get(self, path):
        with httpx.Client(trust_env=False) as client:
            return client.get(self.service.url + path)

    def published(self):
        return self.get("/token/jwks").json()

    def token(self):
        with httpx.Client(trust_env=False) as client:
            answer = client.post(
                f"{self.service.url}/token", auth=("alice", "alice")
            )
        return answer.json()["access_token"]


def start(serve, tmp_path, algorithm):
    path = tmp_path / "tokens.jwks"
    arguments = ["keygen", "--alg", algorithm, "--out", str(path)]
    assert main(arguments) == 0
    return Issuer(serve, path, algorithm)


@pytest.fixture
def issuer(serve, tmp_path, algorithm):
    return start(serve, tmp_path, algorithm)


def kid_of(token):
    return pyjwt.get_unverified_header(token)["kid"]


def test_tokens_verify_with_what_is_published_through_a_rotation(
    verify, issuer
):
    first = issuer.published()
    old = issuer.token()
    assert main(["keygen", "--add", str(issuer.path)]) == 0
    issuer.clock.advance(1)
    between = issuer.token()
    both = issuer.published()
    assert kid_of(between) == kid_of(old)
    assert verify(between, first, ISSUER, AUDIENCE)["sub"] == "alice"
    issuer.clock.advance(PROPAGATION)
    # It was fetched before the new key signed.
    new = issuer.token()
    assert kid_of(new) != kid_of(old)
    for token in (old, between, new):
        claims = verify(token, both, ISSUER, AUDIENCE)
        assert (claims["sub"], claims["roles"]) == ("alice", ["admin"])
        assert claims["exp"] == claims["iat"] + 3600
    keys = json.loads(issuer.path.read_text())["keys"]
    replaced = issuer.path.with_suffix(".new")
    replaced.write_text(json.dumps({"keys": keys[:1]}))
    os.replace(replaced, issuer.path)
    issuer.clock.advance(1)
    last = issuer.published()
    assert verify(new, last, ISSUER, AUDIENCE)["sub"] == "alice"
    with pytest.raises(Refused):
        verify(old, last, ISSUER, AUDIENCE)
    with pytest.raises(Refused):
        verify(new, first, ISSUER, AUDIENCE)


def encode(value):
    raw = json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def test_forged_tokens_are_refused(verify, issuer, algorithm):
    token, published = issuer.token(), issuer.published()
    head, payload, signature = token.split(".")
    header = pyjwt.get_unverified_header(token)
    claims = verify(token, published, ISSUER, AUDIENCE)
    stranger = new_key(algorithm)
    (public,) = published["keys"]
    secret = base64.urlsafe_b64decode(public["x"] + "=")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mac = pyjwt.encode(
            claims, secret, "HS256", {"kid": header["kid"], "typ": TYPE}
        )
    for forged in (
        f"{head}.{encode({**claims, 'sub': 'bob'})}.{signature}",
        f"{head}.{payload}.{signature[:-6]}AAAAAA",
        f"{encode({**header, 'alg': 'none'})}.{payload}.",
        mac,
        sign(claims, stranger, algorithm, header["kid"]),
        sign(claims, stranger, algorithm, stranger.kid),
    ):
        with pytest.raises(Refused):
            verify(forged, published, ISSUER, AUDIENCE)
    for issuer_, audience in (
        ("https://other.example", AUDIENCE),
        (ISSUER, "https://other.example"),
    ):
        with pytest.raises(Refused):
            verify(token, published, issuer_, audience)


def sign(claims, key, algorithm, kid):
    from pyramid_sessiontoken.keys.curves import private_key

    return pyjwt.encode(
        claims, private_key(key), algorithm, {"kid": kid, "typ": TYPE}
    )


# What the page shows


@pytest.fixture
def es256(serve, tmp_path):
    return start(serve, tmp_path, "ES256")


def rotate(issuer):
    token = issuer.token()
    assert main(["keygen", "--add", str(issuer.path)]) == 0
    issuer.clock.advance(1)
    issuer.published()
    issuer.clock.advance(PROPAGATION)
    later = issuer.token()
    assert kid_of(token) != kid_of(later)
    return token, later


def test_the_pyjwt_of_the_page_fetches_keys_again(page, es256):
    client = pyjwt.PyJWKClient(f"{es256.service.url}/token/jwks", lifespan=120)
    for token in rotate(es256):
        claims = page.verify_with_pyjwt(token, client, ISSUER, AUDIENCE)
        assert claims["sub"] == "alice"
    for wrong in (
        (token, client, ISSUER, "https://other.example"),
        (token + "A", client, ISSUER, AUDIENCE),
    ):
        with pytest.raises(pyjwt.PyJWTError):
            page.verify_with_pyjwt(*wrong)


def test_the_joserfc_of_the_page_verifies(page, es256):
    for token in rotate(es256):
        claims = page.verify_with_joserfc(
            token, es256.published(), ISSUER, AUDIENCE
        )
        assert claims["sub"] == "alice"
    with pytest.raises(joserfc.errors.JoseError):
        page.verify_with_joserfc(token, es256.published(), ISSUER, "other")


#: Verifies each token that comes in, one a line.
TALK = """
import {createInterface} from "node:readline";
import {verifier} from "./client.mjs";

let verify;
for await (const line of createInterface({input: process.stdin})) {
  const given = JSON.parse(line);
  if (verify === undefined) verify = verifier(...given);
  else try {
    console.log(JSON.stringify(await verify(given)));
  } catch (error) {
    console.log(JSON.stringify({refused: error.code}));
  }
}
"""


def test_the_jose_of_the_page_fetches_keys(node, es256):
    script = script_of("verifier", ELSEWHERE)
    with node(client=script, talk=TALK) as process:

        def tell(value):
            process.stdin.write(json.dumps(value) + "\n")
            process.stdin.flush()

        def ask(token):
            tell(token)
            return json.loads(process.stdout.readline())

        tell([es256.service.url, ISSUER, AUDIENCE])
        for token in rotate(es256):
            assert ask(token)["sub"] == "alice"
        assert "refused" in ask(token[:-6] + "AAAAAA")
        process.stdin.close()
        assert process.wait(30) == 0
