"""The docs build, and their search finds what people type."""

import json
import re
import subprocess
import sys

import pytest
from support.pages import ROOT

pytestmark = [pytest.mark.server, pytest.mark.tools]


def test_the_docs_build_without_a_warning(tmp_path):
    pytest.importorskip("sphinx", reason="needs the extra [docs]")
    pytest.importorskip("furo", reason="needs the extra [docs]")
    build = [sys.executable, "-m", "sphinx", "-W", "-n", "-q", "-b", "html"]
    made = subprocess.run(  # noqa: S603
        [*build, ROOT / "docs", tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    for query in SEARCHES:
        assert found_by_search(tmp_path, query), query


#: What people type who know other words than ours.
SEARCHES = [
    "AuthTkt",
    "pyramid_jwt",
    "WebSocket",
    "mobile",
    "single-page",
    "refresh token",
    "idle timeout",
    "brute force",
    "opaque token",
    "server-side session",
    "impersonate",
    "blacklist",
    "docker",
    "React",
    "logout",
    "two-factor",
    "401",
    "403",
]


def found_by_search(built, query):
    """Find pages as ``searchtools.js`` does: by all words of a query, and by
    the index. Numbers are looked for in the index alone.
    """
    from sphinx.search.en import SearchEnglish

    script = (built / "searchindex.js").read_text("utf-8")
    index = json.loads(script[script.index("(") + 1 : script.rindex(")")])
    query = query.lower()
    if query in index["indexentries"]:
        return True
    words = [w for w in re.findall(r"\w+", query) if not w.isdecimal()]
    stem = SearchEnglish({}).stem
    pages = [index["terms"].get(stem(word), []) for word in words]
    sets = [set(p) if isinstance(p, list) else {p} for p in pages]
    return bool(sets) and bool(set.intersection(*sets))
