"""What the tests of clients share."""

import re
from pathlib import Path
from textwrap import dedent

PAGE = Path(__file__).parent.parent.parent / "docs" / "clients.rst"

ISSUER = "https://issuer.example"
AUDIENCE = "https://audience.example"


def script_of(name):
    """Give the JavaScript block of the page that exports a name."""
    text = PAGE.read_text("utf-8")
    blocks = re.findall(
        r"^\.\. code-block:: javascript\n\n((?: {3}.*\n|\n)+)",
        text,
        re.MULTILINE,
    )
    (found,) = [b for b in blocks if f"function {name}(" in b]
    return dedent(found)
