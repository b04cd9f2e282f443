/**
 * Session tokens of pyramid_sessiontoken, in a page.
 *
 * The token is in a private field: in memory, never in a storage, and never
 * sent to another origin than that of the token endpoint.
 */

/** The longest delay of setTimeout, in ms. */
const LONGEST = 2 ** 31 - 1;

/** Servers count whole seconds: below this, in ms, an end has not moved. */
const JITTER = 2000;

const AUTHORIZATION = "Authorization";

// The server writes the names of its settings here.
/** token.header */
const HEADER = "Authorization";
/** token.renewal_header */
const RENEWED = "Session-Token";

function basic(username, password) {
  const bytes = new TextEncoder().encode(`${username}:${password}`);
  return `Basic ${btoa(String.fromCharCode(...bytes))}`;
}

/** Ask the token endpoint; give the JSON of its answer. */
async function call(url, method, headers) {
  const response = await fetch(url, {
    method,
    headers,
    cache: "no-store",
    // No credential follows a redirect.
    redirect: "error",
  });
  const body = await response.json().catch(() => ({}));
  if (response.ok) return body;
  const text = body.error_description ?? `status ${response.status}`;
  const { status } = response;
  throw Object.assign(new Error(text), { status, code: body.error, response });
}

export class SessionToken {
  #url;
  #origin;
  #cookie;
  #warnBefore;
  #channel;
  #listeners = { renewed: new Set(), ending: new Set(), ended: new Set() };

  /** The value of the header. */
  #token = null;
  /** Times in ms since 1970; null where nobody is signed in. */
  #expires = null;
  #ends = null;
  /** From when a request renews first. */
  #due;
  #told = false;
  #timer;
  /** What is being asked, by name; another object for another token. */
  #flights = {};

  constructor({ url = "/token", cookie = false, warnBefore = 60 } = {}) {
    const base = globalThis.document?.baseURI ?? globalThis.location?.href;
    const { href, origin } = new URL(url, base);
    this.#url = href.replace(/\/$/, "");
    this.#origin = origin;
    this.#cookie = cookie;
    this.#warnBefore = warnBefore * 1000;
    this.#channel = new BroadcastChannel(`sessiontoken ${cookie} ${this.#url}`);
    this.#channel.onmessage = ({ data }) => this.#hear(data);
    // In Node: an open channel keeps no process alive.
    this.#channel.unref?.();
    if (cookie) this.status().catch(() => {});
  }

  get signedIn() {
    return this.#expires !== null;
  }

  get expires() {
    return this.signedIn ? new Date(this.#expires) : null;
  }

  get ends() {
    return this.signedIn ? new Date(this.#ends) : null;
  }

  on(event, f) {
    const listener = () => f(this);
    const listeners = this.#listeners[event];
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }

  async signIn({ username, password, headers }) {
    if (this.#cookie) {
      throw new TypeError("a page of the application signs in with a cookie");
    }
    headers ??= { [AUTHORIZATION]: basic(username, password) };
    const body = await call(this.#url, "POST", headers);
    this.#forget();
    this.#take(body);
  }

  async fetch(input, init) {
    const request = new Request(input, init);
    const { headers } = request;
    if (
      !this.signedIn ||
      new URL(request.url).origin !== this.#origin ||
      headers.has(HEADER)
    ) {
      return fetch(request);
    }
    const slides = headers.get("Session-Slide")?.toLowerCase() !== "no";
    if (slides && Date.now() >= this.#due) {
      await this.renew().catch(() => {});
    }
    const token = this.#token;
    if (token) headers.set(HEADER, token);
    const response = await fetch(request);
    if (new URL(response.url || request.url).origin === this.#origin) {
      const renewed = response.headers.get(RENEWED);
      // The first of several answers counts.
      if (renewed && token && token === this.#token) {
        this.#token = token.replace(/\S+$/, renewed);
        this.#flights = {};
        await this.#ask("status", "GET", true).catch(() => {});
      } else if (response.status === 401) {
        await this.status().catch(() => {});
      }
    }
    return response;
  }

  async status() {
    if (!this.#cookie && !this.#token) return { active: false };
    return this.#ask("status", "GET");
  }

  async renew() {
    if (!this.#cookie && !this.#token) throw new Error("nobody is signed in");
    await this.#ask("renew", "POST", true);
  }

  async signOut() {
    await this.#signOut();
    this.#channel.postMessage("signed out");
  }

  async #signOut() {
    const token = this.#token;
    if (!this.#cookie && !token) return;
    try {
      await call(this.#url, "DELETE", this.#headers());
    } catch (error) {
      // It had ended; or nothing but its expiry ends this token.
      const over = this.#cookie ? [401] : [401, 405];
      if (!over.includes(error.status)) throw error;
    } finally {
      if (!this.#cookie) this.#end();
    }
    this.#end();
  }

  #headers() {
    return this.#token ? { [HEADER]: this.#token } : {};
  }

  /** Ask once, however many want to know. */
  #ask(name, method, tells) {
    const flights = this.#flights;
    flights[name] ??= this.#fly(name, method, tells, flights).finally(
      () => delete flights[name],
    );
    return flights[name];
  }

  async #fly(name, method, tells, flights) {
    let body;
    try {
      body = await call(`${this.#url}/${name}`, method, this.#headers());
    } catch (error) {
      if (flights === this.#flights && name === "renew") {
        if (error.status === 401) this.#end();
        else this.#wait();
      }
      throw error;
    }
    // Somebody signed in or out meanwhile.
    if (flights !== this.#flights) return body;
    if (body.active === false) this.#end();
    else if (this.#take(body) && tells) this.#channel.postMessage("renewed");
    return body;
  }

  /** Take over an answer; tell whether the session was renewed. */
  #take(body) {
    const now = Date.now();
    const before = this.#expires;
    if (body.access_token) {
      // Another header than Authorization has no scheme.
      const scheme = HEADER === AUTHORIZATION ? `${body.token_type} ` : "";
      this.#token = scheme + body.access_token;
    }
    this.#expires = now + body.expires_in * 1000;
    this.#ends = now + body.session_expires_in * 1000;
    const { renews_in } = body;
    this.#due = renews_in === null ? Infinity : now + renews_in * 1000;
    if (renews_in === undefined || this.#due <= now) this.#wait();
    const renewed = before !== null && this.#expires - before > JITTER;
    if (renewed) {
      this.#told = false;
      this.#tell("renewed");
    }
    this.#plan();
    return renewed;
  }

  /** Renew at half the time that is left; not where that gains nothing. */
  #wait() {
    const now = Date.now();
    this.#due =
      this.#expires < this.#ends ? now + (this.#expires - now) / 2 : Infinity;
  }

  #plan() {
    clearTimeout(this.#timer);
    const at = this.#expires - (this.#told ? 0 : this.#warnBefore);
    const delay = Math.min(Math.max(at - Date.now(), 0), LONGEST);
    this.#timer = setTimeout(() => this.#tick(), delay);
    this.#timer.unref?.();
  }

  /** Ask before the end is told: others may have used the session. */
  async #tick() {
    await this.status().catch(() => {});
    if (!this.signedIn) return;
    const left = this.#expires - Date.now();
    if (left <= 0) return this.#end();
    if (left <= this.#warnBefore && !this.#told) {
      this.#told = true;
      this.#tell("ending");
    }
    this.#plan();
  }

  #hear(news) {
    if (!this.signedIn) return;
    const heard =
      this.#cookie || news === "ended"
        ? this.status()
        : news === "renewed"
          ? this.#ask("renew", "POST")
          : this.#signOut();
    heard.catch(() => {});
  }

  #forget() {
    clearTimeout(this.#timer);
    this.#token = this.#expires = this.#ends = null;
    this.#told = false;
    this.#flights = {};
  }

  #end() {
    if (!this.signedIn) return;
    this.#forget();
    this.#tell("ended");
    this.#channel.postMessage("ended");
  }

  #tell(event) {
    for (const listener of this.#listeners[event]) queueMicrotask(listener);
  }
}
