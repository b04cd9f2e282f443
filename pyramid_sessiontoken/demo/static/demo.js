// The live part of the demo's page. Without it, forms and links still work.
// A header token is kept in this module alone: no storage ever has it.

const find = (selector) => document.querySelector(selector);
const state = {
  token: null, carrier: "cookie", status: null, seen: 0, ticks: [],
  over: false, waiting: false,
};

const show = (element, isShown) => { element.hidden = !isShown; };
const tell = (text) => { find("#told").textContent = text; };
const short = (text) => (text.length > 16 ? `${text.slice(0, 12)}...` : text);
const headers = () => (state.carrier === "header"
  ? { Authorization: `Session ${state.token}` } : {});

async function ask(path, options = {}) {
  const given = { ...headers(), ...options.headers };
  const credentials = given.Authorization ? "omit" : "same-origin";
  const response = await fetch(path, {
    cache: "no-store", credentials, ...options, headers: given,
  });
  const renewed = response.headers.get("Session-Token");
  if (renewed && state.carrier === "header") state.token = renewed;
  return response;
}

// --- the timeline ---------------------------------------------------------

async function look() {
  if (state.over) return;
  let response;
  try {
    response = await ask("/token/status");
  } catch {
    tell("The server does not answer.");
    return;
  }
  const out = response.status === 503;
  find("#timeline").classList.toggle("out", out);
  if (out) {
    tell("503: the repository does not answer. You are not signed out.");
    return;
  }
  if (find("#told").textContent.startsWith("503")) {
    tell("The repository is back, and so is the session.");
  }
  if (response.ok) follow(await response.json());
}

function follow(status) {
  if (!status.active) {
    end();
    return;
  }
  const now = Date.now() / 1000;
  const expires = now + status.expires_in;
  const last = state.status;
  if (last && last.sub === status.sub && expires > last.expires + 2) {
    state.ticks.push(now);
    find("#renewals").textContent = state.ticks.length;
    tell("Renewed: the same session, a token with a whole life.");
  }
  const ends = now + status.session_expires_in;
  if (last && last.ends - ends > 2) state.ticks = [];
  state.status = {
    sub: status.sub,
    expires,
    ends: last && Math.abs(last.ends - ends) < 2 ? last.ends : ends,
    due: status.renews_in === null ? null : now + status.renews_in,
    began: last ? last.began : now - began(status),
  };
  state.seen = now;
  show(find("#timeline"), true);
  draw();
}

// Seconds since sign-in, by the server's clock.
function began(status) {
  return Math.max(0, state.serverNow - status.auth_time);
}

function draw() {
  if (!state.status || state.over) return;
  const now = Date.now() / 1000;
  const { began: first, ends, expires, due } = state.status;
  const at = (time) => Math.min(100, Math.max(0,
    ((time - first) / Math.max(1, ends - first)) * 100));
  const place = (name, from, to) => {
    const { style } = find(`.track .${name}`);
    style.left = `${at(from)}%`;
    if (to !== undefined) style.width = `${at(to) - at(from)}%`;
  };
  place("token", now, expires);
  const from = due === null ? expires : Math.max(due, now);
  place("due", from, expires);
  place("past", first, now);
  place("now", now);
  find(".track .ticks").replaceChildren(...state.ticks.map((time) => {
    const tick = document.createElement("i");
    tick.style.left = `${at(time)}%`;
    return tick;
  }));
  find("#expires").textContent = left(expires - now);
  find("#ends").textContent = left(ends - now);
  find("#renews").textContent = due === null ? "no more"
    : due <= now ? "now" : `in ${left(due - now)}`;
  if (expires <= now && now - state.seen > 1) {
    state.seen = now;
    look();
  }
}

function left(seconds) {
  const whole = Math.max(0, Math.ceil(seconds));
  if (whole < 100) return `${whole} s`;
  if (whole < 6000) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.round(whole / 3600)} h`;
}

async function end() {
  state.over = true;
  find("#timeline").classList.add("over");
  for (const name of ["#expires", "#renews", "#ends"]) {
    find(name).textContent = "over";
  }
  const answer = await (await ask("/identity")).json();
  const why = answer.refused || "the cookie is gone";
  const told = find("#told");
  told.textContent = `The session ended: ${why}. `;
  const again = document.createElement("a");
  again.href = "/";
  again.textContent = "Sign in again";
  told.append(again);
}

// --- what just travelled --------------------------------------------------

async function send(method, path) {
  const sentHeaders = headers();
  const before = state.token;
  const response = await ask(path, {
    method, headers: { Accept: "application/json" },
  });
  const body = response.headers.get("Content-Type")?.includes("json")
    ? await response.json() : {};
  const lines = [`${method} ${path} HTTP/1.1`];
  if (sentHeaders.Authorization) {
    lines.push(`Authorization: Session ${short(before)}`);
  } else {
    lines.push(`Cookie: ${body.sent?.Cookie ?? "(the browser adds it)"}`);
  }
  lines.push("", `HTTP/1.1 ${response.status}`);
  for (const [name, written] of [
    ["Content-Type", "Content-Type"], ["Session-Token", "Session-Token"], ["Demo-Set-Cookie", "Set-Cookie"],
    ["WWW-Authenticate", "WWW-Authenticate"], ["Retry-After", "Retry-After"],
    ["Cache-Control", "Cache-Control"], ["Vary", "Vary"],
  ]) {
    const value = response.headers.get(name);
    if (value) {
      const isSecret = name === "Session-Token";
      lines.push(`${written}: ${isSecret ? short(value) : value}`);
    }
  }
  if (body.access_token) {
    state.token = body.access_token;
    body.access_token = short(body.access_token);
  }
  find("#decoded").textContent = decoded(body);
  delete body.sent;
  delete body.session;
  lines.push("", JSON.stringify(body, null, 2));
  find("#wire").textContent = lines.join("\n");
  find("#curl").textContent = asCurl(method, path);
  show(find("#nothing"), false);
  show(find("#exchange"), true);
  if (response.ok) {
    tell(`${response.status}: the server knows you.`);
  } else {
    tell(`${response.status}: ${body.error_description ?? "refused"}.`);
  }
  await look();
}

function decoded(body) {
  if (state.carrier === "cookie") {
    const said = "The cookie is a random reference.";
    if (!body.session) return `${said} There is nothing to decode.`;
    return `${said} The server keeps:\n${JSON.stringify(body.session, null, 2)}`;
  }
  const parts = state.token.split(".").slice(0, 2).map((part) => {
    const text = atob(part.replace(/-/g, "+").replace(/_/g, "/"));
    const bytes = Uint8Array.from(text, (c) => c.charCodeAt(0));
    return JSON.stringify(JSON.parse(new TextDecoder().decode(bytes)), null, 2);
  });
  return `${parts.join("\n")}\n(signature)`;
}

function asCurl(method, path) {
  const { origin } = location;
  const name = state.status?.sub ?? "alice";
  const verb = method === "GET" ? "" : ` -X ${method}`;
  if (state.carrier === "header") {
    return `TOKEN=$(curl -s -u ${name}:${name} -X POST ${origin}/token |`
      + ` python3 -c 'import json,sys;`
      + ` print(json.load(sys.stdin)["access_token"])')\n`
      + `curl -i${verb} -H "Authorization: Session $TOKEN" ${origin}${path}`;
  }
  return `CSRF=$(curl -s -c jar ${origin}/signin |`
    + ` sed -n 's/.*csrf_token" value="\\([^"]*\\)".*/\\1/p')\n`
    + `curl -s -b jar -c jar -d csrf_token=$CSRF -d username=${name}`
    + ` -d password=${name} ${origin}/signin\n`
    + `curl -i${verb} -b jar -c jar ${origin}${path}`;
}

// --- buttons --------------------------------------------------------------

const actions = {
  use: () => send("GET", "/use"),
  renew: () => send("POST", "/token/renew"),
  wait() {
    state.waiting = true;
    tell("Waiting until a use renews the token.");
  },
  async copy() {
    try {
      await navigator.clipboard.writeText(find("#curl").textContent);
      tell("Copied.");
    } catch {
      tell("The browser does not let a page copy: select the commands.");
    }
  },
};

async function choose(carrier) {
  if (carrier === "header" && !state.token) {
    const response = await fetch("/token", { method: "POST" });
    if (!response.ok) {
      tell(`${response.status}: no header token.`);
      find("[name=carrier][value=cookie]").checked = true;
      return;
    }
    state.token = (await response.json()).access_token;
  }
  state.carrier = carrier;
  tell(carrier === "header"
    ? "The same session in a header: only this page's script has the token."
    : "The session travels in a cookie that no script can read.");
  // Another token of the same session has times of its own.
  if (state.status) state.status.expires = Infinity;
  await look();
}

async function swap(form) {
  const section = form.closest("section").id;
  const response = await fetch(form.action, {
    method: form.method, body: new URLSearchParams(new FormData(form)),
    headers: { Accept: "text/html" },
  });
  const page = new DOMParser().parseFromString(
    await response.text(), "text/html");
  const said = form.querySelector("button").textContent.trim();
  tell(response.ok ? `${said}: done.`
    : `${page.querySelector("h1")?.textContent ?? response.status}.`);
  for (const id of ["sessions", "tokens"]) {
    const fresh = page.getElementById(id);
    if (fresh) find(`#${id}`).replaceChildren(...fresh.childNodes);
  }
  if (!form.isConnected) {
    // The button is gone: do not send the keyboard back to the start.
    const heading = find(`#${section} h2`);
    heading.tabIndex = -1;
    heading.focus();
  }
  await look();
}

function listen() {
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-do]");
    if (!button) return;
    event.preventDefault();
    button.disabled = true;
    try {
      await actions[button.dataset.do]();
    } finally {
      button.disabled = false;
      button.focus();
    }
  });

  document.addEventListener("submit", (event) => {
    if (!("swap" in event.target.dataset)) return;
    event.preventDefault();
    swap(event.target);
  });

  document.addEventListener("change", (event) => {
    if (event.target.name === "carrier") choose(event.target.value);
  });
}

async function start() {
  listen();
  const response = await fetch("/token/status", { cache: "no-store" });
  const date = Date.parse(response.headers.get("Date"));
  state.serverNow = (date || Date.now()) / 1000;
  for (const hidden of document.querySelectorAll("[data-do], .carrier")) {
    show(hidden, true);
  }
  if (response.ok) follow(await response.json());
  const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches;
  setInterval(draw, isStill ? 1000 : 500);
  setInterval(look, 2000);
  setInterval(() => {
    const { due } = state.status ?? {};
    if (state.waiting && due && due <= Date.now() / 1000) {
      state.waiting = false;
      actions.use();
    }
  }, 500);
}

if (find("#timeline")) start();
