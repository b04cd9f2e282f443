"""``bearer.*``: tokens of another issuer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..keys.algorithms import FORMS, is_hmac
from ..keys.strength import ALGORITHMS as HMAC
from ..tokens.jwt import bare_type
from .built_in import BuiltIn, Shared
from .issuer_keys import KEY_SET, VERIFYING_KEY, is_url, make_keys
from .kinds import (
    LIST,
    PATH_OR_OFF,
    TEXT,
    Kind,
    read_list,
    read_text,
    some_of,
)
from .row import PREFIX, setting
from .setup import Setup

# What reads tokens of other issuers is imported where one is configured.
if TYPE_CHECKING:
    from ..authenticators.bearer import BearerAuthenticator
    from ..issuers.logout_token import LogoutTokens
    from ..issuers.verifying_key import Keys

#: The template of a userid that every token can fill.
SUBJECT = "{sub}"

#: Claims that name something else than an audience (RFC 7519, section 4.1).
_NO_AUDIENCE = ("iss", "sub", "exp", "iat", "nbf", "jti")

#: OpenID Connect Back-Channel Logout 1.0, section 2.4.
_LOGOUT = "logout+jwt"


def read_template(value: Any) -> str:
    text = read_text(value)
    if text == SUBJECT:
        return text
    from ..issuers.claims import Template

    return Template(text).text


def read_claim_names(value: Any) -> tuple[str, ...]:
    from ..issuers.claims import read_names

    items = read_list(value)
    read_names(items)
    return items


def read_audience_claim(value: Any) -> str:
    name = read_text(value)
    if name in _NO_AUDIENCE:
        raise ValueError(f"{name} names no audience")
    return name


def read_type(value: Any) -> str:
    text = read_text(value)
    if bare_type(text) == _LOGOUT:
        raise ValueError("a logout token is no credential")
    return text


ALGORITHM_NAMES = some_of(*FORMS)
TEMPLATE = Kind("a text with names of claims in braces", read_template)
CLAIM_NAMES = Kind(
    "names of claims, also as theirs=ours; path.to.theirs=ours",
    read_claim_names,
)
AUDIENCE_CLAIM = Kind("the name of a claim", read_audience_claim)
TYPE = Kind("the typ of a JWT, say at+jwt", read_type)


@dataclass(frozen=True, slots=True)
class BearerSettings(BuiltIn):
    """Tokens of another issuer."""

    issuer: str | None = setting(
        TEXT, None, "Who issues the tokens: their iss."
    )
    audience: tuple[str, ...] | None = setting(
        LIST, None, "For whom the tokens are: their aud names one of these."
    )
    audience_claim: str = setting(
        AUDIENCE_CLAIM,
        "aud",
        "Another claim that names the audience: client_id for Amazon Cognito."
        " An aud beside it must name the audience, too.",
    )
    type: str | None = setting(
        TYPE,
        None,
        "The typ that tokens must have, say at+jwt, so that an ID token is no"
        " access token. Without it: no typ, JWT or at+jwt.",
    )
    algorithms: tuple[str, ...] | None = setting(
        ALGORITHM_NAMES,
        None,
        "The algorithms that sign the tokens; no other is believed.",
    )
    key: str | None = setting(
        VERIFYING_KEY,
        None,
        "The key that verifies the tokens: the PEM of a public key or of a"
        " certificate, or base64url for HMAC.",
    )
    jwks: str | None = setting(
        KEY_SET,
        None,
        "The keys that verify the tokens: a JWK Set (RFC 7517) in a file or"
        " at an https URL.",
    )
    userid: str = setting(
        TEMPLATE,
        SUBJECT,
        "A template of the userid from the token's claims, say {iss}#{sub}.",
    )
    claims: tuple[str, ...] | None = setting(
        CLAIM_NAMES,
        None,
        "Which claims are taken over, with their new names: email"
        " groups=roles, nested ones by dots: realm_access.roles=roles. roles,"
        " groups and scope never come in unnamed.",
    )

    logout_path: str | None = setting(
        PATH_OR_OFF,
        "off",
        "Where the issuer says that it signed a user out (OpenID Connect"
        " Back-Channel Logout 1.0). Needs a repository.",
    )
    logout_audience: tuple[str, ...] | None = setting(
        LIST,
        None,
        "The client ids that logout tokens are for; without it, those of"
        " audience.",
    )

    def faults_of_logout(
        self,
        *,
        is_listed: bool,
        has_repository: bool,
        revocation: bool | None,
    ) -> Iterator[str]:
        """Tell what sign-outs of the issuer need and lack.

        :param revocation: the value of the setting.
        """
        path = self.row("logout_path")
        if self.logout_path is None:
            if self.logout_audience is not None:
                yield f"{self.row('logout_audience')} needs {path}"
            return
        if not has_repository:
            yield f"{path} needs {PREFIX}repository"
        elif revocation is False:
            yield f"{path} needs {PREFIX}revocation = on"
        if is_listed:
            return  # What all tokens need is told with the authenticator.
        for row in ("issuer", "algorithms"):
            if getattr(self, row) is None:
                yield f"{path} needs {self.row(row)}"
        if self.key is None and self.jwks is None:
            yield f"{path} needs {self.row('key')} or {self.row('jwks')}"
        if self.audience is None and self.logout_audience is None:
            yield f"{path} needs {self.row('logout_audience')}"

    def faults(self, names: Mapping[str, str]) -> Iterator[str]:
        if self.key is not None and self.jwks is not None:
            yield (
                f"{self.row('key')} and {self.row('jwks')} exclude each other"
            )
        algorithms = self.algorithms or ()
        by_secret = HMAC.keys() & algorithms
        if by_secret and not is_hmac(algorithms):
            yield (
                f"{self.row('algorithms')}: {min(by_secret)} has a secret key"
                " and the others have public ones: a public key could be used"
                " as the secret, to make tokens"
            )
        if by_secret and is_url(self.jwks or ""):
            yield (
                f"{self.row('jwks')}: a secret key, as {min(by_secret)} has"
                " it, does not stand at a URL"
            )

    def lacks(self) -> Iterator[str]:
        for row in ("issuer", "audience", "algorithms"):
            if getattr(self, row) is None:
                yield self.needs(self.row(row))
        if self.key is None and self.jwks is None:
            yield self.needs(f"{self.row('key')} or {self.row('jwks')}")

    def make(self, setup: Setup, shared: Shared) -> BearerAuthenticator | None:
        from ..authenticators.bearer import BearerAuthenticator
        from ..issuers.claims import (
            MAX_TAKEN,
            ClaimsMapping,
            Template,
            read_names,
        )
        from ..issuers.tokens import ForeignTokens

        keys = self._keys(setup, shared)
        if (
            keys is None
            or self.issuer is None
            or self.audience is None
            or self.algorithms is None
        ):
            return None
        tokens = ForeignTokens(
            keys,
            self.issuer,
            self.audience,
            self.algorithms,
            shared.leeway,
            self.audience_claim,
            self.type,
        )
        mapping = ClaimsMapping(
            Template(self.userid),
            read_names(self.claims or ()),
            None if shared.writes_references else MAX_TAKEN,
        )
        name, by_audience = self.group, shared.issuers[self.issuer] > 1
        shared.bearers.add(
            name,
            lambda shown: tokens.takes(shown.claims, by_audience=by_audience),
        )
        return BearerAuthenticator(
            tokens,
            mapping,
            setup.clock.now,
            realm=shared.realm,
            among=shared.bearers,
            name=name,
            signouts=shared.signouts if self.logout_path else None,
        )

    def make_logout(self, setup: Setup, shared: Shared) -> LogoutTokens | None:
        """Make what reads logout tokens; ``None`` where the issuer sends none,
        and at a fault, which is told.
        """
        audience = self.logout_audience or self.audience
        if (
            self.logout_path is None
            or self.issuer is None
            or self.algorithms is None
            or audience is None
        ):
            return None
        from ..issuers.claims import Template
        from ..issuers.logout_token import LogoutTokens

        keys = self._keys(setup, shared)
        if keys is None:
            return None
        return LogoutTokens(
            keys,
            self.issuer,
            audience,
            self.algorithms,
            shared.leeway,
            Template(self.userid),
        )

    def _keys(self, setup: Setup, shared: Shared) -> Keys | None:
        """Make the keys once: those at a URL are fetched for all."""
        if self.group not in shared.issuer_keys:
            shared.issuer_keys[self.group] = make_keys(
                setup, self.group, self.key, self.jwks, self.algorithms
            )
        keys: Keys | None = shared.issuer_keys[self.group]
        return keys
