// The right column of the clerk's page: who waits, who is next, and the window's own day. Numbers, no names.

import { t } from "./language.js";

const el = (id) => document.getElementById(id);

/** Show what GET /windows/{w} says of the queue; `nameOf(service, fallback)` is a service's name in the page's language. */
export function renderQueue({ waiting, next, figures }, nameOf) {
  el("waiting").replaceChildren(...waiting.map(({ service, name, count }) => {
    const row = document.createElement("div");
    const dt = document.createElement("dt");
    const dd = document.createElement("dd");
    dt.textContent = nameOf(service, name);
    dd.textContent = count;
    row.classList.toggle("faint", count === 0);
    row.append(dt, dd);
    return row;
  }));
  el("next").replaceChildren(...next.map((number) => {
    const item = document.createElement("li");
    item.className = "number";
    item.textContent = number;
    return item;
  }));
  el("next").classList.toggle("none", next.length === 0);
  if (!next.length) el("next").textContent = t("没有人在等", "Nobody is waiting");
  el("served").textContent = figures.served;
  el("missed").textContent = figures.missed;
  el("mean").textContent = figures.mean_seconds ? (figures.mean_seconds / 60).toFixed(1) : "–";
}
