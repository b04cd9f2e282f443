"""Sign-out ends the session, not only the token that is shown."""

import pytest

from pyramid_sessiontoken.errors import RepositoryUnavailable
from pyramid_sessiontoken.events import SessionEnded, SessionRenewed
from pyramid_sessiontoken.interfaces import ISessionStore, ITokenRepository
from pyramid_sessiontoken.keys.base64url import decode_base64url
from pyramid_sessiontoken.sessions.records import RecordNames

HALF = 1800


@pytest.fixture(params=["self-contained", "reference"])
def kept(make, request):
    return make({"repository": "memory", "token.form": request.param})


def show(token, **more):
    return {"Authorization": f"Session {token}", **more}


def cookie_of(client):
    [(name, value)] = client.cookies.items()
    return f"{name}={value}"


def watch(client, *kinds):
    told = []
    for kind in kinds:
        client.registry.registerHandler(told.append, (kind,))
    return told


def test_an_expired_token_ends_its_session_too(make):
    client = make({"repository": "memory"})
    told = watch(client, SessionEnded)
    early = client.swap()["access_token"]
    client.clock.advance(HALF)
    late = client.ask(early).headers["Session-Token"]
    client.clock.advance(HALF + 60)
    client.delete("/token", headers=show(early), status=204)
    assert client.ask(late).json["userid"] is None
    [event] = told
    assert event.ticket.sid == event.identity.ticket.sid
    assert event.identity.authenticator == "session"


def test_an_expired_cookie_ends_its_session_too(make):
    client = make({"repository": "memory"})
    client.post_json("/sign_in", {})
    early = {"Cookie": cookie_of(client)}
    client.clock.advance(HALF)
    client.get("/identity")
    late = {"Cookie": cookie_of(client)}
    client.clock.advance(HALF + 60)
    for site, userid in (("cross-site", "alice"), ("same-origin", None)):
        browser = client.fresh()
        browser.post("/sign_out", headers={**early, "Sec-Fetch-Site": site})
        said = client.fresh().get("/identity", headers=late).json
        assert said["userid"] == userid


def test_a_session_that_is_over_for_good_leaves_no_record(make):
    client = make({"repository": "memory"})
    token = client.swap()["access_token"]
    client.clock.advance(36000)
    repository = client.registry.getUtility(ITokenRepository)
    before = dict(repository._items)
    client.delete("/token", headers=show(token), status=204)
    assert repository._items == before


def test_without_a_repository_nothing_is_ended(make):
    client = make({})
    client.post_json("/sign_in", {})
    client.clock.advance(3600 + 60)
    assert client.post("/sign_out").status_code == 302


def test_a_barred_user_can_sign_out_for_good(make, kept):
    barred = []
    form = kept.registry["pyramid_sessiontoken.settings"].token.form
    client = make(
        {
            "repository": "memory",
            "token.form": form,
            "user_loader": lambda identity, request: (
                None if barred else identity
            ),
        }
    )
    token = client.swap()["access_token"]
    barred.append(True)
    client.delete("/token", headers=show(token), status=204)
    barred.clear()
    assert client.ask(token).json["userid"] is None


def test_sign_out_of_a_session_ignores_other_credentials(make):
    client = make(
        {
            "repository": "memory",
            "combine": "true",
            "authenticators": "session cookie basic",
        }
    )
    token = client.swap("alice")["access_token"]
    client.post_json("/sign_in", {"userid": "bob"})
    client.delete("/token", headers=show(token), status=204)
    assert client.fresh().ask(token).json["userid"] is None


def test_a_forged_token_ends_no_session(kept):
    token = kept.swap()["access_token"]
    forged = f"{token[:-9]}AAAAAAAAA"
    # An unknown reference may be one whose session was ended.
    status = 204 if token.startswith("pst_") else 401
    kept.delete("/token", headers=show(forged), status=status)
    assert kept.ask(token).json["userid"] == "alice"


def test_the_status_is_that_of_the_session_beside_other_credentials(make):
    client = make({"authenticators": "basic session cookie"})
    client.post_json("/sign_in", {"userid": "bob"})
    good = {"Authorization": "Basic YWxpY2U6YWxpY2U="}
    bad = {"Authorization": "Basic YWxpY2U6d3Jvbmc="}
    assert client.get("/token/status", headers=good).json["sub"] == "bob"
    assert client.get("/token/status", headers=bad).json == {"active": False}
    alone = client.fresh().get("/token/status", headers=good)
    assert alone.json == {"active": False}


def test_a_renewal_is_notified_only_where_it_happened(make):
    client = make({"repository": "memory", "token.form": "reference"})
    told = watch(client, SessionRenewed)
    token = client.swap()["access_token"]
    assert client.post("/token", headers=show(token)).json["expires_in"] == (
        3600
    )
    assert told == []
    client.clock.advance(HALF)
    client.post("/token", headers=show(token))
    assert len(told) == 1


def test_a_session_ended_in_another_process_is_not_renewed(make):
    """The ticket is in the cache of this process, and its record is gone."""
    settings = {"token.form": "reference"}
    here = make({**settings, "repository": "memory"})
    repository = here.registry.getUtility(ITokenRepository)
    there = make(
        {**settings, "repository": "registered"},
        before=lambda config: config.registry.registerUtility(
            repository, ITokenRepository
        ),
    )
    token = here.swap()["access_token"]
    assert there.ask(token).json["userid"] == "alice"
    here.delete("/token", headers=show(token), status=204)
    answer = there.post("/token", headers=show(token), status=401).json
    assert answer["error"] == "invalid_client"


def test_a_revoked_token_stays_revoked_under_other_settings(make):
    """A session of longer settings may have been ended before."""
    long = make({"repository": "memory", "expiry.sliding": "off"})
    repository = long.registry.getUtility(ITokenRepository)

    def shared(config):
        config.registry.registerUtility(repository, ITokenRepository)

    short = make(
        {
            "repository": "registered",
            "expiry.absolute": "1h",
            "expiry.sliding": "off",
        },
        before=shared,
    )
    token = long.swap()["access_token"]
    short.delete("/token", headers=show(token), status=204)
    long.clock.advance(2 * 3600)
    assert long.fresh().ask(token).json["userid"] is None


# A reference of a cookie does not work in a header.


@pytest.mark.parametrize("transform", ["signed", "encrypted"])
def test_a_reference_in_a_cookie_is_no_header_token(make, transform):
    client = make(
        {
            "repository": "memory",
            "cookie.form": "reference",
            "cookie.transform": transform,
        }
    )
    seen = []
    store = client.registry.getUtility(ISessionStore)
    keep = store.store

    def listen(*args):
        seen.append(keep(*args))
        return seen[-1]

    store.store = listen
    client.post_json("/sign_in", {})
    [reference] = seen
    assert client.get("/identity").json["userid"] == "alice"
    if transform == "signed":
        shown = client.cookies["__Host-sessiontoken"].partition(".")[2]
        assert reference.encode() in decode_base64url(shown)
    stranger = client.fresh()
    assert stranger.ask(reference).json["userid"] is None
    stranger.post("/token", headers=show(reference), status=401)
    client.clock.advance(HALF)
    client.get("/identity")
    assert stranger.ask(reference).json["userid"] is None


def test_a_header_reference_is_no_cookie(make):
    client = make(
        {
            "repository": "memory",
            "token.form": "reference",
            "cookie.form": "reference",
        }
    )
    token = client.swap()["access_token"]
    rules = client.registry["pyramid_sessiontoken.policy"].rules
    [header] = rules.cookie.jar.write(
        rules.cookie.sessions._form._codec.protect(token), None, None
    )
    pair = header[1].partition(";")[0]
    said = client.get("/identity", headers={"Cookie": pair}).json
    assert said["userid"] is None
    assert client.ask(token).json["userid"] == "alice"


class FourVerbs:
    """A repository of the application, and the options of its factory."""

    def __init__(self, options, registry):
        self.options = options
        self.items = {}

    def add_or_update(self, item):
        self.items[item.key] = item

    def get(self, key):
        return self.items.get(key)

    def remove(self, key):
        self.items.pop(key, None)

    def remove_all_before(self, date):
        """Keep all."""


def test_an_own_repository_gets_its_options_and_one_record_a_session(make):
    client = make(
        {
            "repository": FourVerbs,
            "repository.place": "strange://host",
            "repository.patience": "forever",
            "repository.colour": "red",
            "token.form": "reference",
        }
    )
    repository = client.registry.getUtility(ITokenRepository)
    assert repository.options == {
        "place": "strange://host",
        "patience": "forever",
        "colour": "red",
    }
    token = client.swap()["access_token"]
    names = RecordNames("pyramid_sessiontoken", "pyramid_sessiontoken")
    assert [(i.key, i.subject) for i in repository.items.values()] == [
        (names.ticket(token), names.subject_of_user("alice"))
    ]
    assert client.ask(token).json["userid"] == "alice"


class Store:
    """A store of the application, with references of any form."""

    def __init__(self, form):
        self.form = form
        self.tickets = {}

    def store(self, ticket):
        reference = self.form.format(len(self.tickets))
        self.tickets[reference] = ticket
        return reference

    def retrieve(self, reference):
        return self.tickets.get(reference)

    def renew(self, reference, ticket):
        self.tickets[reference] = ticket
        return True

    def remove(self, reference):
        self.tickets.pop(reference, None)


def stored(make, form, **settings):
    def before(config):
        config.registry.registerUtility(Store(form), ISessionStore)

    every = {"token.form": "reference", **settings}
    return make(
        {k.replace("__", "."): v for k, v in every.items()}, None, before
    )


@pytest.mark.parametrize(
    "form", ["{}", "a{}.b.c", "a.{}", "x{}.y.z.w", "{{{}"]
)
def test_a_reference_of_an_own_store_may_have_any_form(make, form):
    client = stored(make, form)
    token = client.swap()["access_token"]
    assert client.ask(token).json["userid"] == "alice"


@pytest.mark.parametrize("form", ["{{{}", "a.{}", "{}"])
def test_a_reference_of_an_own_store_travels_in_the_cookie(make, form):
    client = stored(make, form, cookie__form="reference")
    client.post_json("/sign_in", {})
    assert client.get("/identity").json["userid"] == "alice"


@pytest.mark.parametrize("form", ["\x81{}", "\u00e4{}"])
def test_a_reference_that_could_look_like_a_ticket_is_an_error(make, form):
    client = stored(make, form, cookie__form="reference")
    with pytest.raises(Exception, match="a reference that a cookie cannot"):
        client.post_json("/sign_in", {})


@pytest.mark.parametrize(
    "changes",
    [
        {"userid": "role:admin"},
        {"userid": True},
        {"claims": {"exp": 1}},
        {"claims": {"a": {1, 2}}},
    ],
    ids=repr,
)
def test_a_ticket_of_an_own_store_is_looked_at(make, changes):
    """A store may read its records from anywhere."""
    client = stored(make, "own-{}")
    token = client.swap()["access_token"]
    tickets = client.registry.getUtility(ISessionStore).tickets
    tickets[token] = tickets[token]._replace(**changes)

    assert client.ask(token).json["userid"] is None
    client.post("/token", headers=show(token), status=401)


def test_a_store_registered_later_is_used(make):
    client = make(
        {
            "repository": "memory",
            "revocation": "off",
            "token.form": "reference",
        },
        setup=end_by_name,
    )
    store = Store("late{}")
    client.registry.registerUtility(store, ISessionStore)
    token = client.swap()["access_token"]
    with pytest.raises(Exception, match="ISubjectRepository"):
        client.get("/end", headers=show(token))


def end_by_name(config):
    config.add_route("end", "/end")
    config.add_view(
        lambda request: request.sessiontoken.revoke(
            request.sessiontoken.ticket.sid
        ),
        route_name="end",
        renderer="json",
    )


class Failing(FourVerbs):
    """A store that can be switched to fail when it writes."""

    down = False

    def add_or_update(self, item):
        if self.down:
            raise RepositoryUnavailable("down")
        super().add_or_update(item)


@pytest.mark.parametrize("seconds", [0, 3600 + 60])
def test_a_sign_out_that_cannot_be_written_is_503(make, seconds):
    client = make({"repository": Failing})
    token = client.swap()["access_token"]
    client.clock.advance(seconds)
    client.registry.getUtility(ITokenRepository).down = True
    answer = client.delete("/token", headers=show(token), status=503)
    assert answer.json["error"] == "temporarily_unavailable"
    assert answer.headers["Retry-After"] == "5"
