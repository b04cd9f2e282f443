"""Requests that ask the repository itself whether a session was ended.

Two applications share a repository, as two processes do. Each has a
first-level cache of its own, which is five seconds late.
"""

import pytest
from pyramid.config import Configurator
from pyramid.exceptions import ConfigurationError
from pyramid.response import Response
from pyramid.security import remember
from pyramid.view import render_view_to_response
from support import KEY
from support.settings import faults_of_start
from support.stepup import Everyone as Root
from support.stepup import add_view, hello
from zope.interface import implementer, implementer_only

from pyramid_sessiontoken.errors import RepositoryUnavailable
from pyramid_sessiontoken.events import CredentialRefused
from pyramid_sessiontoken.interfaces import (
    IClaimsTransformer,
    ISessionStore,
    ITokenRepository,
)
from pyramid_sessiontoken.repositories.memory import MemoryRepository

FORMS = ["self-contained", "reference"]


class Asked(MemoryRepository):
    """Counts what is asked, and may be out of reach."""

    def __init__(self, clock):
        super().__init__(clock)
        self.asked = 0
        self.down = False

    def get(self, key):
        self.asked += 1
        if self.down:
            raise RepositoryUnavailable("down")
        return super().get(key)


@implementer_only(ITokenRepository)
class FourVerbs(Asked):
    """Without powers."""


@pytest.fixture(params=[Asked, FourVerbs])
def repository(request, clock):
    return request.param(clock)


@pytest.fixture
def pair(make, repository):
    """Make two applications, here and there, with the view /danger."""

    def make_pair(settings=(), setup=None, **options):
        def before(config):
            config.registry.registerUtility(repository, ITokenRepository)

        def set_up(config):
            add_view(config, "whoever", who)
            if options:
                add_view(config, **options)
            if setup is not None:
                setup(config)

        given = {"repository": "registered", **dict(settings)}
        return [
            make(given, setup=set_up, before=before, root_factory=Root)
            for _ in range(2)
        ]

    return make_pair


def who(request):
    return Response(str(request.authenticated_userid))


class InHeader:
    """A client with a token; ``end`` signs out elsewhere."""

    def __init__(self, here, there):
        self.token = here.swap()["access_token"]
        self.here, self.there = here, there

    def end(self):
        shown = {"Authorization": f"Session {self.token}"}
        self.there.delete("/token", headers=shown, status=204)

    def ask(self, path, method="GET", **kw):
        headers = {
            "Authorization": f"Session {self.token}",
            **kw.pop("headers", {}),
        }
        ask = getattr(self.here, method.lower())
        return ask(path, headers=headers, expect_errors=True, **kw)


class InCookie(InHeader):
    def __init__(self, here, there):
        here.post("/sign_in")
        self.here, self.there = here, there
        [(self.name, self.value)] = here.cookies.items()

    def end(self):
        self.there.set_cookie(self.name, self.value)
        self.there.post("/sign_out")

    def ask(self, path, method="GET", **kw):
        ask = getattr(self.here, method.lower())
        return ask(path, expect_errors=True, **kw)


BY_FORM = [
    pytest.param(carrier, {f"{key}.form": form}, id=f"{key}-{form}")
    for carrier, key in ((InHeader, "token"), (InCookie, "cookie"))
    for form in FORMS
]


@pytest.mark.parametrize(("carrier", "settings"), BY_FORM)
@pytest.mark.parametrize("permission", [{}, {"permission": "view"}])
def test_a_view_may_ask_the_repository_itself(
    pair, carrier, settings, permission
):
    here, there = pair(
        settings, name="danger", sessiontoken_check="now", **permission
    )
    client = carrier(here, there)
    assert client.ask("/danger").text == "hello"
    assert client.ask("/whoever").text == "alice"
    client.end()
    assert client.ask("/whoever").text == "alice"

    refused = client.ask("/danger")

    assert refused.status_code == 401
    scheme = refused.headers.getall("WWW-Authenticate")[0]
    assert scheme.startswith('Session realm="session"')
    # The cache has learnt it.
    assert client.ask("/whoever").text == "None"


@pytest.mark.parametrize(("carrier", "settings"), BY_FORM)
def test_what_was_judged_by_the_cache_is_judged_anew(pair, carrier, settings):
    """pyramid_tm, for example, asks who the user is before any view."""
    refused = []

    def setup(config):
        config.add_tween(f"{__name__}.asking")
        config.add_subscriber(refused.append, CredentialRefused)

    here, there = pair(
        settings,
        setup,
        name="danger",
        view=who,
        sessiontoken_check="now",
    )
    client = carrier(here, there)
    assert client.ask("/danger").text == "alice"
    client.end()
    refused.clear()

    assert client.ask("/danger").status_code == 401

    [event] = refused
    assert "ended" in event.reason


def asking(handler, registry):
    def tween(request):
        request.environ["seen"] = request.authenticated_userid
        return handler(request)

    return tween


def test_a_view_that_is_looked_up_asks_the_repository(pair):
    """Also one that is rendered without its permission."""

    def setup(config):
        config.add_view(
            hello, name="part", sessiontoken_check="now", permission="view"
        )

    def whole(request):
        secure = "secure" in request.GET
        return render_view_to_response(
            request.context, request, "part", secure
        )

    here, there = pair(setup=setup, name="whole", view=whole)
    for path in ("/whole", "/whole?secure"):
        client = InHeader(here, there)
        assert client.ask(path).text == "hello"
        client.end()
        assert client.ask(path).status_code == 401


def test_a_public_view_is_public(pair):
    """A cookie that cannot be read, or none, is no session that ended."""
    here, _ = pair(name="danger", view=who, sessiontoken_check="now")

    assert here.get("/danger").text == "None"
    here.set_cookie("__Host-sessiontoken", "nonsense")
    assert here.get("/danger").text == "None"


def test_another_credential_still_counts(pair):
    """A cookie whose session ended never shadows a password."""
    here, there = pair(name="danger", view=who, sessiontoken_check="now")
    client = InCookie(here, there)
    client.ask("/whoever")
    client.end()

    basic = {"Authorization": "Basic Ym9iOmJvYg=="}

    assert client.ask("/danger", headers=basic).text == "bob"


@implementer(IClaimsTransformer)
class Transformer:
    def __init__(self):
        self.called = 0

    def transform(self, identity, request):
        self.called += 1
        return identity


def test_a_password_is_checked_once(pair):
    checked = []
    transformer = Transformer()

    def check(username, password, request):
        checked.append(username)
        return username

    here, _ = pair(
        {"basic.check": check, "claims_transformer": transformer},
        lambda c: c.add_tween(f"{__name__}.asking"),
        name="danger",
        view=who,
        sessiontoken_check="now",
    )

    basic = {"Authorization": "Basic Ym9iOmJvYg=="}

    assert here.get("/danger", headers=basic).text == "bob"
    assert checked == ["bob"]
    assert transformer.called == 1


def signing_in(handler, registry):
    def tween(request):
        headers = remember(request, "alice")
        response = handler(request)
        response.headerlist.extend(headers)
        return response

    return tween


def test_who_signs_in_is_not_judged_by_the_cookie(pair):
    here, _ = pair(
        setup=lambda c: c.add_tween(f"{__name__}.signing_in"),
        name="danger",
        view=who,
        sessiontoken_check="now",
    )

    assert here.get("/danger").text == "alice"
    assert here.get("/danger").text == "alice"


@pytest.mark.parametrize(("carrier", "settings"), BY_FORM)
def test_an_outage_is_503_and_the_cache_is_no_help(
    pair, repository, carrier, settings
):
    here, there = pair(settings, name="danger", sessiontoken_check="now")
    client = carrier(here, there)
    client.ask("/whoever")
    repository.down = True
    assert client.ask("/whoever").text == "alice"

    refused = client.ask("/danger")

    assert refused.status_code == 503
    assert refused.headers["Retry-After"]
    repository.down = False
    assert client.ask("/danger").text == "hello"


@pytest.mark.parametrize(("carrier", "settings"), BY_FORM)
def test_an_ordinary_request_asks_nothing_more(
    pair, repository, carrier, settings
):
    here, there = pair(
        {"revocation.strict": "unsafe", **settings},
        name="danger",
        sessiontoken_check="now",
    )
    client = carrier(here, there)
    client.ask("/whoever")
    asked = repository.asked
    assert client.ask("/whoever").text == "alice"
    assert repository.asked == asked
    assert client.ask("/danger").text == "hello"
    assert repository.asked > asked


def test_a_renewal_goes_on_as_ever(pair):
    here, there = pair(name="danger", sessiontoken_check="now")
    client = InCookie(here, there)
    here.clock.advance(1800)

    assert "Set-Cookie" in client.ask("/danger").headers
    here.clock.advance(1800)
    client.end()
    assert "Set-Cookie" not in client.ask("/danger").headers


def test_a_renewal_noted_before_is_forgotten_with_the_session(pair):
    here, there = pair(
        setup=lambda c: c.add_tween(f"{__name__}.asking"),
        name="danger",
        sessiontoken_check="now",
    )
    client = InHeader(here, there)
    here.clock.advance(1800)
    client.ask("/public")
    client.end()

    refused = client.ask("/danger")

    assert refused.status_code == 401
    assert "Session-Token" not in refused.headers


@implementer(ISessionStore)
class OwnStore:
    """Tickets in a dictionary that both applications have."""

    def __init__(self):
        self.kept = {}

    def store(self, ticket):
        reference = f"own-{len(self.kept)}"
        self.kept[reference] = ticket
        return reference

    def retrieve(self, reference):
        return self.kept.get(reference)

    def renew(self, reference, ticket):
        self.kept[reference] = ticket
        return True

    def remove(self, reference):
        self.kept.pop(reference, None)


@pytest.mark.parametrize("carrier", [InHeader, InCookie])
@pytest.mark.parametrize("revocation", ["on", "off"])
def test_a_store_of_ones_own_is_asked_as_ever(pair, carrier, revocation):
    here, there = pair(
        {
            "token.form": "reference",
            "cookie.form": "reference",
            "session_store": OwnStore(),
            "revocation": revocation,
        },
        name="danger",
        sessiontoken_check="now",
    )
    client = carrier(here, there)
    assert client.ask("/danger").text == "hello"
    client.end()
    assert client.ask("/danger").status_code == 401


@pytest.mark.parametrize(("carrier", "settings"), BY_FORM)
def test_all_sessions_of_a_user_end_by_a_mark(pair, carrier, settings):
    """Without its powers, a repository keeps what a mark has ended."""

    def end_all(request):
        request.sessiontoken.revoke_all("alice")
        return Response()

    here, there = pair(
        settings,
        lambda c: add_view(c, "end_all", end_all),
        name="danger",
        sessiontoken_check="now",
    )
    client = carrier(here, there)
    assert client.ask("/whoever").text == "alice"
    there.get("/end_all")
    assert client.ask("/whoever").text == "alice"

    assert client.ask("/danger").status_code == 401


# revocation.strict


@pytest.mark.parametrize(("carrier", "settings"), BY_FORM)
def test_a_request_that_changes_something_is_strict(pair, carrier, settings):
    here, there = pair({"revocation.strict": "unsafe", **settings})
    client = carrier(here, there)
    assert client.ask("/whoever", "POST").text == "alice"
    assert client.ask("/whoever").text == "alice"
    client.end()
    assert client.ask("/whoever").text == "alice"
    assert client.ask("/whoever", "OPTIONS").text == "alice"

    assert client.ask("/whoever", "POST").text == "None"


def test_without_the_setting_it_is_not(pair):
    here, there = pair()
    client = InHeader(here, there)
    client.ask("/whoever")
    client.end()

    assert client.ask("/whoever", "POST").text == "alice"


def test_the_endpoint_is_strict(pair):
    here, there = pair(
        {"revocation.strict": "unsafe", "token.form": "reference"}
    )
    other = here.swap()["access_token"]
    for path, method in (
        ("/token", "POST"),
        ("/token", "GET"),
        ("/token/status", "GET"),
    ):
        client = InHeader(here, there)
        client.ask("/whoever")
        client.end()

        refused = client.ask(path, method)

        if path == "/token/status":
            assert refused.json == {"active": False}
        else:
            assert refused.status_code == 401
    client = InHeader(here, there)
    client.ask("/whoever")
    client.end()
    shown = {"Authorization": f"Session {other}"}
    told = here.post(
        "/token/introspect", {"token": client.token}, headers=shown
    )
    assert told.json == {"active": False}
    here.post("/token/revoke", {"token": client.token}, headers=shown)


# What can be revoked.


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"repository": "memory", "revocation": "off"},
    ],
)
def test_where_nothing_can_be_revoked_strictness_is_a_fault(settings):
    def setup(config):
        config.add_view(hello, sessiontoken_check="now")
        config.add_view(who, name="who", sessiontoken_check="now")

    faults = faults_of_start(
        {"keys": KEY, "revocation.strict": "unsafe", **settings}, setup
    )

    said = [f.partition(": nothing can be revoked")[0] for f in faults]
    assert said == [
        "- sessiontoken.revocation.strict",
        f"- sessiontoken_check of the view {__name__}.who",
        f"- sessiontoken_check of the view {hello.__module__}.hello",
    ]


@pytest.mark.parametrize(
    "settings",
    [
        {"repository": "memory"},
        {
            "repository": "memory",
            "revocation": "off",
            "cookie.form": "reference",
        },
        {"session_store": OwnStore(), "token.form": "reference"},
    ],
)
def test_where_something_can_be_revoked_it_is_none(make, settings):
    make(
        {"revocation.strict": "unsafe", **settings},
        setup=lambda c: c.add_view(hello, sessiontoken_check="now"),
    )


@pytest.mark.parametrize("autocommit", [True, False])
def test_a_view_that_comes_later_is_at_fault_itself(autocommit):
    config = Configurator(
        settings={"sessiontoken.keys": KEY}, autocommit=autocommit
    )
    config.include("pyramid_sessiontoken")
    config.commit()

    def add():
        config.add_view(hello, sessiontoken_check="now")
        config.commit()

    with pytest.raises(ConfigurationError, match="nothing can be revoked"):
        add()


@pytest.mark.parametrize("value", ["later", "", True, 0, False, ("now",)])
def test_there_is_no_other_check(value):
    config = Configurator(settings={"sessiontoken.keys": KEY})
    config.include("pyramid_sessiontoken")
    config.add_view(hello, sessiontoken_check=value)

    with pytest.raises(ConfigurationError) as caught:
        config.make_wsgi_app()

    said = f"sessiontoken_check: found {value!r}; allowed: 'now'"
    assert said in str(caught.value)


def test_under_another_policy_the_view_is_forbidden(pair):
    class Policy:
        def identity(self, request):
            return "alice"

        authenticated_userid = identity

        def permits(self, request, context, permission):
            return True

    here, _ = pair(
        setup=lambda c: c.set_security_policy(Policy()),
        name="danger",
        sessiontoken_check="now",
    )

    here.get("/danger", status=403)


def test_exception_views_may_ask_the_repository(pair):
    def setup(config):
        config.add_notfound_view(
            lambda r: Response("seen", 418), sessiontoken_check="now"
        )

    here, there = pair(setup=setup)
    client = InHeader(here, there)
    assert client.ask("/nowhere").status_code == 418
    client.end()
    assert client.ask("/nowhere").status_code == 401


def test_a_view_that_needs_a_new_sign_in_may_ask_the_repository(pair):
    here, there = pair(
        name="danger", sessiontoken_check="now", sessiontoken_max_age=300
    )
    client = InHeader(here, there)
    assert client.ask("/danger").text == "hello"
    client.end()
    refused = client.ask("/danger")
    assert refused.json["error"] == "invalid_token"
