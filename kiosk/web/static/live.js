/* What every page shares to stay alive: requests with plain-worded errors, one stream of news that knows
   when it is cut off, the server's clock, and buttons that do a thing once.

   The stream is read with fetch and not with EventSource: that way the heartbeats are seen, and a silent line
   (a pulled cable, a box that lost its power) is noticed instead of looking like a quiet hall. */

const BASE = "/api/v1";
const SILENCE = 40_000;   // ms; the server's heartbeat comes every 15 s
const PATIENCE = 10_000;  // ms for one request

const root = document.documentElement;
let skew = 0;             // server's clock minus ours, ms

/* The time by the server: the PC behind a screen may be years off. */
export const now = () => new Date(Date.now() + skew);

/* "10:42" in the hall's own zone (<html data-zone>). */
export const hm = (time) => new Intl.DateTimeFormat("zh-CN", {
  hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: root.dataset.zone || undefined,
}).format(time);

function setClock(response) {
  const date = Date.parse(response.headers.get("Date") || "");
  // The header counts whole seconds, so a difference of one is none.
  if (date && Math.abs(date - Date.now() - skew) > 2000) skew = date - Date.now();
}

const SORRY = ["暂时无法完成，请稍后再试", "This cannot be done right now. Please try again."];

/* A request that was refused or did not get through.
   code: stable, "offline" when no answer came, "aborted" when the page gave the request up; detail, detail_en: what to
   do, in words, also when the answer is a proxy's and holds none; body: the other facts. */
export class Problem extends Error {
  constructor(status, body) {
    const said = (name) => (typeof body[name] === "string" ? body[name] : "");
    super(said("code") || said("title") || String(status));
    this.status = status;
    this.code = said("code") || "unknown";
    this.detail = said("detail") || said("title") || SORRY[0];
    this.detail_en = said("detail_en") || SORRY[1];
    this.body = body;
  }

  static offline() {
    return new Problem(0, {
      code: "offline",
      detail: "没有连上服务，请稍候再试",
      detail_en: "No connection to the service. Please try again in a moment.",
    });
  }

  /* Whether the hall said no: then nothing was done. Without an answer, or with one that cannot be read, it may have been. */
  get isRefusal() {
    return this.status >= 400 && this.status < 500;
  }
}

/* What to tell a person of any error, [Chinese, English]: of one that is no Problem nothing is known but that it is one. */
export function wordsOf(error) {
  if (error instanceof Problem) return [error.detail, error.detail_en];
  console.error(error);
  return SORRY;
}

/* A new Idempotency-Key. (randomUUID is only there over TLS.) */
export const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");

/* One request to the API: call("POST", "/kiosk/choose", {service}, {key}) → parsed JSON, null for an empty answer.
   token: of a page that nobody logs in to (device_token.js); signal: gives the request up.
   Throws Problem, and nothing else. */
export async function call(method, path, body, { key, token, signal } = {}) {
  if (signal?.aborted) throw new Problem(0, { code: "aborted" });
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (key) headers["Idempotency-Key"] = key;
  if (token) headers.Authorization = `Bearer ${token}`;
  const aborter = new AbortController();
  const timer = setTimeout(() => aborter.abort(), PATIENCE);
  signal?.addEventListener("abort", () => aborter.abort(), { once: true });
  let response, text;
  try {
    response = await fetch(BASE + path, {
      method, headers, cache: "no-store", credentials: "same-origin", signal: aborter.signal,
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    text = await response.text();
  } catch {
    throw signal?.aborted ? new Problem(0, { code: "aborted" }) : Problem.offline();
  } finally {
    clearTimeout(timer);
  }
  setClock(response);
  const data = parsed(text);
  const isEmpty = response.status === 204;
  if (!response.ok || !(data || isEmpty)) throw new Problem(response.status, data ?? {});
  return data;
}

/* An object or a list; null of anything else, such as a proxy's page. */
function parsed(text) {
  try {
    const data = JSON.parse(text);
    return typeof data === "object" ? data : null;
  } catch {
    return null;
  }
}

/* Runs action(key) when the button is pressed, and not again before it has ended: a double tap is one request.
   When no answer came the next press repeats the same key, so that a request whose answer got lost is not done twice;
   but only while whose() is the same: a key belongs to one person and to what that person asked for.
   failed(problem) is told of what went wrong, unless the page gave the request up itself. */
export function press(button, action, failed = () => {}, whose = () => null) {
  let busy = false;
  let key = null;
  let owner = null;
  button.addEventListener("click", async () => {
    if (busy || button.getAttribute("aria-disabled") === "true") return;
    busy = true;
    button.setAttribute("aria-disabled", "true");
    if (key === null || owner !== whose()) key = newKey();
    owner = whose();
    try {
      await action(key);
      key = null;
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (problem.isRefusal) key = null;
      if (problem.code !== "aborted") failed(problem);
    } finally {
      busy = false;
      button.removeAttribute("aria-disabled");
    }
  });
}

/* Follows a stream of events until close(), over every cut.
   on: {type: (data, seq) => …}; connected(bool, heard): told at each change, heard = when the line was last alive;
   after: the number to go on from. */
export function follow(path, { on = {}, connected = () => {}, after = null } = {}) {
  let last = after;
  let retry = 2000;
  let open = null;          // null before the first word
  let closed = false;
  let heard = now();
  let aborter = null;
  let wake = () => {};

  const tell = (state) => {
    if (open !== state) connected((open = state), heard);
  };

  async function read() {
    aborter = new AbortController();
    let timer = setTimeout(() => aborter.abort(), SILENCE);
    try {
      const headers = { Accept: "text/event-stream" };
      if (last !== null) headers["Last-Event-ID"] = String(last);
      const response = await fetch(BASE + path, { headers, cache: "no-store", credentials: "same-origin", signal: aborter.signal });
      if (!response.ok) return;
      setClock(response);
      const reader = response.body.getReader();
      const decoder = new TextDecoder();
      let buffer = "";
      for (;;) {
        heard = now();
        tell(true);
        const { value, done } = await reader.read();
        if (done) return;
        clearTimeout(timer);
        timer = setTimeout(() => aborter.abort(), SILENCE);
        buffer += decoder.decode(value, { stream: true });
        const blocks = buffer.split(/\r?\n\r?\n/);
        buffer = blocks.pop();
        for (const block of blocks) hear(block);
      }
    } catch {
      // Cut off, in one of many ways; keep() tries again.
    } finally {
      clearTimeout(timer);
      aborter.abort();
    }
  }

  function hear(block) {
    let type = "message";
    const lines = [];
    for (const line of block.split(/\r?\n/)) {
      const [, field, value] = /^(\w*): ?(.*)$/.exec(line) || [];
      if (field === "event") type = value;
      else if (field === "data") lines.push(value);
      else if (field === "id") last = value;
      else if (field === "retry" && Number(value)) retry = Number(value);
    }
    if (!lines.length || !on[type]) return;
    try {
      on[type](JSON.parse(lines.join("\n")), last);
    } catch (error) {
      setTimeout(() => { throw error; });  // a page's own mistake must not look like a lost connection
    }
  }

  async function keep() {
    while (!closed) {
      await read();
      if (closed) return;
      tell(false);
      await new Promise((done) => {
        wake = done;
        setTimeout(done, retry * (0.75 + Math.random() / 2));  // not all screens of a hall at once
      });
    }
  }

  const cut = () => aborter && aborter.abort();
  const back = () => {
    if (document.visibilityState === "visible" && now() - heard > SILENCE / 2) cut();
    wake();
  };
  addEventListener("offline", cut);
  addEventListener("online", back);
  document.addEventListener("visibilitychange", back);
  addEventListener("pagehide", cut);
  keep();
  return {
    close() {
      closed = true;
      cut();
      wake();
      removeEventListener("offline", cut);
      removeEventListener("online", back);
      document.removeEventListener("visibilitychange", back);
      removeEventListener("pagehide", cut);
    },
  };
}

/* For follow's `connected`: greys the page (html.stale) and says since when, in a line at the bottom. */
export function lostLine() {
  const line = document.createElement("p");
  line.className = "lost";
  line.setAttribute("role", "status");
  line.hidden = true;
  document.body.append(line);
  return (connected, heard) => {
    root.classList.toggle("stale", !connected);
    line.hidden = connected;
    line.textContent = connected ? "" : `连接中断，正在重连 · 更新于 ${hm(heard)} · Connection lost, trying again`;
  };
}

/* Runs refresh() soon, and once for a burst of news; never two at a time. A failed one is tried again. */
export function coalesce(refresh, delay = 30) {
  let wanted = false;
  let running = false;
  async function run() {
    running = true;
    try {
      while (wanted) {
        wanted = false;
        await new Promise((done) => setTimeout(done, delay));
        try {
          await refresh();
        } catch (problem) {
          if (!(problem instanceof Problem)) throw problem;
          wanted = true;
          await new Promise((done) => setTimeout(done, 2000));
        }
      }
    } finally {
      running = false;
    }
  }
  return () => {
    wanted = true;
    if (!running) run();
  };
}
