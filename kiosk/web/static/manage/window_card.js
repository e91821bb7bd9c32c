// A window as the manager sees it: what it does, and who is there.

import { make } from "../shared/dom.js";
import { t } from "../shared/language.js";

/** @type {Record<PastWindow["state"], [string, string, string]>} words and colour */
const STATES = { open: ["开放", "open", "good"], paused: ["暂停", "paused", "warn"], closed: ["关闭", "closed", ""] };

/**
 * @param {PastWindow} window
 * @param {(time: string) => number} minutesSince
 * @param {string} below what is said of it below
 */
export function windowCard({ name, state, ticket }, minutesSince, below) {
  const [zh, en, kind] = STATES[state];
  const doing = ticket?.state === "serving" ? t("办理", "served for") : t("已呼叫", "called for");
  return make(
    "li",
    { className: `window-card ${state}` },
    make("p", { className: "window-name" }, make("b", { textContent: name }), make("span", { className: `state ${kind}`, textContent: t(zh, en) })),
    make("p", { className: "window-now" }, ...(ticket ? [
      make("b", { className: "number", textContent: ticket.number }),
      ` ${doing} ${t(`${minutesSince(ticket.since)} 分钟`, `${minutesSince(ticket.since)} min`)}`,
    ] : [make("span", { className: "quiet", textContent: state === "open" ? t("空闲", "free") : "–" })])),
    make("p", { className: "quiet small", textContent: below }),
  );
}
