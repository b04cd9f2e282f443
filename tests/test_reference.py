"""The pages of reference tell what the code does."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from support.openapi import EVERY, description
from support.pages import DOCS

import pyramid_sessiontoken
from pyramid_sessiontoken.config.routes import JAVASCRIPT, ROUTES
from pyramid_sessiontoken.errors import CODES, REASON_ENDED, REASON_EXPIRED
from pyramid_sessiontoken.scripts.openapi_operations import OPERATIONS
from pyramid_sessiontoken.views.session_limit import LIMIT_REACHED
from pyramid_sessiontoken.views.stepup import ERROR

PACKAGE = Path(pyramid_sessiontoken.__file__).parent
HTTP = (DOCS / "reference" / "http.rst").read_text("utf-8")
SIGNED_OUT = (DOCS / "howto" / "signed_out.rst").read_text("utf-8")

#: Routes whose answers OpenAPI does not describe: a script is no operation.
SCRIPT = "/sessiontoken.js"

#: What is configured so that every route is there, at the paths of the page.
ALL = {
    **EVERY,
    "metadata.resource": "https://api.example",
    "javascript.path": SCRIPT,
    "sessions.limit": "3",
    "sessions.over_limit": "refuse",
    "token.form": "reference",
    "cookie.form": "reference",
}


def section(page, title):
    """Give the text of a page from one heading to the next of its kind."""
    found = re.search(
        rf"^{re.escape(title)}\n(?P<line>([-~])\2+)\n(?P<text>.*?)"
        r"(?=^[^\n]+\n\2{4,}\n|\Z)",
        page,
        re.MULTILINE | re.DOTALL,
    )
    assert found, title
    return found["text"]


def rows(text):
    """Give the rows of the first list-table, each as a list of cells."""
    _, _, table = text.partition(".. list-table::")
    table = re.split(r"\n\n(?=\S)", table)[0]
    found = re.split(r"\n   \* - ", table)[2:]
    return [re.split(r"\n     - ", row) for row in found]


def literals(cell):
    """Give what stands between double backticks, each in one line."""
    found = re.findall(r"``(.+?)``", cell, re.DOTALL)
    return [" ".join(text.split()) for text in found]


def documented():
    """Give method and path of each endpoint of the page."""
    return [
        (method, path)
        for methods, paths, _ in rows(section(HTTP, "Endpoints"))
        for method in literals(methods)
        for path in literals(paths)
    ]


def test_the_page_on_http_has_every_endpoint(make):
    described = {
        (method.upper(), path)
        for path, methods in description(make(ALL))["paths"].items()
        for method in methods
    }
    found = documented()
    assert len(found) == len(set(found))
    assert set(found) == described | {("GET", SCRIPT)}
    assert len(ROUTES) == len(OPERATIONS)
    assert JAVASCRIPT in [route.name for route in ROUTES]


@pytest.mark.parametrize("endpoint", documented(), ids=" ".join)
def test_the_page_on_http_has_the_answers_of_an_endpoint(make, endpoint):
    method, path = endpoint
    text = section(HTTP, f"``{method} {path}``")
    told = re.search(r"^Answers: ([\d, ]+)\.$", text, re.MULTILINE)[1]
    # Every endpoint answers 405, and the keys 404 where they are secrets.
    expected = {"405"} | ({"404"} if path.endswith("/jwks") else set())
    if path == SCRIPT:
        expected |= {"200", "403"}
    else:
        paths = description(make(ALL))["paths"]
        expected |= paths[path][method.lower()]["responses"].keys()
    assert told == ", ".join(sorted(expected))


def constants(node):
    return [n.value if isinstance(n, ast.Constant) else None for n in node]


def refusals():
    """Give status and word of each error that the views write, as far as both
    stand there as they are.
    """
    for file in (PACKAGE / "views").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "id", None)
            if name == "OAuthError":
                yield tuple(constants(node.args[:2]))
            elif name == "write_refusal":
                yield None, constants(node.args)[2]


def test_the_page_on_http_has_every_error():
    told = {
        (int(status), word)
        for status, error, _ in rows(section(HTTP, "Errors"))
        for word in literals(error)
    }
    found = {(s, w) for s, w in refusals() if w is not None}
    assert found, "the views write errors in another way"
    assert {(s, w) for s, w in found if s is not None} <= told
    words = {word for _, word in found} | {LIMIT_REACHED[0], ERROR}
    # These two stand in a function that chooses.
    words |= {"unauthorized", "invalid_token"}
    assert {word for _, word in told} == words


HEADER = re.compile(
    r"[A-Z][A-Za-z]*(?:-[A-Z][A-Za-z]+)+|Vary|Allow|Pragma|Accept|Cookie"
)
#: Headers that the application's own code gives, not the library.
NOT_OURS = {"Content-Type", "X-Forwarded-For", "X-Accel-Expires"}


def headers_of(room):
    """Give the headers that the code of a room names."""
    for file in (PACKAGE / room).glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            text = getattr(node, "value", None)
            if not isinstance(node, ast.Constant) or not isinstance(text, str):
                continue
            if text.startswith("HTTP_"):
                text = text.removeprefix("HTTP_").replace("_", "-").title()
            if HEADER.fullmatch(text):
                yield text


def test_the_page_on_http_has_every_header():
    told = {
        word.lower()
        for title in ("Headers of requests", "Headers of responses")
        for cells in rows(section(HTTP, title))
        for word in literals(cells[0])
    }
    found = {
        header.lower()
        for room in ("policy", "views", "cookies", "authenticators")
        for header in headers_of(room)
        if header not in NOT_OURS
    }
    assert {"retry-after", "sec-fetch-site"} <= found
    assert found - told == set()


def test_the_page_on_lost_sessions_has_every_code():
    table = rows(section(SIGNED_OUT, "Look the code up"))
    told = [word for cells in table for word in literals(cells[0])]
    assert sorted(told) == sorted(CODES)


def sentences():
    """Give the texts in the code, as patterns: any text may stand where an
    f-string has a value.
    """
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.JoinedStr):
                yield "".join(
                    part.value if isinstance(part, ast.Constant) else "\0"
                    for part in node.values
                )
            elif isinstance(node, ast.Constant) and isinstance(
                node.value, str
            ):
                yield node.value


def test_the_page_on_lost_sessions_quotes_what_the_log_says():
    known = "\n".join(sentences())
    quoted = [
        word
        for title in ("Begin with what you see", "Look the code up")
        for cells in rows(section(SIGNED_OUT, title))
        for word in literals(cells[1])
    ]
    assert len(quoted) > len(CODES)
    assert {REASON_ENDED, REASON_EXPIRED} <= set(quoted)
    for sentence in quoted:
        code = re.fullmatch(r"\[(\w+)\]", sentence)
        said = sentence.removeprefix("session refused: ")
        assert code[1] in CODES if code else said in known, sentence
