"""What keeps sessions, as the settings say."""

import pytest
from pyramid.response import Response
from pyramid.security import forget, remember
from support import START, stored
from support.settings import (
    assert_bad_value_is_told,
    assert_contradiction_is_told,
    read,
)
from support.stored import (
    REFERENCES,
    Drawer,
    FourVerbs,
    alive,
    end,
    kept_of,
    registering,
    repository_of,
    store_of,
)
from support.tokens import make_ticket

from pyramid_sessiontoken.interfaces import (
    IClock,
    ISessionStore,
    ITokenRepository,
)
from pyramid_sessiontoken.repositories.memory import MemoryRepository


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            {"token.form": "reference"},
            ["token.form: reference needs", "repository"],
        ),
        (
            {"cookie.form": "reference"},
            ["cookie.form: reference needs", "repository"],
        ),
        ({"revocation": "on"}, ["revocation: on needs", "repository"]),
        (
            {
                "repository": "memory",
                "cookie.form": "reference",
                "sessions.limit": "3",
            },
            ["sessions.limit: only stored", "token.form = reference"],
        ),
        (
            {
                "repository": "memory",
                "token.form": "reference",
                "sessions.limit": "3",
            },
            ["sessions.limit: only stored", "cookie.form = reference"],
        ),
        (
            {"sessions.over_limit": "end_oldest"},
            ["sessions.over_limit needs", "sessions.limit"],
        ),
    ],
)
def test_a_contradiction_is_reported(given, words):
    assert_contradiction_is_told(given, words)


@pytest.mark.parametrize(
    "given",
    [
        {"token.form": "reference", "repository": "memory"},
        {"cookie.form": "reference", "session_store": "json:loads"},
        {"revocation": "on", "repository": "registered"},
        {"revocation": "off"},
        {
            "repository": "memory",
            "authenticators": "cookie basic",
            "basic.check": "json:loads",
            "cookie.form": "reference",
            "sessions.limit": "1",
            "sessions.over_limit": "refuse",
        },
    ],
)
def test_settings_at_the_limit_are_allowed(given):
    _, faults = read(given)

    assert faults == []


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("sessions.limit", "0", "out of range"),
        ("sessions.limit", "-1", "out of range"),
        ("sessions.limit", "1000001", "out of range"),
        ("sessions.limit", "3.5", "not a whole number"),
        ("sessions.limit", "off", "not a whole number"),
        ("sessions.limit", True, "not a whole number"),
        ("sessions.over_limit", "end-oldest", "not one of them"),
    ],
)
def test_a_bad_value_is_reported_and_the_default_is_used(key, value, why):
    assert_bad_value_is_told(key, value, why)


def test_a_carrier_that_is_not_listed_need_not_be_counted(make):
    client = make(
        {
            "authenticators": "cookie basic",
            "repository": "memory",
            "cookie.form": "reference",
            "sessions.limit": "1",
        }
    )
    client.post_json("/sign_in", {})
    other = client.fresh()
    other.post_json("/sign_in", {})
    assert client.get("/identity").json["userid"] is None
    # What nobody accepts is not stored, and ends nothing.
    assert client.swap()["access_token"].count(".") == 2
    assert other.get("/identity").json["userid"] == "alice"


NAME = "__Host-sessiontoken"


def test_no_session_is_stored_by_default(make):
    client = make()
    assert kept_of(client) is None
    assert repository_of(client) is None
    assert store_of(client) is None
    token = client.swap()["access_token"]
    end(client, token, status=405)


@pytest.mark.parametrize("repository", [None, "memory"])
def test_an_own_session_store_is_used(make, repository):
    client = make(
        {
            "session_store": f"{stored.__name__}:Drawer",
            "repository": repository,
            **REFERENCES,
        }
    )
    store = store_of(client)
    assert type(store) is Drawer
    assert store.made_of == ({}, client.registry)
    token = client.swap()["access_token"]
    assert [*store.tickets] == [token]
    assert alive(client, token)
    client.post_json("/sign_in", {})
    assert client.get("/identity").json["userid"] == "alice"
    end(client, token)
    client.post("/sign_out")
    assert store.tickets == {}
    assert not alive(client, token)


def test_an_own_store_chooses_the_form_of_its_references(make):
    """A reference is a text; nothing more is said of it."""
    drawer = Drawer()
    drawer.prefix = "ticket-"
    client = make(
        {"session_store": drawer, **REFERENCES},
    )
    token = client.swap()["access_token"]
    assert alive(client, token)
    client.post_json("/sign_in", {})
    assert client.get("/identity").json["userid"] == "alice"


def test_a_registered_store_beats_the_default_store(make):
    drawer = Drawer()
    client = make(
        {"repository": "memory", **REFERENCES},
        before=registering(drawer, ISessionStore),
    )
    token = client.swap()["access_token"]
    assert [*drawer.tickets] == [token]
    assert alive(client, token)


def test_a_store_that_is_false_is_used(make):
    """One that has a length, of which nothing is left."""

    class Measured(Drawer):
        def __len__(self):
            return len(self.tickets)

    client = make({"session_store": Measured(), **REFERENCES})
    assert client.ask("pst_" + "x" * 43).json["userid"] is None
    client.post_json("/sign_in", {})
    store_of(client).tickets.clear()
    assert client.get("/identity").json["userid"] is None


def test_a_store_by_directive_serves_as_one_in_the_ini(make):
    drawer = Drawer()
    client = make(
        REFERENCES,
        setup=lambda config: config.set_sessiontoken_session_store(drawer),
    )
    token = client.swap()["access_token"]
    assert [*drawer.tickets] == [token]
    assert alive(client, token)


def test_a_repository_by_directive_serves_references(make, clock):
    mine = MemoryRepository(clock)
    client = make(
        REFERENCES,
        setup=lambda config: config.set_sessiontoken_repository(mine),
    )
    assert alive(client, client.swap()["access_token"])


def test_a_reference_cookie_without_a_repository_is_refused(make):
    """The repository left the settings; browsers still have the cookies."""
    client = make({"repository": "memory", **REFERENCES})
    client.post_json("/sign_in", {})
    without = make()
    without.set_cookie(NAME, client.cookies[NAME])
    response = without.get("/identity", status=200)
    assert response.json["userid"] is None
    without.post_json("/sign_in", {})
    assert without.get("/identity").json["userid"] == "alice"


def test_revocation_is_on_where_there_is_a_repository(make):
    client = make({"repository": "memory"})
    assert kept_of(client).revocations is not None
    token = client.swap()["access_token"]
    assert alive(client, token)
    end(client, token, status=204)
    assert not alive(client, token)


def test_revocation_can_be_switched_off(make):
    client = make({"repository": "memory", "revocation": "off", **REFERENCES})
    assert kept_of(client).revocations is None
    token = client.swap()["access_token"]
    # References end all the same.
    end(client, token, status=204)
    assert not alive(client, token)


@pytest.mark.parametrize("revocation", ["on", "off"])
def test_a_session_that_one_request_began_and_ended_is_over(make, revocation):
    def in_and_out(request):
        cookie = remember(request, "alice")[0][1]
        forget(request)
        return Response(cookie.partition(";")[0].partition("=")[2])

    def setup(config):
        config.add_route("in_and_out", "/in_and_out")
        config.add_view(in_and_out, route_name="in_and_out")

    client = make(
        {"repository": "memory", "revocation": revocation, **REFERENCES},
        setup=setup,
    )
    cookie = client.get("/in_and_out").text
    other = client.fresh()
    other.set_cookie(NAME, cookie)
    assert other.get("/identity").json["userid"] is None


def test_without_revocation_no_record_is_read(make, clock):
    asked = []

    class Noting(MemoryRepository):
        def get(self, key):
            asked.append(key)
            return super().get(key)

    client = make(
        {"repository": "registered", "revocation": "off"},
        before=registering(Noting(clock), ITokenRepository),
    )
    assert alive(client, client.swap()["access_token"])
    assert asked == []


#: Where self-contained tokens cannot be ended, though something is kept.
CANNOT_END = {
    "revocation off": {"repository": "memory", "revocation": "off"},
    "no powers": {"repository": f"{__name__}:Plain", "revocation": "off"},
    "no repository": {"session_store": f"{stored.__name__}:Drawer"},
}


class Plain(FourVerbs):
    def __init__(self, options, registry):
        super().__init__(registry.getUtility(IClock))


@pytest.mark.parametrize("settings", CANNOT_END.values(), ids=CANNOT_END)
def test_ending_what_cannot_be_ended_is_an_error(make, settings):
    client = make(settings)
    token = client.swap()["access_token"]
    response = end(client, token, status="*")
    assert alive(client, token)
    assert response.status_code == 405


@pytest.mark.parametrize("settings", CANNOT_END.values(), ids=CANNOT_END)
def test_revoking_what_cannot_be_revoked_is_an_error(make, settings):
    client = make(settings)
    token = client.swap()["access_token"]
    headers = {"Authorization": f"Session {token}"}
    response = client.fresh().post(
        "/token/revoke", {"token": token}, headers=headers, status="*"
    )
    assert alive(client, token)
    assert response.status_code == 400
    assert response.json["error"] == "unsupported_token_type"


@pytest.mark.parametrize("settings", CANNOT_END.values(), ids=CANNOT_END)
def test_sign_in_and_sign_out_work_without_revocation(make, settings):
    """The cookie says everything itself, and is deleted."""
    client = make(settings)
    client.post_json("/sign_in", {"userid": "alice"})
    client.post_json("/sign_in", {"userid": "bob"})
    assert client.get("/identity").json["userid"] == "bob"
    client.post("/sign_out")
    assert client.get("/identity").json["userid"] is None


@pytest.mark.parametrize("cache", ["cache_size", "cache_ttl"])
def test_the_first_level_cache_can_be_switched_off(make, clock, cache):
    asked = []

    class Noting(MemoryRepository):
        def get(self, key):
            asked.append(key)
            return super().get(key)

    client = make(
        {"repository": "registered", f"repository.{cache}": "0"},
        before=registering(Noting(clock), ITokenRepository),
    )
    token = client.swap()["access_token"]
    asked.clear()
    for _ in range(3):
        assert alive(client, token)
    assert len(asked) == 6


def test_two_issuers_cannot_read_each_others_records(make, clock):
    """They share keys and repository; each has a purpose of its own."""
    mine = MemoryRepository(clock)
    clients = [
        make(
            {"repository": "registered", "token.issuer": issuer, **REFERENCES},
            before=registering(mine, ITokenRepository),
        )
        for issuer in ("https://one.example", "https://two.example")
    ]
    ticket = make_ticket(exp=START + 3600, session_end=START + 36000)
    reference = store_of(clients[0]).store(ticket)
    assert store_of(clients[0]).retrieve(reference) == ticket
    assert store_of(clients[1]).retrieve(reference) is None
