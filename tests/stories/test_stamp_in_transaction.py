"""The stamp is read from the database within the request's transaction."""

import pytest
import transaction
from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response
from pyramid.security import remember
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

HALF = 1800


class Joined:
    """Ends a session of SQLAlchemy with the request's transaction."""

    transaction_manager = transaction.manager

    def __init__(self, db, log):
        self.db, self.log = db, log

    def commit(self, txn):
        self.db.commit()
        self.log.append("commit")

    def abort(self, txn):
        self.db.rollback()
        self.log.append("abort")

    tpc_begin = tpc_vote = tpc_abort = lambda self, txn: None

    def tpc_finish(self, txn):
        self.db.close()

    def sortKey(self):
        return "database"


def stamp(userid, request):
    """Give the hash of the password, as an application does."""
    request.log.append("stamp")
    found = request.db.execute(
        text("SELECT hash FROM users WHERE id = :id"), {"id": userid}
    )
    return found.scalar()


def change(request):
    """Change the password, and go on signed in."""
    request.db.execute(
        text("UPDATE users SET hash = :hash WHERE id = :id"),
        {"hash": request.params["to"], "id": request.authenticated_userid},
    )
    if "fail" in request.params:
        raise LookupError
    headers = remember(request, request.authenticated_userid)
    return HTTPSeeOther("/identity", headers=headers)


@pytest.fixture
def log():
    return []


@pytest.fixture
def app(make, log):
    engine = create_engine("sqlite://", poolclass=StaticPool)
    with engine.begin() as begun:
        begun.execute(text("CREATE TABLE users (id INTEGER, hash TEXT)"))
        begun.execute(text("INSERT INTO users VALUES (42, 'first')"))

    def database(request):
        db = Session(engine)
        request.tm.get().join(Joined(db, log))
        return db

    def setup(config):
        config.include("pyramid_tm")
        config.add_request_method(database, "db", reify=True)
        config.add_request_method(lambda request: log, "log", property=True)
        config.add_route("change", "/change")
        config.add_view(change, route_name="change")
        config.add_exception_view(
            lambda exc, request: Response("sorry", status=500),
            context=LookupError,
        )

    def make_app(**settings):
        every = {"repository": "memory", "stamp": stamp, **settings}
        client = make(every, setup=setup)
        client.engine = engine
        return client

    yield make_app
    engine.dispose()


def sign_in(client):
    browser = client.fresh()
    browser.post_json("/sign_in", {"userid": 42})
    return browser


def user_of(browser):
    return browser.get("/identity").json["userid"]


def test_it_is_asked_before_the_commit(app, log):
    client = app(**{"stamp.every": "0"})
    browser = sign_in(client)
    log.clear()
    assert user_of(browser) == 42
    assert log == ["stamp", "commit"]


@pytest.mark.parametrize("form", ["self-contained", "reference"])
def test_a_renewal_asks_before_the_commit_and_writes_after_it(app, log, form):
    client = app(**{"cookie.form": form})
    browser = sign_in(client)
    client.clock.advance(HALF)
    log.clear()
    response = browser.get("/identity")
    assert "Set-Cookie" in response.headers
    assert log == ["stamp", "commit"]
    client.clock.advance(HALF + 60)
    assert user_of(browser) == 42


def test_a_change_in_the_table_ends_the_session_by_itself(app):
    client = app()
    browser = sign_in(client)
    with client.engine.begin() as begun:
        begun.execute(text("UPDATE users SET hash = 'reset'"))
    client.clock.advance(300)
    assert user_of(browser) is None
    with client.engine.begin() as begun:
        begun.execute(text("DELETE FROM users"))
    with pytest.raises(Exception, match="the user is gone"):
        sign_in(client)


def test_who_changes_the_password_stays_and_the_others_are_out(app):
    client = app(**{"stamp.every": "0"})
    here, elsewhere = sign_in(client), sign_in(client)
    here.post("/change", {"to": "second"})
    assert user_of(here) == 42
    assert user_of(elsewhere) is None


def test_a_change_that_is_rolled_back_ends_nothing(app, log):
    client = app(**{"stamp.every": "0"})
    browser = sign_in(client)
    browser.post("/change", {"to": "second", "fail": "1"}, status=500)
    assert log[-1] == "abort"
    assert user_of(browser) == 42


def test_with_the_user_annotated_it_is_asked_within_the_transaction(app, log):
    """pyramid_tm asks who the user is before a route matches."""
    client = app(**{"stamp.every": "0"})
    browser = sign_in(client)
    log.clear()
    browser.get("/nowhere", status=404)
    assert log[0] == "stamp"
    assert log[-1] in ("commit", "abort")
