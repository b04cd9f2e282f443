"""Pages that use ``sessiontoken.js``, and what stands at other origins."""

import json

SCRIPT = "/sessiontoken.js"

#: What a page of an application does first.
BEGIN = """
async ({script, options}) => {
  const {SessionToken} = await import(script);
  window.told = [];
  window.session = new SessionToken(options);
  for (const event of ["renewed", "ending", "ended"])
    session.on(event, () => told.push(event));
}
"""

#: How long the session lasts, as the page knows it, in seconds.
LEFT = """
() => [session.expires, session.ends].map(
  (time) => time && Math.round((time - Date.now()) / 1000))
"""


class Tab:
    """A page with a session. All tabs of a context have one clock."""

    def __init__(self, context, service, at=None):
        self.service = service
        self.page = context.new_page()
        self.page.goto(f"{at or service.url}/public")

    def begin(self, **options):
        options.setdefault("url", f"{self.service.url}/token")
        script = self.service.url + SCRIPT
        self.page.evaluate(BEGIN, {"script": script, "options": options})
        return self

    def run(self, script, value=None):
        return self.page.evaluate(script, value)

    def sign_in(self, name="alice"):
        self.run(
            "name => session.signIn({username: name, password: name})", name
        )

    def get(self, path, **init):
        """Give the status of an answer, and its text."""
        return self.run(
            """async ([path, init]) => {
              const answer = await session.fetch(path, init);
              return [answer.status, await answer.text()];
            }""",
            [self.service.url + path, init],
        )

    def who(self):
        status, text = self.get("/identity")
        assert status == 200, text
        return json.loads(text)["userid"]

    @property
    def left(self):
        return self.run(LEFT)

    @property
    def signed_in(self):
        return self.run("() => session.signedIn")

    @property
    def told(self):
        return self.run("() => told")

    def wait_for(self, *told):
        """Wait until these events were told, and no others."""
        self.page.wait_for_function(
            "told => window.told.length >= told.length", arg=list(told)
        )
        now = self.told
        assert now == list(told), now


def pass_time(seconds, tab):
    """Let time pass, at the server and in all tabs of the browser."""
    tab.service.clock.advance(seconds)
    tab.page.clock.run_for(seconds * 1000)


def open_to_all(handler, registry):
    """Let pages of all origins use all views."""

    def tween(request):
        origin = request.headers.get("Origin")
        if request.method == "OPTIONS" and not request.path.startswith(
            "/token"
        ):
            response = request.response
            response.headers["Access-Control-Allow-Headers"] = (
                "Authorization, Session-Slide"
            )
        else:
            response = handler(request)
        if origin and not request.path.startswith(("/token", SCRIPT)):
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Expose-Headers"] = "Session-Token"
        return response

    return tween


class Elsewhere:
    """Another origin: it answers all, and keeps what it is sent.

    :ivar seen: the environ of each request.
    """

    def __init__(self):
        self.seen = []

    def __call__(self, environ, start_response):
        self.seen.append(environ)
        headers = [
            ("Content-Type", "text/html"),
            ("Access-Control-Allow-Origin", "*"),
            ("Access-Control-Allow-Headers", "*, Authorization"),
            ("Access-Control-Expose-Headers", "*"),
            ("Session-Token", "forged"),
        ]
        start_response("200 OK", headers)
        return [b"elsewhere"]
