// The manager's page of figures: one day's at a glance. Today is looked at again every minute.

import { call, hm, now, Problem } from "../shared/api.js";
import { el } from "../shared/dom.js";
import { speak, t } from "../shared/language.js";
import { lockWhenLeft } from "../staff/lock.js";
import { signIn, signOut } from "../staff/signing.js";
import { lostLine } from "../shared/stream.js";
import { lookAtClimate, renderClimate } from "./climate.js";
import { GRADES, tile } from "./figure_parts.js";
import { bars } from "./plots.js";

const EVERY = 60_000;

const day = el("day", HTMLInputElement);
const showLost = lostLine();
/** @type {Day | null} */
let figures = null;
let heard = now();

/** @param {number} seconds */
const minutes = (seconds) => Math.round(seconds / 6) / 10;

/** @param {Figures[]} rows */
const waits = (rows) => rows.map((row) => ({
  name: row.name,
  value: row.wait && minutes(row.wait.median_seconds),
  upTo: row.wait && minutes(row.wait.p90_seconds),
  figure: row.wait ? `${minutes(row.wait.median_seconds)} – ${minutes(row.wait.p90_seconds)}` : "",
}));

/**
 * @param {Figures[]} rows
 * @param {"issued" | "served"} member
 */
const counts = (rows, member) => rows.map((row) => ({ name: row.name, value: row[member], figure: String(row[member]) }));

function render() {
  if (!figures) return;
  const { total } = figures;
  const none = t("还没有数据", "Nothing yet");
  el("asked").textContent = `${figures.date} ${hm(heard)}`;
  el("tiles").replaceChildren(
    tile(total.issued, t("取号", "numbers taken")),
    tile(total.served, t("办结", "served")),
    tile(total.wait ? minutes(total.wait.mean_seconds) : "–", t("平均等候（分钟）", "mean wait, minutes")),
    tile(total.wait ? minutes(total.wait.longest_seconds) : "–", t("最长等候（分钟）", "longest wait, minutes")),
    tile(total.service ? minutes(total.service.mean_seconds) : "–", t("平均办理（分钟）", "mean service, minutes")),
    tile(total.no_shows, t("过号", "no-shows")),
    tile(total.expired, t("日终未办", "not served")),
    ...(total.overtime === null ? [] : [tile(total.overtime, t("延时服务", "served overtime"))]),
    tile(total.promised_late, t("逾期承诺件", "promised cases late"), total.promised_late > 0),
    tile(total.work_open, t("待整改差评", "bad grades to settle"), total.work_open > 0),
    tile(total.work_late, t("整改逾期", "of those overdue"), total.work_late > 0),
  );
  bars(el("issued"), counts(figures.hours, "issued"), none);
  bars(el("hours"), waits(figures.hours), none);
  bars(el("services"), waits(figures.services), none);
  bars(el("windows"), counts(figures.windows, "served"), none);
  renderClimate();
  const { grades } = total;
  bars(el("grades"), grades && total.rated + total.not_rated > 0 ? [
    ...GRADES.map(([grade, zh, en]) => ({ name: t(zh, en), value: grades[grade], figure: String(grades[grade]) })),
    { name: t("未评价", "not rated"), value: total.not_rated, figure: String(total.not_rated) },
  ] : [], none);
}

async function look() {
  const asked = day.value;
  el("csv", HTMLAnchorElement).href = `/api/v1/reports/day?date=${asked}&format=csv`;
  try {
    const found = await call("GET", `/reports/day?date=${asked}`);
    if (asked !== day.value) return;                      // another day was chosen meanwhile
    figures = found;
    await lookAtClimate(asked);
    if (asked !== day.value) return;
    heard = now();
    el("said").hidden = true;
    showLost(true, heard);
    render();
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    if (problem.status === 401) signIn();
    else if (problem.status === 403) location.reload();       // somebody else has signed in meanwhile
    else if (problem.status && problem.status < 500) {
      el("said").textContent = t(problem.detail, problem.detail_en);
      el("said").hidden = false;
    } else showLost(false, heard);
  }
}

async function keep() {
  if (document.visibilityState === "visible" && day.value) await look();
  setTimeout(keep, EVERY);
}

day.addEventListener("change", () => day.value && look());
signOut();
lockWhenLeft();
speak(render);
keep();
