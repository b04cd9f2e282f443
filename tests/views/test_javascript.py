"""The client for pages is served, and is small."""

import gzip
from configparser import ConfigParser
from fnmatch import fnmatch
from pathlib import Path

from support.cors import (
    APP,
    ASKS,
    OF_PAGE,
    assert_readable,
    assert_silent,
    assert_unreadable,
)
from support.pages import ROOT

import pyramid_sessiontoken

PACKAGE = Path(pyramid_sessiontoken.__file__).parent
SCRIPT = PACKAGE / "static" / "sessiontoken.js"
PATH = "/static/sessiontoken.js"
ON = {"javascript.path": PATH}


def test_it_is_served_where_a_setting_says_so(make):
    client = make(ON)

    answer = client.get(PATH)

    assert answer.body == SCRIPT.read_bytes()
    headers = answer.headers
    assert headers["Content-Type"] == "text/javascript; charset=UTF-8"
    assert headers["Cache-Control"] == "public, max-age=3600"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "Vary" not in headers
    assert "Set-Cookie" not in headers
    assert client.head(PATH).body == b""
    assert client.post(PATH, status=405).headers["Allow"] == "GET, HEAD"


def test_it_uses_the_headers_of_the_settings(make):
    own = {"token.header": "X-Session", "token.renewal_header": "X-Renewed"}

    text = make({**ON, **own}).get(PATH).text

    assert 'const HEADER = "X-Session";' in text
    assert 'const RENEWED = "X-Renewed";' in text
    for same in ({"token.header": "authorization"}, {}):
        text = make({**ON, **same, "token.renewal_header": "off"}).get(PATH)
        assert text.body == SCRIPT.read_bytes()


def test_it_is_served_nowhere_by_default(make):
    for settings in ({}, {"javascript.path": "off"}):
        make(settings).get("/sessiontoken.js", status=404)


def test_it_stands_under_the_prefix_of_the_include(make):
    client = make(ON, route_prefix="/auth")
    client.get(f"/auth{PATH}")
    client.get(PATH, status=404)


def test_over_plain_http_it_is_403(make):
    client = make(ON)
    client.extra_environ["wsgi.url_scheme"] = "http"
    assert client.get(PATH, status=403).json["error"] == "tls_required"


def test_pages_of_named_origins_may_import_it(make):
    client = make({**ON, "cors.origins": APP})
    assert_readable(client.get(PATH, headers=OF_PAGE))
    answer = client.options(PATH, headers={**OF_PAGE, **ASKS}, status=204)
    allowed = assert_readable(answer).headers["Access-Control-Allow-Methods"]
    assert allowed == "GET, HEAD"
    assert_unreadable(client.get(PATH))
    assert_silent(make(ON).get(PATH, headers=OF_PAGE))


def test_it_is_small():
    assert len(gzip.compress(SCRIPT.read_bytes(), 9)) < 3000


def test_it_names_no_other_module():
    text = SCRIPT.read_text("utf-8")
    assert "import" not in text
    assert "eval" not in text
    for storage in ("localStorage", "sessionStorage", "indexedDB", "cookie ="):
        assert f"{storage}." not in text


def test_it_is_in_the_wheel():
    parser = ConfigParser()
    parser.read(ROOT / "setup.cfg")
    patterns = parser["options.package_data"]["pyramid_sessiontoken"].split()
    for name in ("static/sessiontoken.js", "static/sessiontoken.d.ts"):
        assert (PACKAGE / name).exists()
        assert any(fnmatch(name, pattern) for pattern in patterns)
