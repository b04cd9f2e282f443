"""The rules of ``sessiontoken.js``, in Node."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from support.pages import ROOT
from support.programs import lack

pytestmark = pytest.mark.server

TESTS = Path(__file__).with_name("sessiontoken.test.mjs")
STATIC = ROOT / "pyramid_sessiontoken" / "static"
SCRIPT = STATIC / "sessiontoken.js"

NAMES = """
const {SessionToken} = await import(process.env.SESSIONTOKEN_JS);
const names = Object.getOwnPropertyNames(SessionToken.prototype);
console.log(JSON.stringify([process.versions.node, names]));
"""


#: A page whose server has other names for the headers.
OTHER_HEADERS = """
const { SessionToken } = await import(process.env.SESSIONTOKEN_JS);
const shown = [];
globalThis.fetch = async (input, init) => {
  const request = new Request(input, init);
  shown.push(request.headers.get("X-Session"));
  if (request.method === "POST") {
    return Response.json({
      access_token: "first", token_type: "Session",
      expires_in: 3600, session_expires_in: 36000,
    });
  }
  if (request.url.endsWith("/status")) {
    return Response.json({
      active: true, expires_in: 3600, session_expires_in: 36000,
      renews_in: 1800,
    });
  }
  return new Response("", { headers: { "X-Renewed": "second" } });
};
const session = new SessionToken({ url: "https://api.example/token" });
await session.signIn({ username: "alice", password: "alice" });
await session.fetch("https://api.example/news");
await session.fetch("https://api.example/news");
console.log(JSON.stringify(shown));
process.exit();
"""


@pytest.fixture(scope="module")
def run_node():
    """Run Node with the client at hand; give what it prints."""
    found = shutil.which("node")
    if found is None:
        lack("Node.js")

    def run(*arguments, script=SCRIPT):
        made = subprocess.run(  # noqa: S603
            [found, *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={**os.environ, "SESSIONTOKEN_JS": script.as_uri()},
        )
        assert made.returncode == 0, made.stdout + made.stderr
        return made.stdout

    return run


@pytest.fixture(scope="module")
def version_and_names(run_node):
    return json.loads(run_node("--input-type=module", "-e", NAMES))


def test_it_keeps_the_rules(run_node, version_and_names):
    version, _ = version_and_names
    if int(version.partition(".")[0]) < 20:
        lack("Node.js 20, whose tests can set the clock,")
    said = run_node("--test", str(TESTS))
    count = len(re.findall(r"^test\(", TESTS.read_text(), re.MULTILINE))
    assert re.search(rf"^. pass {count}$", said, re.MULTILINE), said


def test_other_headers_carry_the_token(run_node, make, tmp_path):
    client = make(
        {
            "javascript.path": "/sessiontoken.mjs",
            "token.header": "X-Session",
            "token.renewal_header": "X-Renewed",
        }
    )
    script = tmp_path / "sessiontoken.mjs"
    script.write_bytes(client.get("/sessiontoken.mjs").body)

    said = run_node("--input-type=module", "-e", OTHER_HEADERS, script=script)

    assert json.loads(said) == [
        *(None, "first"),
        # Another answer renewed it; how long it lives is asked.
        *("second", "second", "second"),
    ]


def test_the_types_name_what_is_there(version_and_names):
    _, names = version_and_names
    text = (STATIC / "sessiontoken.d.ts").read_text("utf-8")
    _, _, declared = text.partition("export class SessionToken {")
    found = re.findall(r"^  (?:readonly )?(\w+)[(:]", declared, re.MULTILINE)
    assert sorted(found) == sorted(names)
