"""A client as a phone has one: it keeps a token, and no password."""

import threading

import httpx


class KeptSession(httpx.Auth):
    """Send the session token; sign in where that is needed.

    However many requests start at the same time, the user is asked once.

    :param url: of the API, ``https://tasks.example``.
    :param ask: gives a user name and a password; it asks the user.
    :param token: what was kept when the program ended, or ``None``.
    """

    requires_response_body = True

    def __init__(self, url, ask, token=None):
        self.url, self.ask, self.token = httpx.URL(url), ask, token
        self._lock = threading.Lock()

    def auth_flow(self, request):
        token = yield from self._another(None)
        response = yield self._with(token, request)
        if response.status_code == httpx.codes.UNAUTHORIZED:
            # It expired, or was ended: by the user, on another device.
            token = yield from self._another(token)
            response = yield self._with(token, request)
        self._take_renewed(token, response)

    def _another(self, refused):
        """Give a token that is not the refused one."""
        with self._lock:
            # A request that waited for the lock finds the new token here.
            if self.token == refused:
                username, password = self.ask()
                answer = yield httpx.Request(
                    "POST",
                    self.url.join("/sign-in"),
                    json={"username": username, "password": password},
                )
                answer.raise_for_status()
                self.token = answer.json()["access_token"]
            return self.token

    def _with(self, token, request):
        request.headers["Authorization"] = f"Bearer {token}"
        return request

    def _take_renewed(self, token, response):
        """Take a renewed token over, unless there is another one by now."""
        renewed = response.headers.get("Session-Token")
        with self._lock:
            if renewed is not None and self.token == token:
                self.token = renewed


def make_client(url, ask, token=None, **options):
    """Give a client for many threads; ``client.auth.token`` is to be kept."""
    auth = KeptSession(url, ask, token)
    return httpx.Client(base_url=url, auth=auth, **options)
