// Where the resident is in the flow from card to ticket, and what is sent for them. The state is the server's (GET
// /kiosk); the page adds what the server need not know: which page of the choice is open, and what is said meanwhile.

import { call, Problem } from "../shared/api.js";
import { deviceToken } from "../shared/device_token.js";
import { press } from "../shared/press.js";

/** @typedef {import("./choices.js").Branch} Branch */
/** @typedef {{page: "help" | "trouble" | "again" | "found", until?: number}} Notice a page that stands before the flow's own until it is left */

export const { token } = deviceToken("quhao.kiosk");
const USUAL = "请刷身份证取号";   // what the kiosk says while nothing is the matter

export const flow = {
  /** @type {Kiosk | null} the last GET /kiosk */
  view: null,
  /** @type {Hall} of GET /hall */
  hall: { services: [], windows: [] },
  /** @type {Said | null} when numbers are to be had again; null while they are */
  opens: null,
  connected: false,                // whether what is shown is true now
  typing: false,                   // the number pad is open
  searching: false,
  /** @type {Branch[]} opened one after the other, of the choice */
  path: [],
  /** @type {Notice | null} */
  notice: null,
  touched: performance.now(),
  visit: new AbortController(),    // of the resident who stands here: ends requests that were made for an earlier one
};

/** What the kiosk does, in one word (`<html data-state>`). */
export function stateNow() {
  const { view, typing } = flow;
  if (!view) return "starting";
  if (view.state === "fault" && view.ticket) return "fault-ticket";
  if (typing && (view.state === "idle" || view.state === "fault")) return "typing";
  return view.state;
}

/** The page that is shown: a state's, one of the choice (home, list, search, straight), or a notice. */
export function pageNow() {
  if (flow.notice) return flow.notice.page;
  const state = stateNow();
  if (state === "idle" && flow.opens && flow.view?.message === USUAL) return "closed";
  if (state !== "choosing" || !flow.view) return state;
  if (flow.view.straight_in !== null) return "straight";
  if (flow.searching) return "search";
  return flow.path.length ? "list" : "home";
}

/** Leave the page of the choice that is open, for the one before it; false on the first one. */
export function stepBack() {
  if (flow.notice) flow.notice = null;
  else if (flow.typing) flow.typing = false;
  else if (flow.searching) flow.searching = false;
  else return flow.path.pop() !== undefined;
  return true;
}

/** From the first page of the choice on again. */
export function toFirstPage() {
  flow.path = [];
  flow.searching = false;
  flow.notice = null;
}

/** Another resident stands here, or nobody. */
export function nextVisit() {
  flow.visit.abort();
  flow.visit = new AbortController();
  toFirstPage();
}

/**
 * One request for the resident who stands here; none while that may be somebody else than the page shows.
 * @param {"choose" | "reprint" | "typed" | "agent" | "cancel" | "stay"} verb
 * @param {object} body
 * @param {string} [key]
 */
export async function post(verb, body, key) {
  if (!flow.view || !flow.connected) throw Problem.offline();
  // A request under way cannot be called back; the server refuses it once this resident's visit is over.
  // Who reads the page in large print gets the slip so, too.
  const print = verb === "choose" || verb === "reprint" ? { large: document.documentElement.classList.contains("elder") } : {};
  return call("POST", `/kiosk/${verb}`, { ...body, ...print, visit: flow.view.visit }, { key, token, signal: flow.visit.signal });
}

/**
 * A button that sends something for the resident who stands here, once.
 * @param {HTMLElement} button
 * @param {(key: string) => Promise<unknown>} action
 * @param {(problem: Problem) => void} failed
 */
export function onPress(button, action, failed) {
  press(button, action, failed, () => flow.visit);
}
