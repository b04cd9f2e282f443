"""What the tests of clients share."""

import re
from pathlib import Path
from textwrap import dedent
from types import ModuleType

from support.pages import blocks_of, run_python

HOWTO = Path(__file__).parent.parent.parent / "docs" / "howto"
PAGE = HOWTO / "clients.rst"
#: About services that verify tokens with public keys.
ELSEWHERE = HOWTO / "verify_elsewhere.rst"

ISSUER = "https://issuer.example"
AUDIENCE = "https://audience.example"


def page_of(page):
    """Give the functions that the Python blocks of a page define."""
    module = ModuleType(page.stem)
    for block in blocks_of(page):
        if block.language == "python" and "def verify" in block.code:
            run_python(block, page, module)
    return module


def script_of(name, page=PAGE):
    """Give the JavaScript block of a page that exports a name."""
    text = page.read_text("utf-8")
    blocks = re.findall(
        r"^\.\. code-block:: javascript\n\n((?: {3}.*\n|\n)+)",
        text,
        re.MULTILINE,
    )
    (found,) = [b for b in blocks if f"function {name}(" in b]
    return dedent(found)
