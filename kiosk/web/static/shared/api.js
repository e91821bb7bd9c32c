// Requests to the hall: one function, one kind of error with words for people, and the server's clock.

const BASE = "/api/v1";
const PATIENCE = 10_000;  // ms for one request
const SORRY = /** @type {[string, string]} */ (["暂时无法完成，请稍后再试", "This cannot be done right now. Please try again."]);

const OPENED = Date.now() - performance.now();   // when the page was opened, by our clock
let skew = 0;             // server's clock minus ours, ms

/** Our clock as it has run since the page was opened: one that is set meanwhile moves nothing on the page. */
const ticking = () => OPENED + performance.now();

/** The time by the server: the PC behind a screen may be years off. */
export const now = () => new Date(ticking() + skew);

/** The hall's own time zone (`<html data-zone>`). */
export const zone = () => document.documentElement.dataset.zone || undefined;

/** @type {Map<string, Intl.DateTimeFormat>} */
const formats = new Map();

/**
 * How times are written; made once for each language, zone and parts, as making one takes a small box a while.
 * @param {string} language
 * @param {Intl.DateTimeFormatOptions} parts in the hall's zone, unless they name another
 */
export function formatOf(language, parts) {
  const options = { timeZone: zone(), ...parts };
  const key = JSON.stringify([language, options]);
  const known = formats.get(key) ?? new Intl.DateTimeFormat(language, options);
  formats.set(key, known);
  return known;
}

/**
 * A time of day in the hall, such as "10:42".
 * @param {Date} time
 */
export const hm = (time) => formatOf("zh-CN", { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(time);

/**
 * Learn the server's time from an answer's Date header.
 * @param {Response} response
 */
export function setClock(response) {
  const date = Date.parse(response.headers.get("Date") || "");
  // The header counts whole seconds, so a difference of one is none.
  if (date && Math.abs(date - ticking() - skew) > 2000) skew = date - ticking();
}

/**
 * A request that was refused or did not get through.
 *
 * `code` is stable: the hall's, "offline" when no answer came, "aborted" when the page gave the request up. `detail`
 * and `detail_en` say what to do, also when the answer is a proxy's and holds no words. `body` has the other facts.
 */
export class Problem extends Error {
  /**
   * @param {number} status of HTTP, 0 when there was no answer
   * @param {{[fact: string]: any}} body an `application/problem+json`, or whatever came in its place
   */
  constructor(status, body) {
    const said = (/** @type {string} */ name) => (typeof body[name] === "string" ? body[name] : "");
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

  /** Whether the hall said no, so that nothing was done. Without an answer, or with one that cannot be read, it may have been. */
  get isRefusal() {
    return this.status >= 400 && this.status < 500;
  }
}

/**
 * What to tell a person about any error: [Chinese, English]. An error that is no Problem gets general words and is logged.
 * @param {unknown} error
 * @returns {[string, string]}
 */
export function wordsOf(error) {
  if (error instanceof Problem) return [error.detail, error.detail_en];
  console.error(error);
  return SORRY;
}

/** A new Idempotency-Key. (`randomUUID` is only there over TLS.) */
export const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

/**
 * One request to the API: `call("POST", "/kiosk/choose", { service }, { key })`. Gives the parsed JSON, null for an
 * answer without a body. Throws Problem, and nothing else.
 *
 * @param {"GET" | "POST" | "PUT" | "DELETE"} method
 * @param {string} path
 * @param {object} [body] a Blob is sent as it is
 * @param {{key?: string, token?: string | null, signal?: AbortSignal, revalidate?: boolean, version?: string}} [options]
 *   key: the Idempotency-Key; token: of a page that nobody logs in to (device_token.js); signal: gives the request up;
 *   revalidate: whether the browser keeps the answer, and asks by its ETag whether it is still the same; version: of what
 *   is changed (If-Match)
 * @returns {Promise<any>}
 */
export async function call(method, path, body, { key, token, signal, revalidate = false, version } = {}) {
  if (signal?.aborted) throw new Problem(0, { code: "aborted" });
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json" };
  const isFile = body instanceof Blob;
  if (body !== undefined) headers["Content-Type"] = isFile ? "application/octet-stream" : "application/json";
  if (version) headers["If-Match"] = `"${version}"`;
  if (key) headers["Idempotency-Key"] = key;
  if (token) headers.Authorization = `Bearer ${token}`;
  const aborter = new AbortController();
  const timer = setTimeout(() => aborter.abort(), PATIENCE);
  signal?.addEventListener("abort", () => aborter.abort(), { once: true });
  let response, text;
  try {
    response = await fetch(BASE + path, {
      method, headers, cache: revalidate ? "no-cache" : "no-store", credentials: "same-origin", signal: aborter.signal,
      body: body === undefined || isFile ? body : JSON.stringify(body),
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
  if (response.ok && (data || isEmpty)) return data;
  const problem = new Problem(response.status, data ?? {});
  if (problem.code === "locked") document.dispatchEvent(new Event("locked"));   // lock.js covers the page
  throw problem;
}

/**
 * An object or a list; null for anything else, such as a proxy's page.
 * @param {string} text
 */
function parsed(text) {
  try {
    const data = JSON.parse(text);
    return typeof data === "object" ? data : null;
  } catch {
    return null;
  }
}
