"""What the pages for developers say of the code is so: every file has its
line in the tree, every arrow of a road is a call, every path is there.
"""

import re
from itertools import pairwise

import pytest
from support.architecture import (
    PACKAGE,
    PAGE,
    TOP,
    drawn_files,
    drawn_road,
    drawn_rooms,
    files,
    purpose,
    room_of,
)
from support.calls import noted

DECISIONS = PAGE.with_name("decisions.rst")

#: Pages that name files of the code.
PAGES = [TOP / "CONTRIBUTING.rst", TOP / "SECURITY.rst", PAGE, DECISIONS]

# A path in a literal; in it, X stands for a name of one's own.
_PATH = re.compile(r"``([\w./-]+\.(?:py|rst|toml|ini|cfg|yml|yaml|js))``")


def line_of(path):
    folder, _, name = path.rpartition("/")
    return f"  {folder or 'the top'}:    {name:26}{purpose(path)}"


def test_every_file_has_a_line_in_the_tree():
    missing = sorted(set(files()) - set(drawn_files()))
    assert not missing, (
        f"{PAGE.name}: the tree lacks files. Add a line for each, with what"
        " it is for:\n" + "\n".join(map(line_of, missing))
    )


def test_the_tree_names_only_existing_files():
    gone = [path for path in drawn_files() if path not in files()]
    assert not gone, (
        f"{PAGE.name}: the tree names files that are gone or renamed. Change"
        f" or remove these lines: {', '.join(gone)}"
    )


def test_the_tree_names_a_file_once():
    drawn = drawn_files()
    twice = sorted({path for path in drawn if drawn.count(path) > 1})
    assert not twice, f"{PAGE.name}: twice in the tree: {', '.join(twice)}"


def test_the_tree_shows_the_rooms_in_the_order_of_the_rule():
    shown = dict.fromkeys(map(room_of, drawn_files()))
    rooms = drawn_rooms()
    assert [room for room in shown if room in rooms] == rooms, PAGE.name


def request_with_a_session(client):
    token = client.swap()["access_token"]
    client.post("/sign_in")
    with noted() as calls:
        client.fresh().ask(token, "/admin")
        client.get("/identity")
    return calls


def login(client):
    with noted() as calls:
        client.swap()
        client.post("/sign_in")
    return calls


def response_that_renews(client):
    token = client.swap()["access_token"]
    client.post("/sign_in")
    client.clock.advance(1800)
    with noted() as calls:
        client.fresh().ask(token)
        client.get("/identity")
    return calls


ROADS = {
    "request": request_with_a_session,
    "login": login,
    "response": response_that_renews,
}


@pytest.mark.parametrize("name", ROADS)
def test_a_road_is_drawn_as_requests_go(name, client):
    calls = ROADS[name](client)
    chains = drawn_road(name)
    assert chains
    for chain in chains:
        assert len(chain) > 1, f"{PAGE.name}, the road {name!r}: {chain}"
        for caller, called in pairwise(chain):
            assert calls.has([caller, called]), (
                f"{PAGE.name}, the road {name!r}: {caller} -> {called} is"
                f" drawn, and {caller} calls"
                f" {', '.join(calls.of(caller)) or 'no other file'}"
            )
        assert calls.has(chain), (
            f"{PAGE.name}, the road {name!r}: no request goes all the way"
            f" {' -> '.join(chain)}: draw it as two chains"
        )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_path_that_a_page_names_exists(page):
    named = _PATH.findall(page.read_text("utf-8"))
    assert named
    gone = [
        path
        for path in named
        if "X" not in path
        and not (TOP / path).exists()
        and not (PACKAGE / path).exists()
    ]
    assert not gone, f"{page.name} names what is not there: {gone}"


def test_every_decision_has_its_five_parts():
    parts = ["Context", "Decision", "Why", "What it costs", "Where"]
    headings = re.compile(r"^(.+)\n~+\n", re.MULTILINE)
    _, *sections = headings.split(DECISIONS.read_text("utf-8"))
    titles, texts = sections[::2], sections[1::2]
    assert len(titles) >= len(parts)
    for title, text in zip(titles, texts, strict=True):
        assert re.findall(r"^:(.+?): ", text, re.MULTILINE) == parts, title
        assert _PATH.search(text.partition(":Where:")[2]), title
