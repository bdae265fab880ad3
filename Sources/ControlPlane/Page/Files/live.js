// Talks to the server: asks, changes, and follows what happens.

const tokenKey = "dsl-token";

/** What the server refused, or that it cannot be reached. */
export class Refusal extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

export const setToken = (token) => sessionStorage.setItem(tokenKey, token);
export const hasToken = () => sessionStorage.getItem(tokenKey) !== null;
export const dropToken = () => sessionStorage.removeItem(tokenKey);

function headers(more = {}) {
  const token = sessionStorage.getItem(tokenKey);
  return token ? { ...more, Authorization: `Bearer ${token}` } : more;
}

async function ask(path, options = {}) {
  let response;
  try {
    response = await fetch(`/api/v1${path}`, { ...options, headers: headers(options.headers), cache: "no-store" });
  } catch {
    throw new Refusal("the server cannot be reached", 0);
  }
  let envelope = null;
  try {
    envelope = await response.json();
  } catch {
    throw new Refusal(`the server answered ${response.status}, and no JSON`, response.status);
  }
  if (!response.ok) {
    const fix = envelope.metadata?.fix;
    throw new Refusal([...(envelope.errors ?? []), ...(fix ? [fix] : [])].join("; "), response.status);
  }
  return envelope;
}

/** The `data` of an envelope. */
export const get = async (path) => (await ask(path)).data;
/** The whole envelope, for its warnings and errors. */
export const getWhole = (path) => ask(path);
export const post = async (path, body) =>
  (await ask(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) })).data;

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** Cuts a stream of server-sent events (WHATWG HTML, section 9.2) into events. */
export class EventCutter {
  constructor() {
    this.rest = "";
    this.event = { name: "message", data: [], id: null };
  }

  /** The events that end within `text`. */
  take(text) {
    const lines = (this.rest + text).split(/\r\n|\n|\r/);
    this.rest = lines.pop();
    const found = [];
    for (const line of lines) {
      if (line === "") {
        if (this.event.data.length) found.push({ ...this.event, data: this.event.data.join("\n") });
        this.event = { name: "message", data: [], id: null };
        continue;
      }
      const colon = line.indexOf(":");
      if (colon === 0) continue;
      const field = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
      if (field === "event") this.event.name = value;
      else if (field === "data") this.event.data.push(value);
      else if (field === "id") this.event.id = value;
    }
    return found;
  }
}

/**
 * Follows events until the page goes: `on(name, data)` for each event, `link(state, reason)` for how the connection
 * does. By `fetch` rather than `EventSource`, which cannot send a token. A lost connection is taken up behind the last event.
 */
export async function follow(on, link, path = "/events") {
  let last = null;
  let wait = 1000;
  for (;;) {
    const silence = new AbortController();
    let timer = 0;
    const heard = () => {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), 40000);
    };
    try {
      heard();
      const response = await fetch(`/api/v1${path}`, {
        headers: headers(last === null ? {} : { "Last-Event-ID": last }), cache: "no-store", signal: silence.signal,
      });
      if (!response.ok) throw new Refusal(response.status === 401 ? "token" : `status ${response.status}`, response.status);
      link("live", "");
      wait = 1000;
      const cutter = new EventCutter();
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        heard();
        for (const event of cutter.take(value)) {
          if (event.id !== null) last = event.id;
          on(event.name, JSON.parse(event.data));
        }
      }
      link("lost", "the server ended the connection");
    } catch (error) {
      link("lost", error.status === 401 ? "token" : error.name === "AbortError" ? "nothing was heard for 40 s" : error.message);
    }
    clearTimeout(timer);
    await pause(wait * (0.5 + Math.random() / 2));
    wait = Math.min(wait * 2, 15000);
  }
}
