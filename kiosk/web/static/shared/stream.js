// News as they happen: one stream of Server-Sent Events that knows when it is cut off, and what a page does with them.
//
// The stream is read with fetch and not with EventSource: that way the heartbeats are seen, and a silent line (a
// pulled cable, a box that lost its power) is noticed instead of looking like a quiet hall.

import { hm, now, Problem, setClock } from "./api.js";
import { make } from "./dom.js";

const BASE = "/api/v1";
const SILENCE = 40_000;   // ms; the server's heartbeat comes every 15 s
const RETRY = 2000;       // ms until a cut stream is opened again, unless the server says otherwise

/**
 * @typedef {object} Message one event of a stream
 * @property {string} type
 * @property {string} data JSON; "" for a block that only sets the id or the retry time
 * @property {string | null} id
 * @property {number | null} retry ms
 */

/** @typedef {(data: any, id: string | null) => void} Handler */
/** @typedef {{[type: string]: Handler | undefined}} Handlers by type, or by what stands before the type's dot */

/**
 * The handler for a type of event: the type's own, or else the one for what stands before its dot ("ticket",
 * "window", "hall"). So pages need no list of the types, which are in ticketing/events.py. "reset" comes from the
 * stream itself: it cannot tell what was missed, and goes on from now.
 * @param {Handlers} on
 * @param {string} type
 */
export const handlerOf = (on, type) => on[type] ?? on[type.split(".")[0]];

/**
 * The whole messages at the start of what was received, and the rest, which is not whole yet (WHATWG HTML, 9.2.6).
 * @param {string} received
 * @returns {{messages: Message[], rest: string}}
 */
export function takeMessages(received) {
  const blocks = received.split(/\r?\n\r?\n/);
  const rest = blocks.pop() ?? "";
  return { messages: blocks.map(messageOf), rest };
}

/**
 * @param {string} block
 * @returns {Message}
 */
function messageOf(block) {
  /** @type {Message} */
  const message = { type: "message", data: "", id: null, retry: null };
  const lines = [];
  for (const line of block.split(/\r?\n/)) {
    const [, field, value] = /^(\w*): ?(.*)$/.exec(line) ?? [];
    if (field === "event") message.type = value;
    else if (field === "data") lines.push(value);
    else if (field === "id") message.id = value;
    else if (field === "retry" && Number(value)) message.retry = Number(value);
  }
  return { ...message, data: lines.join("\n") };
}

/**
 * Follow a stream of events, over every cut, until `close()`.
 *
 * @param {string} path
 * @param {object} options
 * @param {Handlers} [options.on]
 * @param {(isConnected: boolean, heard: Date) => void} [options.connected] told at each change; heard: when the line was last alive
 * @param {string | null} [options.after] the number of the event to go on from
 * @param {string | null} [options.token] of a page that nobody logs in to
 */
export function follow(path, { on = {}, connected = () => {}, after = null, token = null } = {}) {
  let last = after;
  let retry = RETRY;
  /** @type {boolean | null} null before the first word */
  let open = null;
  let closed = false;
  let heard = now();
  /** @type {AbortController | null} */
  let aborter = null;
  let wake = () => {};

  const tell = (/** @type {boolean} */ state) => {
    if (open !== state) connected((open = state), heard);
  };

  async function read() {
    const mine = aborter = new AbortController();
    let timer = setTimeout(() => mine.abort(), SILENCE);
    try {
      /** @type {Record<string, string>} */
      const headers = { Accept: "text/event-stream" };
      if (last !== null) headers["Last-Event-ID"] = last;
      if (token) headers.Authorization = `Bearer ${token}`;
      const response = await fetch(BASE + path, { headers, cache: "no-store", credentials: "same-origin", signal: mine.signal });
      if (!response.ok || !response.body) return;
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
        timer = setTimeout(() => mine.abort(), SILENCE);
        const { messages, rest } = takeMessages(buffer + decoder.decode(value, { stream: true }));
        buffer = rest;
        for (const message of messages) hear(message);
      }
    } catch {
      // Cut off, in one of many ways; keep() tries again.
    } finally {
      clearTimeout(timer);
      mine.abort();
    }
  }

  /** @param {Message} message */
  function hear({ type, data, id, retry: wanted }) {
    last = id ?? last;
    retry = wanted ?? retry;
    const handler = handlerOf(on, type);
    if (!data || !handler) return;
    try {
      handler(JSON.parse(data), last);
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
        wake = () => done(undefined);
        setTimeout(wake, retry * (0.75 + Math.random() / 2));  // not all screens of a hall at once
      });
    }
  }

  const cut = () => aborter?.abort();
  const back = () => {
    if (document.visibilityState === "visible" && now().getTime() - heard.getTime() > SILENCE / 2) cut();
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

/** For follow's `connected`: greys the page (html.stale) and says since when, in a line at the bottom. */
export function lostLine() {
  const line = make("p", { className: "lost", hidden: true });
  line.setAttribute("role", "status");
  document.body.append(line);
  return (/** @type {boolean} */ isConnected, /** @type {Date} */ heard) => {
    document.documentElement.classList.toggle("stale", !isConnected);
    line.hidden = isConnected;
    line.textContent = isConnected ? "" : `连接中断，正在重连 · 更新于 ${hm(heard)} · Connection lost, trying again`;
  };
}

/**
 * Run `refresh()` soon, and once for a burst of news; never two at a time. A failed one is tried again.
 * @param {() => Promise<void>} refresh
 * @param {number} [delay] ms
 * @param {number} [pause] ms until a failed one is tried again
 */
export function coalesce(refresh, delay = 30, pause = 2000) {
  let wanted = false;
  let running = false;
  const wait = (/** @type {number} */ ms) => new Promise((done) => setTimeout(done, ms));
  async function run() {
    running = true;
    try {
      while (wanted) {
        wanted = false;
        await wait(delay);
        try {
          await refresh();
        } catch (problem) {
          if (!(problem instanceof Problem)) throw problem;
          wanted = true;
          await wait(pause);
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
