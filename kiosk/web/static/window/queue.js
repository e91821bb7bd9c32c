// The right column of the clerk's page: who waits, who is next, and the window's own day. Numbers, no names.

import { el, make } from "../shared/dom.js";
import { t } from "../shared/language.js";

/**
 * A mean of seconds as minutes: "4.5", "–" while there is none.
 * @param {number | null} seconds
 */
export const meanMinutes = (seconds) => (seconds ? (seconds / 60).toFixed(1) : "–");

/**
 * Show the queue.
 * @param {WindowView} view GET /windows/{w}
 * @param {(service: string, fallback: string) => string} nameOf a service's name in the page's language
 */
export function renderQueue({ waiting, next, figures }, nameOf) {
  el("waiting").replaceChildren(...waiting.map(({ service, name, count }) => make(
    "div",
    { className: count === 0 ? "faint" : "" },
    make("dt", { textContent: nameOf(service, name) }),
    make("dd", { textContent: String(count) }),
  )));
  el("next").replaceChildren(...next.map((number) => make("li", { className: "number", textContent: number })));
  el("next").classList.toggle("none", next.length === 0);
  if (!next.length) el("next").replaceChildren(make("li", { textContent: t("没有人在等", "Nobody is waiting") }));
  el("served").textContent = String(figures.served);
  el("missed").textContent = String(figures.missed);
  el("mean").textContent = meanMinutes(figures.mean_seconds);
}
