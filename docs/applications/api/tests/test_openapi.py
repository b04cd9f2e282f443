"""The document is whole, and the one that the application has."""

import json

from pyramid.interfaces import IRoutesMapper

from tasks.scripts.openapi import whole_document

from .conftest import INI


def test_the_document_is_what_the_script_writes(api, tmp_path):
    served = json.loads(api.get("/openapi.json").body)
    with open(INI, encoding="utf-8") as file:
        text = file.read()
    key = "file:%(here)s/sessiontoken.jwks"
    ini = tmp_path / "development.ini"
    ini.write_text(text.replace(key, "ephemeral"), "utf-8")
    assert served == whole_document(str(ini))


def test_each_route_is_in_the_document(api, app):
    served = json.loads(api.get("/openapi.json").body)
    mapper = app.registry.getUtility(IRoutesMapper)
    paths = {route.path for route in mapper.get_routes(include_static=True)}
    files = {"/", "/openapi.json", "/sessiontoken.js"}
    described = set(served["paths"])
    assert described >= {"/tasks", "/token", "/token/status", "/token/renew"}
    assert {p for p in paths if "*" not in p and "static/" not in p} - {
        *files,
        "/token/jwks",
        "/token/{below:status|renew|introspect|revoke|jwks}",
    } == described


def test_the_library_s_routes_answer_as_it_says(api, sign_in):
    alice = sign_in("alice")
    assert api.get("/token/status", headers=alice).json["sub"] == "alice"
    assert api.post("/token/renew", headers=alice).json["token_type"]
