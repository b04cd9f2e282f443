"""Users who go on while something fails, and what each answer must be."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, count

from pyramid.httpexceptions import HTTPConflict

from pyramid_sessiontoken.errors import SessionTokenError
from support.faults import times
from support.processes import bearer
from support.servers import wait_until

#: Each request asks the repository. In all rounds, half an hour each, no
#: session comes to its end.
SETTINGS = {"repository.cache_ttl": "0", "expiry.absolute": "30d"}

#: How long a request may take while the repository does not answer, seconds.
#: The machine may be busy; the limits themselves are a quarter of a second.
PATIENCE = 10

#: Each user has another name, and so another place in the repository.
_NUMBERS = count(1)

#: How many users go on at the same time.
MANY = times(3, 6)


def update(request):
    try:
        request.sessiontoken.update(request.json_body)
    except SessionTokenError as error:
        raise HTTPConflict(str(error)) from None
    return {}


def end_all(request):
    request.sessiontoken.revoke_all()
    return {}


def sessions(request):
    userid = request.matchdict["userid"]
    return [each.sid for each in request.sessiontoken.sessions(userid)]


def views(config):
    """What the users do."""
    for view, path in (
        (update, "/update"),
        (end_all, "/end_all"),
        (sessions, "/sessions/{userid}"),
    ):
        name = view.__name__
        config.add_route(name, path)
        config.add_view(view, route_name=name, renderer="json")


class Person:
    """A user with a session in a header and one in a cookie.

    :ivar told: the number in the claims that an answer confirmed.
    :ivar tried: the numbers that may be in the claims.
    """

    def __init__(self, client):
        self.name = f"user{next(_NUMBERS)}"
        self.client = client
        self.header = bearer(client.swap(self.name)["access_token"])
        browser = client.fresh()
        browser.post_json("/sign_in", {"userid": self.name}, status=302)
        [pair] = browser.cookies.items()
        self.cookie = {"Cookie": "=".join(pair)}
        self.told, self.tried = 0, {0}

    @property
    def shown(self):
        return [self.header, self.cookie]

    def ask(self, method, path, headers=(), body=None, client=None):
        """Give the answer; ``None`` for an outage that is told as one."""
        headers = dict(headers)
        if body is not None:
            body = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        start = time.monotonic()
        response = (
            (client or self.client)
            .fresh()
            .request(
                path,
                base_url="https://localhost",
                method=method,
                headers=headers,
                body=body,
                expect_errors=True,
            )
        )
        took = time.monotonic() - start
        assert took < PATIENCE, (method, path, took)
        if response.status_int == 503:
            assert int(response.headers["Retry-After"]) > 0
            assert "Set-Cookie" not in response.headers
            return None
        assert response.status_int < 400, response.text
        self._keep(response, headers)
        return response

    def _keep(self, response, headers):
        """Take over a session that the answer renews, as clients do."""
        if "Authorization" in headers and "Session-Token" in response.headers:
            self.header = bearer(response.headers["Session-Token"])
        given = response.headers.get("Set-Cookie", "").partition(";")[0]
        if "Cookie" in headers and given.partition("=")[2]:
            self.cookie = {"Cookie": given}

    def is_served(self, headers, method="GET", client=None):
        """Tell whether the user is known, or there is an outage."""
        answer = self.ask(method, "/identity", headers, client=client)
        if answer is None:
            return False
        assert answer.json["userid"] == self.name, "a wrong identity"
        return True

    def lives(self, headers):
        """Tell whether a session lives; there is no outage."""
        userid = self.ask("GET", "/identity", headers).json["userid"]
        assert userid in (self.name, None), "a wrong identity"
        return userid is not None

    def update(self):
        """Tell whether a new number is confirmed."""
        number = max(self.tried) + 1
        self.tried.add(number)
        answer = self.ask("POST", "/update", self.header, {"n": number})
        if answer is None:
            return False
        self.told, self.tried = number, {number}
        return True

    def sign_in(self):
        """Tell whether one more session begins."""
        body = {"userid": self.name}
        return self.ask("POST", "/sign_in", (), body) is not None

    def sign_out(self, headers):
        """Tell whether it is confirmed."""
        return self.ask("DELETE", "/token", headers) is not None

    def check(self, client=None):
        """Check that the claims are the old ones or the new ones."""
        answer = self.ask("GET", "/identity", self.header, client=client)
        assert answer.json["userid"] == self.name
        number = answer.json["claims"].get("n", 0)
        assert number == self.told or number in self.tried

    def check_ended(self, headers, client=None):
        answer = self.ask("GET", "/identity", headers, client=client)
        assert answer.json["userid"] is None, "an ended session lives"


class People:
    """Several users at once.

    :ivar form: of their tokens and cookies.
    :ivar served: how many answers were as ever.
    :ivar refused: how many told of an outage.
    """

    def __init__(self, client, form=None, many=MANY):
        self.client, self.form = client, form
        self.all = [Person(client) for _ in range(many)]
        self.served = self.refused = 0
        # Everybody's session is due for renewal.
        client.clock.advance(1801)

    def go_on(self, rounds):
        """Let each ask, change and sign in, a few times, all at once."""

        def work(person):
            found = []
            for _ in range(rounds):
                found += [person.is_served(each) for each in person.shown]
                found += [person.update(), person.sign_in()]
            return found

        with ThreadPoolExecutor(len(self.all)) as threads:
            found = [*chain.from_iterable(threads.map(work, self.all))]
        self.served += found.count(True)
        self.refused += found.count(False)
        return found

    def check_recovered(self):
        """Check that all is well after a moment, without a restart."""
        wait_until(lambda: all(self.go_on(1)))
        for person in self.all:
            person.check()
            for headers in person.shown:
                assert person.is_served(headers)

    def go_through(self, outage, counted, name):
        """Check that an outage is told as one, and that it passes.

        :param outage: a context that lasts as long as the outage.
        """
        self.served = self.refused = 0
        with outage:
            assert not any(self.go_on(1))
        self.count(counted, name)
        self.check_recovered()
        self.client.clock.advance(1801)

    def check_reading(self, fault):
        """Check that a server which takes no writes serves all sessions, and
        that no change is confirmed.

        :param fault: a context that lasts as long as the fault.
        """
        leaving = Person(self.client)
        self.client.clock.advance(1801)
        with fault:
            for person in self.all:
                # The renewal that is due fails in silence.
                assert all(map(person.is_served, person.shown))
                if self.form == "reference":
                    assert not person.sign_in()
                    assert not person.update()
            # A sign-out that is not confirmed did not happen.
            for headers in leaving.shown:
                assert not leaving.sign_out(headers)
                assert leaving.is_served(headers)
        self.check_recovered()
        for headers in leaving.shown:
            assert leaving.sign_out(headers)
            leaving.check_ended(headers)

    def count(self, counted, fault):
        counted[f"answers during {fault}"] += self.served + self.refused
