"""Write openapi.json: the routes of openapi.yaml, and those of the library as
an INI file configures them.
"""

import argparse
import contextlib
import io
import json
import os
import sys

import yaml

from pyramid_sessiontoken.scripts import main as psessiontoken

FOLDER = os.path.join(os.path.dirname(__file__), "..")


def whole_document(config_uri):
    """Return the document. The application is started, not served."""
    with open(os.path.join(FOLDER, "openapi.yaml"), encoding="utf-8") as file:
        document = yaml.safe_load(file)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        status = psessiontoken(["openapi", config_uri])
    if status != 0:
        sys.exit(status)
    library = json.loads(printed.getvalue())
    document["paths"].update(library["paths"])
    for kind, parts in library["components"].items():
        document["components"].setdefault(kind, {}).update(parts)
    return document


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config_uri", help="development.ini, for example")
    arguments = parser.parse_args(argv)
    document = whole_document(arguments.config_uri)
    path = os.path.join(FOLDER, "openapi.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(document, file, indent=2)
        file.write("\n")
