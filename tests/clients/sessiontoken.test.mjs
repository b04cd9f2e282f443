// The rules of sessiontoken.js, with a server that the tests play.

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

const { SessionToken } = await import(process.env.SESSIONTOKEN_JS);

/** Of each test another one: sessions of one URL hear of each other. */
let API;
let number = 0;
const MINUTE = 60_000;

const ISSUED = {
  access_token: "first",
  token_type: "Session",
  expires_in: 3600,
  session_expires_in: 36000,
};
const RENEWED = { ...ISSUED, access_token: "second" };
const STATUS = {
  active: true,
  expires_in: 3600,
  session_expires_in: 36000,
  renews_in: 1800,
};

/** What was asked, as "METHOD path credential". */
let asked;
/** What answers: by "METHOD path", a function of the request. */
let answers;
/** What the session told. */
let told;

function json(body, status = 200) {
  return () => Response.json(body, { status });
}

async function play(input, init) {
  const request = new Request(input, init);
  const { origin, pathname } = new URL(request.url);
  const key = `${request.method} ${origin === API ? "" : origin}${pathname}`;
  const shown = request.headers.get("Authorization");
  asked.push(shown ? `${key} ${shown}` : key);
  const answer = answers[key];
  if (!answer) return new Response("hello");
  return answer(request);
}

beforeEach(() => {
  API = `https://api${number++}.example`;
  asked = [];
  told = [];
  answers = {
    "POST /token": json(ISSUED),
    "POST /token/renew": json(RENEWED),
    "GET /token/status": json(STATUS),
    "DELETE /token": () => new Response(null, { status: 204 }),
  };
  mock.timers.enable({ apis: ["Date", "setTimeout"] });
  mock.method(globalThis, "fetch", play);
});

afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
});

/** Let what was begun come to its end. */
async function settle() {
  for (let i = 0; i < 5; i++) await new Promise(setImmediate);
}

function watch(session) {
  for (const event of ["renewed", "ending", "ended"]) {
    session.on(event, (of) => {
      assert.equal(of, session);
      told.push(event);
    });
  }
  return session;
}

async function signedIn(options) {
  const session = watch(new SessionToken({ url: `${API}/token`, ...options }));
  await session.signIn({ username: "alice", password: "alice" });
  asked.length = 0;
  return session;
}

async function withCookie() {
  const session = watch(
    new SessionToken({ url: `${API}/token`, cookie: true }),
  );
  await session.status();
  assert.deepEqual(asked, ["GET /token/status"]);
  asked.length = 0;
  return session;
}

function isError(status, code) {
  return (error) =>
    error instanceof Error && error.status === status && error.code === code;
}

test("a password is swapped once, and not kept", async () => {
  const session = new SessionToken({ url: `${API}/token/` });
  assert.equal(session.signedIn, false);
  assert.equal(session.expires, null);
  assert.equal(session.ends, null);
  await session.signIn({ username: "J\u00fcrgen", password: "\u2603" });
  const basic = Buffer.from("J\u00fcrgen:\u2603").toString("base64");
  assert.deepEqual(asked, [`POST /token Basic ${basic}`]);
  assert.equal(session.signedIn, true);
  assert.deepEqual(session.expires, new Date(60 * MINUTE));
  assert.deepEqual(session.ends, new Date(600 * MINUTE));
  assert.equal(JSON.stringify(session), "{}");
});

test("other credentials come in headers", async () => {
  const session = new SessionToken({ url: `${API}/token` });
  await session.signIn({ headers: { Authorization: "Bearer eyJ" } });
  assert.deepEqual(asked, ["POST /token Bearer eyJ"]);
});

test("a refusal tells what the server says", async () => {
  const session = watch(new SessionToken({ url: `${API}/token` }));
  answers["POST /token"] = json(
    { error: "invalid_client", error_description: "No" },
    401,
  );
  const tried = session.signIn({ username: "alice", password: "x" });
  await assert.rejects(tried, (error) => {
    assert.equal(error.message, "No");
    assert.equal(error.response.status, 401);
    return isError(401, "invalid_client")(error);
  });
  answers["POST /token"] = () => new Response("<p>", { status: 502 });
  const again = session.signIn({ username: "alice", password: "x" });
  await assert.rejects(again, isError(502, undefined));
  assert.equal(session.signedIn, false);
});

test("no credential follows a redirect", async () => {
  const session = await signedIn();
  await session.status();
  await session.renew();
  const asking = fetch.mock.calls.map((call) => call.arguments[1]);
  for (const init of asking) {
    assert.equal(init.redirect, "error");
    assert.equal(init.cache, "no-store");
  }
  assert.equal(asking.length, 3);
});

test("requests to the origin of url alone carry the token", async () => {
  const session = await signedIn();
  await session.fetch(`${API}/news`, { headers: { Accept: "text/html" } });
  await session.fetch(new Request(`${API}/news`));
  await session.fetch(new URL(`${API}/news`));
  const others = [API.replace("https", "http"), `${API}:444`];
  for (const url of others) await session.fetch(`${url}/a`);
  const own = { headers: { Authorization: "Basic x" } };
  await session.fetch(`${API}/news`, own);
  assert.deepEqual(asked, [
    "GET /news Session first",
    "GET /news Session first",
    "GET /news Session first",
    ...others.map((url) => `GET ${url}/a`),
    "GET /news Basic x",
  ]);
});

test("without a session a request goes as it is", async () => {
  const session = new SessionToken({ url: `${API}/token` });
  assert.equal(await (await session.fetch(`${API}/news`)).text(), "hello");
  assert.deepEqual(await session.status(), { active: false });
  await session.signOut();
  await assert.rejects(session.renew(), /nobody is signed in/);
  assert.deepEqual(asked, ["GET /news"]);
});

test("many requests at once make one renewal", async () => {
  const session = await signedIn();
  mock.timers.tick(29 * MINUTE);
  await session.fetch(`${API}/news`);
  mock.timers.tick(MINUTE);
  const urls = Array.from({ length: 20 }, (_, i) => `${API}/news/${i}`);
  await Promise.all(urls.map((url) => session.fetch(url)));
  await settle();
  assert.equal(asked.length, 22);
  assert.equal(asked[1], "POST /token/renew Session first");
  for (const line of asked.slice(2)) assert.match(line, /Session second$/);
  assert.deepEqual(told, ["renewed"]);
  assert.deepEqual(session.expires, new Date(90 * MINUTE));
});

test("a request that says Session-Slide: no renews nothing", async () => {
  const session = await signedIn();
  mock.timers.tick(50 * MINUTE);
  for (const value of ["no", "No"])
    await session.fetch(`${API}/a`, { headers: { "Session-Slide": value } });
  assert.deepEqual(asked, ["GET /a Session first", "GET /a Session first"]);
});

test("a renewal that fails costs no request its answer", async () => {
  const session = await signedIn();
  answers["POST /token/renew"] = json({}, 503);
  mock.timers.tick(30 * MINUTE);
  for (let i = 0; i < 3; i++)
    assert.equal((await session.fetch(`${API}/news`)).status, 200);
  // It is tried again at half the time that is left.
  assert.equal(asked.filter((line) => line.includes("renew")).length, 1);
  mock.timers.tick(15 * MINUTE);
  await session.fetch(`${API}/news`);
  assert.equal(asked.filter((line) => line.includes("renew")).length, 2);
  await assert.rejects(session.renew(), isError(503, undefined));
  assert.equal(session.signedIn, true);
});

test("what cannot be renewed is not tried", async () => {
  answers["POST /token"] = json({ ...ISSUED, expires_in: 36000 });
  const session = await signedIn();
  mock.timers.tick(301 * MINUTE);
  await session.fetch(`${API}/news`);
  assert.deepEqual(asked, ["GET /news Session first"]);
  mock.timers.tick(298 * MINUTE);
  await settle();
  await session.fetch(`${API}/news`);
  assert.ok(!asked.some((line) => line.includes("renew")));
  answers["GET /token/status"] = json({ ...STATUS, renews_in: null });
  await session.status();
  mock.timers.tick(40 * MINUTE);
  await session.fetch(`${API}/news`);
  assert.ok(!asked.some((line) => line.includes("renew")));
});

test("the server says when a renewal is due", async () => {
  const session = await signedIn();
  answers["GET /token/status"] = json({ ...STATUS, renews_in: 3000 });
  await session.status();
  mock.timers.tick(49 * MINUTE);
  await session.fetch(`${API}/news`);
  assert.equal(asked.length, 2);
  mock.timers.tick(MINUTE);
  await session.fetch(`${API}/news`);
  assert.equal(asked[2], "POST /token/renew Session first");
});

test("a renewed token in a header counts, of the first answer", async () => {
  const session = await signedIn();
  let count = 0;
  answers["GET /news"] = () =>
    new Response("", { headers: { "Session-Token": `n${count++}` } });
  answers["GET /token/status"] = json({ ...STATUS, expires_in: 3700 });
  await Promise.all([1, 2].map(() => session.fetch(`${API}/news`)));
  delete answers["GET /news"];
  await session.fetch(`${API}/news`);
  assert.deepEqual(asked, [
    "GET /news Session first",
    "GET /news Session first",
    "GET /token/status Session n0",
    "GET /news Session n0",
  ]);
  assert.deepEqual(told, ["renewed"]);
  assert.deepEqual(session.expires, new Date(3_700_000));
});

test("what was asked with a token before tells nothing of this one", async () => {
  const session = await signedIn();
  let answer;
  answers["GET /token/status"] = () =>
    new Promise((resolve) => (answer = resolve));
  const asking = session.status();
  await settle();
  const headers = { "Session-Token": "second" };
  answers["GET /news"] = () => new Response("", { headers });
  const old = answer;
  answers["GET /token/status"] = json({ ...STATUS, expires_in: 3700 });
  await session.fetch(`${API}/news`);
  old(Response.json(STATUS));
  await asking;
  assert.deepEqual(session.expires, new Date(3_700_000));
  assert.equal(asked.at(-1), "GET /token/status Session second");
});

test("a header of another origin is not believed", async () => {
  const session = await signedIn();
  const headers = { "Session-Token": "forged" };
  const forged = () => new Response("", { headers });
  answers["GET https://evil.example/"] = forged;
  answers["GET /away"] = () =>
    // As if it had been redirected.
    Object.defineProperty(forged(), "url", { value: "https://evil.example/" });
  await session.fetch("https://evil.example/");
  await session.fetch(`${API}/away`);
  // One that names a credential of its own.
  answers["GET /own"] = forged;
  await session.fetch(`${API}/own`, { headers: { Authorization: "Basic x" } });
  await session.fetch(`${API}/news`);
  assert.equal(asked.at(-1), "GET /news Session first");
});

test("a renewal that ends after the sign-out is not taken", async () => {
  for (const name of ["renew", "status"]) {
    const session = await signedIn();
    let answer;
    const key = `${name === "renew" ? "POST" : "GET"} /token/${name}`;
    answers[key] = () => new Promise((resolve) => (answer = resolve));
    const asking = session[name]();
    await settle();
    await session.signOut();
    answer(Response.json(name === "renew" ? RENEWED : STATUS));
    await asking;
    assert.equal(session.signedIn, false);
    assert.equal(session.expires, null);
    await session.fetch(`${API}/news`);
    assert.equal(asked.at(-1), "GET /news");
  }
  await settle();
  assert.deepEqual(told, ["ended", "ended"]);
});

test("a refused renewal of a session before does not end this one", async () => {
  const session = await signedIn();
  let answer;
  answers["POST /token/renew"] = () =>
    new Promise((resolve) => (answer = resolve));
  const renewing = session.renew();
  await settle();
  await session.signIn({ username: "bob", password: "bob" });
  answer(Response.json({}, { status: 401 }));
  await assert.rejects(renewing, isError(401, undefined));
  assert.equal(session.signedIn, true);
  assert.deepEqual(told, []);
});

test("a session that the server does not know has ended", async () => {
  const session = await signedIn();
  answers["POST /token/renew"] = json({ error: "invalid_client" }, 401);
  await assert.rejects(session.renew(), isError(401, "invalid_client"));
  assert.equal(session.signedIn, false);
  await session.signIn({ username: "alice", password: "alice" });
  answers["GET /admin"] = json({}, 401);
  // A 401 of another kind, step-up say, ends nothing.
  assert.equal((await session.fetch(`${API}/admin`)).status, 401);
  assert.equal(session.signedIn, true);
  answers["GET /token/status"] = json({ active: false });
  assert.equal((await session.fetch(`${API}/admin`)).status, 401);
  assert.equal(session.signedIn, false);
  await settle();
  assert.deepEqual(told, ["ended", "ended"]);
});

test("sign-out drops the token, whatever the server answers", async () => {
  for (const status of [204, 401, 405, 503]) {
    const session = await signedIn();
    answers["DELETE /token"] = () => new Response(null, { status });
    const signingOut = session.signOut();
    if (status === 503) await assert.rejects(signingOut, isError(503));
    else await signingOut;
    assert.deepEqual(asked, ["DELETE /token Session first"]);
    assert.equal(session.signedIn, false);
  }
});

test("with a cookie the server must have signed out", async () => {
  for (const status of [405, 503]) {
    const session = await withCookie();
    answers["DELETE /token"] = () => new Response(null, { status });
    await assert.rejects(session.signOut(), isError(status));
    assert.equal(session.signedIn, true);
    asked.length = 0;
  }
  for (const status of [204, 401]) {
    const session = await withCookie();
    answers["DELETE /token"] = () => new Response(null, { status });
    await session.signOut();
    assert.equal(session.signedIn, false);
    asked.length = 0;
  }
});

test("with a cookie there is no token, and no sign-in", async () => {
  const session = await withCookie();
  const tried = session.signIn({ username: "alice", password: "alice" });
  await assert.rejects(tried, TypeError);
  answers["POST /token/renew"] = json(STATUS);
  mock.timers.tick(30 * MINUTE);
  await session.fetch(`${API}/news`);
  assert.deepEqual(asked, ["POST /token/renew", "GET /news"]);
  await settle();
  assert.deepEqual(told, ["renewed"]);
  answers["GET /token/status"] = json({}, 503);
  // Nobody is asked before it is known that somebody is signed in.
  const other = new SessionToken({ url: `${API}/token`, cookie: true });
  await settle();
  assert.equal(other.signedIn, false);
});

test("a renewal that gains nothing is not tried each time", async () => {
  const session = await withCookie();
  const unchanged = { ...STATUS, expires_in: 1800, renews_in: -1 };
  answers["POST /token/renew"] = json(unchanged);
  mock.timers.tick(30 * MINUTE);
  for (let i = 0; i < 3; i++) await session.fetch(`${API}/news`);
  assert.equal(asked.length, 4);
  assert.deepEqual(told, []);
});

test("the end is told before it comes", async () => {
  const session = await signedIn({ warnBefore: 300 });
  const left = (minutes) => ({
    ...STATUS,
    expires_in: minutes * 60,
    renews_in: 0,
  });
  answers["GET /token/status"] = json(left(5));
  mock.timers.tick(55 * MINUTE - 1);
  await settle();
  assert.deepEqual(asked, []);
  mock.timers.tick(1);
  await settle();
  assert.deepEqual(asked, ["GET /token/status Session first"]);
  assert.deepEqual(told, ["ending"]);
  mock.timers.tick(5 * MINUTE - 1);
  await settle();
  assert.equal(asked.length, 1);
  // The clock of the server is behind.
  answers["GET /token/status"] = json({ ...left(0), expires_in: 1 });
  mock.timers.tick(1);
  await settle();
  assert.deepEqual(told, ["ending"]);
  answers["GET /token/status"] = json(left(0));
  mock.timers.tick(1000);
  await settle();
  assert.deepEqual(told, ["ending", "ended"]);
  assert.equal(session.signedIn, false);
});

test("the end is told again after a renewal and after a sign-in", async () => {
  const session = await signedIn();
  const last = { ...STATUS, expires_in: 60, renews_in: 0 };
  answers["GET /token/status"] = json(last);
  mock.timers.tick(59 * MINUTE);
  await settle();
  await session.renew();
  mock.timers.tick(58 * MINUTE);
  await settle();
  assert.deepEqual(told, ["ending", "renewed"]);
  mock.timers.tick(MINUTE);
  await settle();
  assert.deepEqual(told, ["ending", "renewed", "ending"]);
  assert.equal(asked.length, 3);
  await session.signIn({ username: "bob", password: "bob" });
  mock.timers.tick(59 * MINUTE);
  await settle();
  assert.deepEqual(told, ["ending", "renewed", "ending", "ending"]);
});

test("a session that has ended asks no more", async () => {
  const session = await withCookie();
  await session.signOut();
  mock.timers.tick(60 * MINUTE);
  await settle();
  assert.deepEqual(asked, ["DELETE /token"]);
});

test("a cookie that is there at the beginning is noticed", async () => {
  const session = new SessionToken({ url: `${API}/token`, cookie: true });
  await settle();
  assert.equal(session.signedIn, true);
});

test("what was used elsewhere does not end here", async () => {
  const session = await signedIn();
  // A reference: whoever uses it, the token stays the same.
  answers["GET /token/status"] = json({ ...STATUS, expires_in: 1800 });
  mock.timers.tick(59 * MINUTE);
  await settle();
  assert.deepEqual(told, ["renewed"]);
  assert.deepEqual(session.expires, new Date(89 * MINUTE));
  mock.timers.tick(28 * MINUTE);
  await settle();
  assert.deepEqual(told, ["renewed"]);
});

test("without a network the clock ends the session", async () => {
  const session = await signedIn();
  answers["GET /token/status"] = () => Promise.reject(new TypeError("down"));
  mock.timers.tick(59 * MINUTE);
  await settle();
  assert.deepEqual(told, ["ending"]);
  mock.timers.tick(MINUTE);
  await settle();
  assert.deepEqual(told, ["ending", "ended"]);
  assert.equal(session.signedIn, false);
});

test("a session of a year ends after a year", async () => {
  const year = { expires_in: 31_536_000, session_expires_in: 31_536_000 };
  answers["POST /token"] = json({ ...ISSUED, ...year });
  answers["GET /token/status"] = () =>
    Response.json({
      ...STATUS,
      expires_in: 31_536_000 - Date.now() / 1000,
      session_expires_in: 31_536_000 - Date.now() / 1000,
      renews_in: null,
    });
  await signedIn();
  for (let day = 0; day < 364; day++) {
    mock.timers.tick(1440 * MINUTE);
    await settle();
  }
  assert.deepEqual(told, []);
  // setTimeout cannot wait that long at once.
  assert.ok(asked.length < 20);
  mock.timers.tick(1440 * MINUTE - 1000);
  await settle();
  assert.deepEqual(told, ["ending"]);
});

test("tabs are told what happened, and never a token", async () => {
  const one = await signedIn();
  const two = new SessionToken({ url: `${API}/token` });
  // It hears, and does nothing.
  new SessionToken({ url: `${API}/token` });
  await two.signIn({ username: "alice", password: "alice" });
  const heard = [];
  const channel = new BroadcastChannel(`sessiontoken false ${API}/token`);
  channel.onmessage = ({ data }) => heard.push(data);
  const ended = new Promise((resolve) => two.on("ended", resolve));
  const renewed = new Promise((resolve) => two.on("renewed", resolve));
  mock.timers.tick(30 * MINUTE);
  await one.renew();
  await renewed;
  await one.signOut();
  await ended;
  while (heard.length < 4) await new Promise(setImmediate);
  channel.close();
  assert.deepEqual(heard, ["renewed", "ended", "signed out", "ended"]);
  assert.equal(two.signedIn, false);
  for (const line of asked) assert.match(line, / (Session|Basic) /);
});

test("on gives what unsubscribes", async () => {
  const session = await signedIn();
  const seen = [];
  const f = () => seen.push("renewed");
  const off = session.on("renewed", f);
  session.on("renewed", f);
  assert.equal(off(), undefined);
  mock.timers.tick(30 * MINUTE);
  await session.renew();
  await settle();
  assert.deepEqual(seen, ["renewed"]);
  assert.throws(() => session.on("renewd", f), TypeError);
});

test("without a page the URL is a whole one", () => {
  assert.throws(() => new SessionToken(), TypeError);
});
