"""An application whose users make access tokens."""

import base64

from pyramid.response import Response

from pyramid_sessiontoken.events import (
    CredentialRefused,
    SessionEnded,
    SessionIssued,
)

SETTINGS = {
    "authenticators": "session cookie basic access_token",
    "repository": "memory",
}


def basic(user="alice"):
    pair = base64.b64encode(f"{user}:{user}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}


def bearer(text):
    return {"Authorization": f"Bearer {text}"}


def session(token):
    return {"Authorization": f"Session {token}"}


class Application:
    """A client, and a view that does what a test says.

    :ivar told: the events that were sent.
    """

    def __init__(self, make, settings=(), setup=None, **kw):
        self.told = []
        self._does = None
        self._gave = None

        def set_up(config):
            for event in (SessionIssued, SessionEnded, CredentialRefused):
                config.add_subscriber(self.told.append, event)
            config.add_route("do", "/do")
            config.add_view(self._view, route_name="do")
            if setup is not None:
                setup(config)

        self.client = make({**SETTINGS, **dict(settings)}, setup=set_up, **kw)

    def _view(self, request):
        self._gave = self._does(request)
        return Response("done")

    def do(self, does, headers=None, status=200, client=None):
        """Let a view do something in a request with a credential."""
        self._does, self._gave = does, None
        (client or self.client.fresh()).post(
            "/do", headers=headers or basic(), status=status
        )
        return self._gave

    def create(self, name="CI", headers=None, status=200, **kw):
        return self.do(
            lambda request: request.sessiontoken.create_access_token(
                name, **kw
            ),
            headers,
            status,
        )

    def list(self, userid=None, headers=None):
        return self.do(
            lambda request: request.sessiontoken.access_tokens(userid),
            headers,
        )

    def revoke(self, identifier, userid=None, headers=None):
        return self.do(
            lambda request: request.sessiontoken.revoke_access_token(
                identifier, userid
            ),
            headers,
        )

    def revoke_all(self, userid=None, headers=None, **kw):
        self.do(
            lambda request: request.sessiontoken.revoke_all(userid, **kw),
            headers,
        )

    def who(self, headers):
        return self.client.fresh().get("/identity", headers=headers).json

    def lives(self, text):
        return self.who(bearer(text))["userid"] is not None
