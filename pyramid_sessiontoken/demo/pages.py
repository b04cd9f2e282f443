"""The HTML of the demo."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from html import escape
from string import Template
from typing import Any

from pyramid.csrf import get_csrf_token
from pyramid.response import Response

from ..sessions.access_tokens import AccessTokenInfo
from ..sessions.stored import SessionInfo
from .devices import ago, device_name

#: Scripts and styles come from the demo alone.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
    " connect-src 'self'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'"
)

_PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>$title - pyramid_sessiontoken</title>
<link rel="icon" href="/static/icon.svg">
<link rel="stylesheet" href="/static/demo.css">
<script type="module" src="/static/demo.js"></script>
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header>
<a class="brand" href="/"><img src="/static/icon.svg" alt="" width="28"
height="28"> pyramid_sessiontoken</a>
<p>Show a password once and get a session token. It is renewed while you use
it, expires when you stop, and can be ended from anywhere.</p>
</header>
<main id="main">
$body
</main>
<footer>The demo of a library for Pyramid. Its users and passwords are public,
and its times are short on purpose.</footer>
</body>
</html>
""")

_SIGN_IN = Template("""<section class="card narrow">
<h1>$title</h1>
$note
<form method="post" action="/signin">
$csrf
<input type="hidden" name="next" value="$next">
<label for="username">User</label>
<input id="username" name="username" value="$username" required
autocomplete="username" autocapitalize="none" spellcheck="false">
<label for="password">Password</label>
<input id="password" name="password" type="password" required
autocomplete="current-password">
<label class="check"><input type="checkbox" name="persistent">
Keep me signed in</label>
<button class="main">Sign in</button>
</form>
<p class="hint">Try <code>alice</code> with the password <code>alice</code>, an
administrator, or <code>bob</code> with <code>bob</code>.</p>
</section>""")

_DASHBOARD = Template("""<div class="who">
<h1>You are $userid</h1>
<p>$roles. Signed in with: $authenticator.</p>
<form method="post" action="/signout">$csrf<button>Sign out</button></form>
</div>

<section class="card" aria-labelledby="life">
<h2 id="life">The life of this session</h2>
<div id="$timeline" class="timeline" hidden>
<div class="track" aria-hidden="true">
<div class="token"></div><div class="due"></div><div class="past"></div>
<div class="ticks"></div><div class="now"></div>
</div>
<div class="scale" aria-hidden="true"><span>sign-in</span>
<span>absolute end</span></div>
<dl class="figures">
<div><dt><i class="key key-token"></i>Token expires</dt>
<dd id="expires">-</dd></div>
<div><dt><i class="key key-due"></i>Use renews it</dt>
<dd id="renews">-</dd></div>
<div><dt><i class="key key-end"></i>Session ends</dt>
<dd id="ends">-</dd></div>
<div><dt><i class="key key-tick"></i>Renewals seen</dt>
<dd id="renewals">0</dd></div>
</dl>
</div>
<p id="told" class="told" role="status">$told</p>
<noscript><p>Without JavaScript there is no timeline. The buttons work.</p>
</noscript>
</section>

<div class="column">
<section class="card" aria-labelledby="try">
<h2 id="try">Try it</h2>
<fieldset class="carrier" hidden><legend>The session travels in</legend>
<label class="check"><input type="radio" name="carrier" value="cookie"
checked> a cookie</label>
<label class="check"><input type="radio" name="carrier" value="header">
a header</label></fieldset>
<div class="buttons">
<form action="/use"><button class="main" data-do="use">Use the session</button>
</form>
<button data-do="wait" hidden>Wait until it is due, then use</button>
<button data-do="renew" hidden>Renew now</button>
<form method="post" action="/phone" data-swap>$csrf
<button>Sign in on a phone</button></form>
<form method="post" action="/elsewhere" data-swap>$csrf
<button>Revoke elsewhere</button></form>
<form method="post" action="/unplug" data-swap>$csrf
<button>Unplug the repository</button></form>
<a class="button" href="/account">Ask for the password again</a>
<a class="button" href="/admin">For administrators</a>
</div>
<p class="hint"><b>Revoke elsewhere</b> ends this session as another device
would. <b>Unplug</b> takes the repository away for some seconds: the answer is
503, not a sign-out. The password is asked for again a minute after
sign-in.</p>
</section>

<section class="card" aria-labelledby="yours" id="sessions">
<h2 id="yours">Your sessions</h2>
<ul class="cards">$sessions</ul>
<form method="post" action="/others" data-swap>$csrf
<button>End all others</button></form>
</section>

<section class="card" aria-labelledby="programs" id="tokens">
<h2 id="programs">Access tokens</h2>
<p>For a program of yours. It is no session: it lives until it is revoked, at
most 90 days, and nothing renews it.</p>
$made
<ul class="cards">$tokens</ul>
<form method="post" action="/access-token" data-swap>$csrf
<label for="name">Name of the program</label>
<input id="name" name="name" value="backup" required maxlength="100">
<fieldset class="row"><legend>Its roles</legend>$grants</fieldset>
<div class="row"><label for="lifetime">It lives</label>
<select id="lifetime" name="lifetime"><option value="7d">7 days</option>
<option value="30d">30 days</option><option value="90d">90 days</option>
</select><button>Make an access token</button></div></form>
</section>
</div>

<div class="column">
<section class="card" aria-labelledby="travelled">
<h2 id="travelled">What just travelled</h2>
<p id="nothing" class="hint">Nothing yet: use the session.</p>
<div id="exchange" hidden>
<pre id="wire" tabindex="0" role="region"
aria-label="Request and answer"></pre>
<h3>Decoded</h3>
<pre id="decoded" tabindex="0" role="region" aria-label="Token decoded"></pre>
<h3>The same with curl</h3>
<pre id="curl" tabindex="0" role="region" aria-label="Commands"></pre>
<button data-do="copy">Copy the commands</button>
</div>
</section>
</div>""")

_NO_SESSION = """There is no session: the browser sends the password with each
request. Close it to sign out."""

_SESSION = Template("""<li><h3>$device</h3>
<p>began <time datetime="$iso">$ago</time>$address$here</p>
<form method="post" action="/end" data-swap>$csrf
<input type="hidden" name="sid" value="$sid">
<button aria-label="End $device, began $ago">End</button></form></li>""")

_TOKEN = Template("""<li><h3>$name</h3>
<p>made <time datetime="$iso">$ago</time>, roles: $roles</p>
<form method="post" action="/revoke" data-swap>$csrf
<input type="hidden" name="id" value="$id">
<button aria-label="Revoke $name, made $ago">Revoke</button></form></li>""")

_GRANT = Template("""<label class="check"><input type="checkbox" name="role"
value="$role" checked> $role</label>""")

_MADE = Template("""<div class="note" role="status"><p>Here it is. It cannot be
shown again.</p><pre tabindex="0" role="region" aria-label="Access token"
>curl -H "Authorization: Bearer $text" $url</pre></div>""")

_PLAIN = Template("""<section class="card narrow"><h1>$title</h1>
$text
<p><a class="button" href="/">Back to the demo</a></p></section>""")


def write_page(title: str, body: str) -> str:
    """Write a whole page."""
    return _PAGE.substitute(title=escape(title), body=body)


def answer_page(title: str, body: str) -> Response:
    """Answer with a page of the demo."""
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-store"}
    response = Response(write_page(title, body))
    response.headers.update(headers)
    return response


def plain(title: str, *paragraphs: str) -> str:
    """Write the body of a page that only says something."""
    text = "".join(f"<p>{escape(each)}</p>" for each in paragraphs)
    return _PLAIN.substitute(title=escape(title), text=text)


def sign_in_form(  # noqa: PLR0913
    request: Any,
    title: str,
    next: str,  # noqa: A002
    *,
    username: str = "",
    note: str = "",
    error: str = "",
) -> str:
    """Write the form."""
    said = f"<p>{escape(note)}</p>" if note else ""
    if error:
        said = f'<p class="error" role="alert">{escape(error)}</p>'
    return _SIGN_IN.substitute(
        title=escape(title),
        note=said,
        csrf=csrf_field(request),
        next=escape(next),
        username=escape(username),
    )


def dashboard(  # noqa: PLR0913
    request: Any,
    identity: Any,
    *,
    sessions: Iterable[SessionInfo],
    tokens: Iterable[AccessTokenInfo],
    now: datetime,
    made: str = "",
) -> str:
    """Write what a user sees.

    :param made: the text of an access token that was made just now.
    """
    csrf = csrf_field(request)
    if made:
        url = request.route_url("use")
        made = _MADE.substitute(text=escape(made), url=escape(url))
    roles = identity.claims.get("roles", ())
    return _DASHBOARD.substitute(
        userid=escape(str(identity.userid)),
        roles=escape("Roles: " + ", ".join(roles)),
        authenticator=escape(identity.authenticator),
        timeline="timeline" if identity.ticket else "no-timeline",
        told="" if identity.ticket else _NO_SESSION,
        csrf=csrf,
        sessions="".join(_session(each, now, csrf) for each in sessions),
        tokens="".join(_token(each, now, csrf) for each in tokens),
        made=made,
        grants="".join(_GRANT.substitute(role=escape(role)) for role in roles),
    )


def csrf_field(request: Any) -> str:
    """Write the hidden field that each form has."""
    token = escape(get_csrf_token(request))
    return f'<input type="hidden" name="csrf_token" value="{token}">'


def _session(info: SessionInfo, now: datetime, csrf: str) -> str:
    address = info.device.get("address")
    return _SESSION.substitute(
        device=escape(device_name(info.device.get("user_agent", ""))),
        iso=info.began.isoformat(),
        ago=ago((now - info.began).total_seconds()),
        address=escape(f", from {address}") if address else "",
        here=', <b class="here">this device</b>' if info.current else "",
        csrf=csrf,
        sid=escape(info.sid),
    )


def _token(info: AccessTokenInfo, now: datetime, csrf: str) -> str:
    return _TOKEN.substitute(
        name=escape(info.name),
        iso=info.created.isoformat(),
        ago=ago((now - info.created).total_seconds()),
        csrf=csrf,
        roles=escape(", ".join(info.claims.get("roles", ())) or "none"),
        id=escape(info.id),
    )
