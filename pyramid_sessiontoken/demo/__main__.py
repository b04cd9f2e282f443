"""``python -m pyramid_sessiontoken.demo [http_port=7000]``: serve the demo."""

from __future__ import annotations

import sys
from pathlib import Path

from pyramid.scripts.pserve import main

if __name__ == "__main__":
    ini = str(Path(__file__).with_name("demo.ini"))
    sys.exit(main(["pserve", ini, *sys.argv[1:]]))
