"""Other libraries verify our tokens, with the keys that keygen made.

They read the clock of the machine, so the tokens are of the present.
"""

import base64
import json
import warnings

import httpx
import joserfc.errors
import jwt as pyjwt
import pytest
from support.clients import AUDIENCE, ISSUER, script_of

from pyramid_sessiontoken.keys.jwk import new_key, read_jwk_set, write_jwk_set
from pyramid_sessiontoken.scripts import main

TYPE = "session+jwt"


class Refused(Exception):
    """The library does not accept the token."""


@pytest.fixture
def with_joserfc(page):
    def verify(token, jwk_set, issuer, audience):
        try:
            return page.verify(token, jwk_set, issuer, audience)
        except (joserfc.errors.JoseError, ValueError) as error:
            raise Refused from error

    return verify


@pytest.fixture
def with_authlib():
    with warnings.catch_warnings():
        # In favour of joserfc.
        warnings.simplefilter("ignore")
        from authlib.jose import JsonWebKey, JsonWebToken
        from authlib.jose.errors import JoseError

    def verify(token, jwk_set, issuer, audience):
        keys = JsonWebKey.import_key_set(jwk_set)
        try:
            claims = JsonWebToken(["HS256"]).decode(
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
        if claims.header["typ"] != TYPE:
            raise Refused
        return dict(claims)

    return verify


@pytest.fixture
def with_pyjwt():
    def verify(token, jwk_set, issuer, audience):
        try:
            header = pyjwt.get_unverified_header(token)
            key = pyjwt.PyJWKSet.from_dict(jwk_set)[header["kid"]]
            claims = pyjwt.decode(
                token,
                key.key,
                algorithms=["HS256"],
                issuer=issuer,
                audience=audience,
                options={"require": ["exp", "iat", "sub"]},
            )
        except (pyjwt.PyJWTError, KeyError) as error:
            raise Refused from error
        if header["typ"] != TYPE:
            raise Refused
        return claims

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

JSONWEBTOKEN = """
import jwt from "jsonwebtoken";

export function verify(token, jwkSet, issuer, audience) {
  const find = ({kid, typ}, done) => {
    const jwk = jwkSet.keys.find((key) => key.kid === kid);
    if (jwk === undefined || typ !== "session+jwt") done(new Error("no key"));
    else done(null, Buffer.from(jwk.k, "base64url"));
  };
  const options = {algorithms: ["HS256"], issuer, audience};
  return new Promise((resolve, reject) => {
    jwt.verify(token, find, options, (error, claims) => {
      if (error) reject(error);
      else resolve(claims);
    });
  });
}
"""


def in_node(tell, script):
    def verify(*arguments):
        answer = tell(arguments, verify=script, main=MAIN)
        if "refused" in answer:
            raise Refused(answer["refused"])
        return answer["claims"]

    return verify


@pytest.fixture
def with_jose(tell):
    return in_node(tell, script_of("verify"))


@pytest.fixture
def with_jsonwebtoken(tell):
    return in_node(tell, JSONWEBTOKEN)


@pytest.fixture(
    params=["joserfc", "authlib", "pyjwt", "jose", "jsonwebtoken"],
)
def verify(request):
    return request.getfixturevalue(f"with_{request.param}")


def swap(service):
    """Give a token, its header and the keys that may have signed it."""
    url = f"{service.url}/token"
    with httpx.Client(trust_env=False) as client:
        answer = client.post(url, auth=("alice", "alice"))
    token = answer.json()["access_token"]
    header = pyjwt.get_unverified_header(token)
    return token, header, json.loads(service.jwk_set)


def test_a_token_verifies_by_the_key_that_it_names(verify, serve, tmp_path):
    kids = set()
    for _ in range(2):
        file = str(tmp_path / "sessiontoken.jwks")
        assert main(["keygen", "--add", file]) == 0
        token, header, jwk_set = swap(serve())
        assert set(header) == {"alg", "kid", "typ"}
        assert (header["alg"], header["typ"]) == ("HS256", TYPE)
        kids.add(header["kid"])
        claims = verify(token, jwk_set, ISSUER, AUDIENCE)
        assert (claims["iss"], claims["aud"]) == (ISSUER, AUDIENCE)
        assert (claims["sub"], claims["roles"]) == ("alice", ["admin"])
        assert claims["amr"] == ["pwd"]
        assert claims["exp"] == claims["iat"] + 3600
        assert claims["session_end"] == claims["auth_time"] + 36000
        # Without that key there is nothing to verify it with.
        others = [k for k in jwk_set["keys"] if k["kid"] != header["kid"]]
        with pytest.raises(Refused):
            verify(token, {"keys": others}, ISSUER, AUDIENCE)
    newest, former, *_ = jwk_set["keys"]
    assert kids == {newest["kid"], former["kid"]}


def test_another_issuer_audience_or_time_is_refused(verify, serve):
    token, _, jwk_set = swap(serve())
    for issuer, audience in (
        ("https://other.example", AUDIENCE),
        (ISSUER, "https://other.example"),
    ):
        with pytest.raises(Refused):
            verify(token, jwk_set, issuer, audience)
    expired, _, jwk_set = swap(serve(behind=2 * 3600))
    with pytest.raises(Refused):
        verify(expired, jwk_set, ISSUER, AUDIENCE)


def encode(value):
    raw = json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def test_a_forged_token_is_refused(verify, service):
    token, header, jwk_set = swap(service)
    head, payload, signature = token.split(".")
    claims = pyjwt.decode(token, options={"verify_signature": False})
    assert verify(token, jwk_set, ISSUER, AUDIENCE) == claims
    stranger = new_key()
    (key,) = [
        key
        for key in read_jwk_set(service.jwk_set)
        if key.kid == header["kid"]
    ]

    def sign(key, algorithm="HS256", kid=header["kid"], typ=TYPE):
        return pyjwt.encode(
            claims, key.secret, algorithm, {"kid": kid, "typ": typ}
        )

    assert verify(sign(key), jwk_set, ISSUER, AUDIENCE) == claims
    for forged in (
        f"{head}.{encode({**claims, 'sub': 'bob'})}.{signature}",
        f"{head}.{payload}.{signature[:-4]}AAAA",
        f"{encode({**header, 'alg': 'none'})}.{payload}.",
        sign(stranger),
        sign(stranger, kid=stranger.kid),
        sign(key, algorithm="HS512"),
        sign(key, typ="JWT"),
    ):
        with pytest.raises(Refused):
            verify(forged, jwk_set, ISSUER, AUDIENCE)
    (known,) = json.loads(write_jwk_set([stranger]))["keys"]
    known = {"keys": [{**known, "kid": header["kid"]}]}
    with pytest.raises(Refused):
        verify(token, known, ISSUER, AUDIENCE)
