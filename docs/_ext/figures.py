"""Make the figures ``docs/_static/*.svg``: ``python docs/_ext/figures.py``.

All are as wide as a phone, so that their text can be read there, and they have
colours for light and dark.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from html import escape
from pathlib import Path

STATIC = Path(__file__).parent.parent / "_static"

WIDTH = 480
#: From one line of text to the next.
LINE = 19

STYLE = """\
  <style>
    text { font: 15px "DejaVu Sans", Verdana, "Segoe UI", sans-serif;
           fill: #1f2328; }
    .card { fill: #ffffff; stroke: #d0d7de; }
    .small { font-size: 13px; }
    .bold { font-weight: bold; }
    .middle { text-anchor: middle; }
    .right { text-anchor: end; }
    .plain { fill: #f6f8fa; stroke: #8c959f; }
    .blue { fill: #b9d9f5; stroke: #2f6ea5; }
    .amber { fill: #ffd27a; stroke: #9a6700; }
    .green { fill: #c4eccd; stroke: #1a7f37; }
    .red { fill: #ffd7d5; stroke: #c0262d; }
    .old { fill: #eef0f2; stroke: #8c959f; stroke-dasharray: 4 3; }
    .line { stroke: #6e7781; fill: none; }
    .lead { stroke: #6e7781; stroke-dasharray: 2 4; fill: none; }
    .head { fill: #6e7781; }
    .end { stroke: #c0262d; stroke-width: 3; }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3; }
      .card { fill: #14181d; stroke: #3d444d; }
      .plain { fill: #22272e; stroke: #8c959f; }
      .blue { fill: #1d4b75; stroke: #6cb6ff; }
      .amber { fill: #7a5200; stroke: #f0b72f; }
      .green { fill: #1b4d2b; stroke: #57d364; }
      .red { fill: #6b2220; stroke: #ff7b72; }
      .old { fill: #262c34; stroke: #8c959f; }
      .line, .lead { stroke: #9198a1; }
      .head { fill: #9198a1; }
      .end { stroke: #ff7b72; }
    }
  </style>
"""


def text(x: float, y: float, words: str, style: str = "middle") -> str:
    return f'  <text class="{style}" x="{x}" y="{y}">{escape(words)}</text>\n'


def lines(x: float, y: float, words: str, style: str = "middle") -> str:
    """Write several lines, the first one at a height."""
    return "".join(
        text(x, y + number * LINE, line, style)
        for number, line in enumerate(words.split("\n"))
    )


def box(
    x: float, y: float, width: float, words: str, style: str = "plain"
) -> str:
    """Draw a box around some lines; the first one is bold."""
    first, *rest = words.split("\n")
    height = LINE * (1 + len(rest)) + 14
    middle = x + width / 2
    drawn = rectangle(x, y, width, height, style)
    drawn += text(middle, y + 22, first, "middle bold")
    return drawn + lines(
        middle, y + 22 + LINE, "\n".join(rest), "middle small"
    )


def rectangle(
    x: float, y: float, width: float, height: float, style: str
) -> str:
    return (
        f'  <rect class="{style}" x="{x}" y="{y}" width="{width}"'
        f' height="{height}" rx="4"/>\n'
    )


def line(x: float, y: float, to_x: float, to_y: float, style: str) -> str:
    return f'  <path class="{style}" d="M{x} {y} L{to_x} {to_y}"/>\n'


def down(x: float, y: float, to_y: float) -> str:
    head = f"M{x} {to_y} l-5 -9 h10 z"
    return line(x, y, x, to_y - 8, "line") + _head(head)


def across(x: float, y: float, to_x: float, style: str = "line") -> str:
    """Draw an arrow to the right or to the left."""
    back = -9 if to_x > x else 9
    head = f"M{to_x} {y} l{back} -5 v10 z"
    return line(x, y, to_x + back, y, style) + _head(head)


def _head(path: str) -> str:
    return f'  <path class="head" d="{path}"/>\n'


def figure(title: str, what: str, height: int, parts: Iterable[str]) -> str:
    """Write a figure.

    :param what: describes it to those who do not see it.
    """
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH}'
        f' {height}" role="img" aria-labelledby="title description">\n'
        f'  <title id="title">{escape(title)}</title>\n'
        f'  <desc id="description">{escape(what)}</desc>\n'
        + STYLE
        + f'  <rect class="card" x="0.5" y="0.5" width="{WIDTH - 1}"'
        f' height="{height - 1}" rx="8"/>\n' + "".join(parts) + "</svg>\n"
    )


def request() -> str:
    """Draw the way of a request."""
    left, wide, middle = 20, 270, 155
    side, narrow = 340, 120

    def exits(y: float, words: str, style: str = "red") -> list[str]:
        return [
            across(left + wide, y + 26, side),
            box(side, y, narrow, words, style),
        ]

    return figure(
        "The way of a request",
        "A request carries a credential. The authenticators look for it, in"
        " the order of the settings. The token is verified. With a repository,"
        " the library looks whether the session was ended. The user loader and"
        " the ACL decide. The view answers, and the response renews the token"
        " if it is due. Each step may refuse: 401, 503 or 403.",
        748,
        [
            box(left, 20, wide, "Request\nAuthorization, Cookie, ..."),
            down(middle, 72, 100),
            box(
                left,
                100,
                wide,
                "Authenticators, in order\n"
                "session, cookie, basic, bearer, ...\n"
                "each judges one kind of credential",
                "blue",
            ),
            *exits(109, "none sent\nanonymous", "plain"),
            down(middle, 171, 199),
            box(
                left,
                199,
                wide,
                "Verify the token\nkey, issuer, audience, times",
                "blue",
            ),
            *exits(199, "refused\n401"),
            down(middle, 251, 279),
            box(
                left,
                279,
                wide,
                "Was the session ended?\nask the cache, or the repository",
                "blue",
            ),
            *exits(279, "ended\n401"),
            down(middle, 331, 359),
            box(
                left,
                359,
                wide,
                "User loader and stamp\n"
                "code of your application, if you set it",
                "amber",
            ),
            *exits(359, "barred\n401"),
            down(middle, 411, 439),
            box(
                left,
                439,
                wide,
                "Permission\nprincipals of the identity, and ACLs",
                "amber",
            ),
            *exits(439, "not allowed\n403"),
            down(middle, 491, 519),
            box(left, 519, wide, "Your view\nrequest.identity", "green"),
            down(middle, 571, 599),
            box(
                left,
                599,
                wide,
                "Response\nrenews the token, if it is due:\n"
                "Session-Token or Set-Cookie",
                "green",
            ),
            lines(
                240,
                693,
                "401 comes from a view that needs a permission; without\n"
                "one, the request is anonymous. If the repository\n"
                "cannot be asked, the answer is 503.",
                "middle small",
            ),
        ],
    )


def choice() -> str:
    """Draw how to choose what carries the session, and its form."""
    return figure(
        "Header or cookie, self-contained or by reference",
        "Pages of your own origin use the cookie. Programs, mobile"
        " applications and pages of other origins use header tokens. If no"
        " session must end early, tokens are self-contained and there is no"
        " repository. If sessions must end early, configure a repository. If"
        " users see a list of their sessions, or claims must stay secret, use"
        " references; otherwise tokens stay self-contained.",
        604,
        [
            box(90, 20, 300, "1. Who sends the requests?"),
            down(150, 53, 111),
            lines(20, 76, "pages of your\nown origin", "small"),
            down(330, 53, 111),
            lines(345, 76, "programs, apps,\nother origins", "small"),
            box(20, 111, 215, "Cookie\nremember, forget", "green"),
            box(245, 111, 215, "Header token\nPOST /token", "green"),
            box(
                60,
                190,
                360,
                "2. Must a session end before its time?\n"
                "sign out everywhere, lost phone, barred user",
            ),
            down(110, 242, 286),
            text(125, 268, "no", "small"),
            down(370, 242, 286),
            text(385, 268, "yes", "small"),
            box(
                20,
                286,
                190,
                "Self-contained\nno repository; short\ntimes",
                "green",
            ),
            box(270, 286, 190, "Repository\nRedis or a database", "blue"),
            down(365, 338, 380),
            box(
                60,
                380,
                400,
                "3. A list of sessions, a limit of devices,\n"
                "claims that the client must not read?",
            ),
            down(160, 432, 476),
            text(175, 458, "no", "small"),
            down(370, 432, 476),
            text(385, 458, "yes", "small"),
            box(
                60,
                476,
                190,
                "Self-contained\nwith revocation:\nthe default",
                "green",
            ),
            box(270, 476, 190, "Reference\ntoken.form, cookie.form", "green"),
            lines(
                240,
                568,
                "Each of the answers is a setting.\nNo view of yours changes.",
                "middle small",
            ),
        ],
    )


def sign_out() -> str:
    """Draw how another process learns of a sign-out."""
    a, store, b = 110, 245, 380

    def event(y: float, moment: str) -> str:
        return text(20, y + 5, moment, "small bold")

    return figure(
        "A sign-out, seen by two processes",
        "At 0 s process B asks the repository and remembers the answer. At 2 s"
        " the user signs out in process A, which writes to the repository and"
        " refuses the session at once. At 4 s process B still accepts it from"
        " its cache. At 5 s the answer in the cache is too old. At 6 s process"
        " B asks again, and refuses the session. With push, Redis tells"
        " process B at 2 s.",
        560,
        [
            box(a - 60, 16, 120, "Process A", "blue"),
            box(store - 60, 16, 120, "Repository", "amber"),
            box(b - 60, 16, 120, "Process B", "blue"),
            line(a, 49, a, 440, "lead"),
            line(store, 49, store, 440, "lead"),
            line(b, 49, b, 440, "lead"),
            rectangle(b - 7, 100, 14, 200, "green"),
            event(84, "0 s"),
            across(b, 84, store),
            text(312, 76, "ended? no", "middle small"),
            lines(b + 14, 130, "the answer\ncounts for\n5 s", "small"),
            event(166, "2 s"),
            across(a, 166, store),
            text(180, 158, "sign-out", "middle small"),
            rectangle(a - 7, 166, 14, 274, "red"),
            lines(a + 14, 190, "refused here\nat once: 401", "small"),
            event(250, "4 s"),
            lines(
                b - 14, 246, "still accepted,\nfrom the cache", "right small"
            ),
            event(346, "6 s"),
            across(b, 346, store),
            text(312, 338, "ended? yes", "middle small"),
            rectangle(b - 7, 346, 14, 94, "red"),
            lines(b - 14, 376, "refused\nhere, too: 401", "right small"),
            lines(
                240,
                470,
                "5 s is repository.cache_ttl. With 0, process B asks\n"
                "each time. With invalidation = push, Redis tells it\n"
                'at 2 s. A view with sessiontoken_check="now", and\n'
                "revocation.strict = unsafe, ask past the cache.",
                "middle small",
            ),
        ],
    )


def rotation() -> str:
    """Draw how one key follows another."""
    first, second, third = 150, 250, 400

    def row(y: float, name: str, *bars: tuple[float, float, str, str]) -> str:
        drawn = text(20, y + 25, name, "bold")
        for begin, end, style, words in bars:
            drawn += rectangle(begin, y, end - begin, 40, style)
            drawn += text((begin + end) / 2, y + 25, words, "middle small")
        return drawn

    return figure(
        "One key follows another",
        "First key A alone signs. The command keygen --add writes key B into"
        " the file: B verifies at once, and A signs for five more minutes."
        " Then B signs, and A verifies what it signed before. When the last"
        " token of A has expired, after expiry.absolute, A is removed.",
        330,
        [
            lines(first, 30, "keygen\n--add", "middle small bold"),
            lines(second, 30, "5 minutes\nlater", "middle small bold"),
            lines(third, 30, "expiry.absolute\nlater", "middle small bold"),
            line(first, 58, first, 200, "lead"),
            line(second, 58, second, 200, "lead"),
            line(third, 58, third, 200, "lead"),
            row(
                72,
                "Key A",
                (80, second, "green", "signs and verifies"),
                (second, third, "blue", "verifies"),
            ),
            row(
                136,
                "Key B",
                (first, second, "blue", "verifies"),
                (second, 460, "green", "signs and verifies"),
            ),
            text(third + 32, 97, "remove", "middle small"),
            lines(
                240,
                228,
                "In the five minutes every process reads the file,\n"
                "so that no process meets a token of a key that it\n"
                "does not know. A is needed until its last token has\n"
                "expired: 10 h by default. No user is signed out.",
                "middle small",
            ),
            text(
                240,
                313,
                "keys.rotate = 30d does all this by itself.",
                "middle small bold",
            ),
        ],
    )


def timeline() -> str:
    """Draw the day of the page on renewal."""
    top, minute = 50.0, 3
    columns = [70, 128, 186, 244]
    requests = 316

    def at(time: str) -> float:
        hours, minutes = map(int, time.split(":"))
        return top + ((hours - 9) * 60 + minutes) * minute

    def token(number: int, *times: str) -> str:
        """Draw a token: issued, half of its life, renewed, expired."""
        x, names = columns[number - 1], ("blue", "amber", "old")
        drawn = text(x + 24, at(times[0]) - 7, f"{number}", "middle bold")
        for begin, end, style in zip(times, times[1:], names, strict=False):
            drawn += rectangle(x, at(begin), 48, at(end) - at(begin), style)
        return drawn

    def asked(time: str, words: str) -> str:
        return (
            line(70, at(time), requests - 6, at(time), "lead")
            + text(60, at(time) + 5, time, "right small bold")
            + lines(requests, at(time) + 4, words, "small")
        )

    hours = "".join(
        text(60, at(f"{hour}:00") + 5, f"{hour:02}:00", "right small")
        for hour in (10, 11)
    )
    return figure(
        "A session with sliding renewal and an absolute end",
        "A sign-in at 09:00 begins a session that ends at 12:00 whatever"
        " happens. Token 1 lives until 10:00. A request at 09:20, before its"
        " half-life, changes nothing; one at 09:40 brings token 2, which lives"
        " until 10:40. A request at 10:25 brings token 3, until 11:25. A"
        " request at 11:15 brings token 4, which would live until 12:15 and is"
        " cut at 12:00. A request at 11:40 gains nothing, so nothing is"
        " renewed. At 12:00 the session ends.",
        700,
        [
            text(181, 22, "tokens", "middle small"),
            text(requests, 22, "requests", "small"),
            hours,
            token(1, "9:00", "9:30", "9:40", "10:00"),
            token(2, "9:40", "10:10", "10:25", "10:40"),
            token(3, "10:25", "10:55", "11:15", "11:25"),
            token(4, "11:15", "12:00"),
            asked("09:00", "sign-in"),
            asked("09:20", "too early: no change"),
            asked("09:40", "renewed: token 2"),
            asked("10:25", "renewed: token 3"),
            asked("11:15", "renewed: token 4,\nfor the last time"),
            asked("11:40", "nothing to gain"),
            line(70, at("12:00"), 460, at("12:00"), "end"),
            text(60, at("12:00") + 5, "12:00", "right small bold"),
            text(requests, at("12:00") + 20, "the session ends", "small bold"),
            rectangle(20, 620, 24, 16, "blue"),
            text(54, 633, "a request changes nothing", "small"),
            rectangle(20, 644, 24, 16, "amber"),
            text(54, 657, "a request brings a new token", "small"),
            rectangle(20, 668, 24, 16, "old"),
            text(54, 681, "replaced; accepted until it expires", "small"),
        ],
    )


FIGURES: dict[str, Callable[[], str]] = {
    "request.svg": request,
    "choice.svg": choice,
    "sign_out.svg": sign_out,
    "rotation.svg": rotation,
    "timeline.svg": timeline,
}


def main() -> None:
    for name, draw in FIGURES.items():
        (STATIC / name).write_text(draw(), "utf-8")


if __name__ == "__main__":
    main()
