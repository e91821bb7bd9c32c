// What the clerk's page says for each state, and what its big key does then.

import { inFours, t } from "../shared/language.js";

/** Why a ticket may be served at another window than the one it was called to. */
export const REASONS = [
  ["居民走错窗口，本窗口可以办", "The resident came to the wrong window; it can be served here"],
  ["原窗口已经离开或暂停", "The other window is closed or paused"],
  ["居民需要照顾，就近办理", "The resident needs care and is served at the nearest window"],
];

/**
 * The word for the state of a window or a ticket, and its colour.
 * @type {Record<string, [string, string, string]>}
 */
export const STATES = {
  open: ["正在服务", "Open", "good"],
  paused: ["暂停服务", "Paused", "warn"],
  closed: ["尚未开始", "Not open yet", ""],
  called: ["已呼叫，等人过来", "Called", "warn"],
  serving: ["办理中", "Being served", "good"],
};

/**
 * What the big key says, by its verb.
 * @type {Record<string, [string, string]>}
 */
export const GO = {
  "call-next": ["呼叫下一位", "Call next"],
  open: ["恢复服务", "Resume"],
  start: ["开始办理", "Start"],
  finish: ["办结", "Finish"],
};

/**
 * The verb of the big key now.
 * @param {Pick<WindowView, "window" | "ticket">} view
 */
export function bigKeyOf({ window: place, ticket }) {
  if (ticket?.state === "called") return "start";
  if (ticket?.state === "serving") return "finish";
  return place.state === "paused" ? "open" : "call-next";
}

/**
 * What the resident takes home from cases that go on, in lines; it stays until the next resident is called.
 * @param {Case[]} cases
 */
export function receiptLines(cases) {
  return cases.flatMap(({ receipt, promised_on: day }) => {
    const code = inFours(receipt ?? "", " ");
    return !code ? [] : t(`回执码 ${code}${day ? `\n${day} 前办结` : ""}`, `Receipt ${code}${day ? `\ndone by ${day}` : ""}`);
  });
}

/**
 * Why something was refused, for the clerk: the hall's own words, except where they speak to the resident.
 * @param {import("../shared/api.js").Problem} problem
 * @returns {[string, string]}
 */
export function refusalOf({ code, detail, detail_en: english, body }) {
  if (code !== "already_waiting") return [detail, english];
  const [zh, en] = body.number ? [`号码 ${body.number}`, body.number] : ["号码", "a number"];
  return [`居民已有这项业务的${zh}，请先办那个号，或取消它`, `The resident has ${en} for that service: serve or cancel that one first`];
}
