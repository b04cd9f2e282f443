"""The JavaScript client that the docs show, in Node."""

import json

import pytest
from pyramid.httpexceptions import HTTPUnauthorized
from support.clients import script_of

from pyramid_sessiontoken.events import SessionIssued

#: Asks for each path that comes in, one a line.
TALK = """
import {createInterface} from "node:readline";
import {session} from "./client.mjs";

let ask;
for await (const line of createInterface({input: process.stdin})) {
  const given = JSON.parse(line);
  if (ask === undefined) ask = session(...given);
  else try {
    const answer = await ask(given);
    console.log(JSON.stringify([answer.status, await answer.text()]));
  } catch (error) {
    console.log(JSON.stringify([error.message]));
  }
}
"""


#: Asks for a path several times at once, and then again.
AT_ONCE = """
import {session} from "./client.mjs";
import {text} from "node:stream/consumers";

const [url, path, count] = JSON.parse(await text(process.stdin));
const ask = session(url, "alice", "alice");
const all = () => Promise.all(Array.from({length: count}, () => ask(path)));
const answers = [...await all(), ...await all()];
console.log(JSON.stringify(answers.map((answer) => answer.status)));
"""


@pytest.fixture
def talk(node):
    """Start a client; give what asks it."""
    processes = []

    def start(*arguments):
        process = node(client=script_of("session"), talk=TALK)
        processes.append(process)

        def write(value):
            process.stdin.write(json.dumps(value) + "\n")
            process.stdin.flush()

        def ask(path):
            write(path)
            line = process.stdout.readline()
            assert line, process.stderr.read()
            return json.loads(line)

        write(arguments)
        return ask

    yield start
    for process in processes:
        with process:
            process.stdin.close()
            assert process.wait(30) == 0


def test_the_javascript_client_keeps_the_rules(talk, service):
    ask = talk(service.url, "alice", "alice")
    for _ in range(2):
        status, text = ask("/identity")
        assert json.loads(text)["userid"] == "alice"
        assert json.loads(text)["authenticator"] == "session"
    service.clock.advance(1800)
    assert ask("/admin") == [200, "hello"]
    # It took the renewed token.
    service.clock.advance(3000)
    status, text = ask("/token/status")
    assert status == 200
    assert json.loads(text)["session_expires_in"] == 36000 - 4800
    # It gets another one, where the first has expired.
    service.clock.advance(2 * 3600)
    assert ask("/admin") == [200, "hello"]
    status, text = ask("/token/status")
    assert json.loads(text)["session_expires_in"] == 36000
    assert ask("/forbidden")[0] == 403


def test_the_javascript_client_sends_names_in_utf_8(talk, service):
    ask = talk(service.url, "J\u00fcrgen \u2603", "J\u00fcrgen \u2603")
    userid = json.loads(ask("/identity")[1])["userid"]
    assert userid == "J\u00fcrgen \u2603"


def test_a_wrong_password_is_an_error_of_the_javascript_client(talk, service):
    assert talk(service.url, "alice", "wrong")("/admin") == ["no token: 401"]


def test_requests_at_once_swap_the_password_once(tell, serve):
    issued = []

    def setup(config):
        config.add_subscriber(issued.append, SessionIssued)
        config.add_route("again", "/again")
        config.add_view(again, route_name="again", renderer="json")

    def again(request):
        """Refuse the first token."""
        if len(issued) == 1:
            raise HTTPUnauthorized
        return {}

    url = serve(setup=setup).url
    client = script_of("session")
    assert tell([url, "/admin", 8], client=client, main=AT_ONCE) == [200] * 16
    assert len(issued) == 1
    issued.clear()
    assert tell([url, "/again", 8], client=client, main=AT_ONCE) == [200] * 16
    assert len(issued) == 2
