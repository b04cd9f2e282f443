"""An issuer that tells of sign-outs, and an application that hears of them."""

from pyramid.response import Response
from pyramid.security import remember

from pyramid_sessiontoken.issuers.logout_token import EVENT
from support import START
from support.issuer import header, payload, pem, private_key, token

ISSUER = "https://issuer.example"

HEARING = {
    "authenticators": "session cookie bearer",
    "basic.check": None,
    "repository": "memory",
    "bearer.issuer": ISSUER,
    "bearer.audience": "api",
    "bearer.algorithms": "ES256",
    "bearer.key": pem(private_key("ES256")),
    "bearer.logout_path": "/signed-out",
}

FORMS = {
    "self-contained": {},
    "reference": {"token.form": "reference", "cookie.form": "reference"},
}


def logout_claims(at=START, **changes):
    """Give honest claims of a logout token; ``None`` takes one out."""
    claims = {
        "iss": ISSUER,
        "aud": "api",
        "sub": "alice",
        "iat": at,
        "exp": at + 120,
        "jti": "a",
        "events": {EVENT: {}},
        **changes,
    }
    return {k: v for k, v in claims.items() if v is not None}


def logout_token(at=START, said=None, **changes):
    said = header(typ="logout+jwt") if said is None else said
    return token(logout_claims(at, **changes), said)


def access_token(at=START, **changes):
    """Give a token of the issuer that was issued at a time."""
    return token(payload(iss=ISSUER, iat=at, **changes))


def tell(client, text=None, status=200, path="/signed-out", **fields):
    """Tell of a sign-out, as the issuer does."""
    fields = {"logout_token": text, **fields}
    return client.fresh().post(
        path, {k: v for k, v in fields.items() if v is not None}, status=status
    )


def issuing_to(said):
    """Make a view that signs a user in, as the application is told.

    :param said: ``how``, and other arguments.
    """

    def includeme(config):
        config.add_route("begin", "/begin")
        config.add_view(_begin, route_name="begin")

    def _begin(request):
        how, user = said["how"], said.get("user", "alice")
        more = {k: v for k, v in said.items() if k == "issuer_session"}
        if how in ("amr", "issue_amr"):
            more["amr"] = ("pwd", "otp")
        if how == "identity":
            user = request.sessiontoken.identity
        if how.startswith("issue"):
            issued = request.sessiontoken.issue(user, **more)
            return Response(json={"token": issued.access_token})
        return Response(headers=remember(request, user, **more))

    return includeme
