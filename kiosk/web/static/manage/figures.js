// The manager's page of figures: any days, compared with others, in parts. A span with today in it is looked at again.

import { call, hm, now, Problem } from "../shared/api.js";
import { el, find, make } from "../shared/dom.js";
import { speak, t } from "../shared/language.js";
import { lockWhenLeft } from "../staff/lock.js";
import { signIn, signOut } from "../staff/signing.js";
import { lostLine } from "../shared/stream.js";
import { lookAtClimate, renderClimate } from "./climate.js";
import { addDays, lastYear, presetDays } from "./days.js";
import { GRADES, tile } from "./figure_parts.js";
import { bars, histogram } from "./plots.js";

const EVERY = 60_000;
const AGAIN = 3_000;      // ms until figures are asked for again that are still being added up
const MOST_BARS = 20;     // parts that a plot has room for; the table has all
const DAY_MS = 86_400_000;

const select = (/** @type {string} */ id) => el(id, HTMLSelectElement);
const date = (/** @type {string} */ id) => el(id, HTMLInputElement);
const today = el("figures").dataset.today ?? "";
const showLost = lostLine();
/** @type {Span | null} */
let span = null;
let heard = now();

/** @param {number} seconds */
const minutes = (seconds) => Math.round(seconds / 6) / 10;
/** @param {number} share */
const percent = (share) => `${Math.round(100 * share)} %`;

const WEEKDAYS = [["周一", "Mon"], ["周二", "Tue"], ["周三", "Wed"], ["周四", "Thu"], ["周五", "Fri"], ["周六", "Sat"], ["周日", "Sun"]];
/** @param {SpanLine} row */
const nameOf = ({ key, name }) => {
  if (span?.by !== "weekday") return name || key;
  const [zh, en] = WEEKDAYS[Number(key) - 1];
  return t(zh, en);
};

// ---- tiles ----

/**
 * A tile with how much more or less than in the span it is compared with.
 * @param {number | null} value
 * @param {number | null | undefined} other
 * @param {string} words
 * @param {boolean} [alarming]
 */
function compared(value, other, words, alarming = false) {
  const made = tile(value ?? "–", words, alarming);
  if (value != null && other != null && span?.compared) {
    const more = other === 0 ? 0 : Math.round((100 * (value - other)) / other);
    const change = more === 0 ? "" : ` (${more > 0 ? "+" : "−"}${Math.abs(more)} %)`;
    made.append(make("span", { className: "small change", textContent: `${t("对比", "before")} ${other}${change}` }));
  }
  return made;
}

function renderTiles() {
  const { total, compared: before } = /** @type {Span} */ (span);
  const other = before?.total;
  const mins = (/** @type {SpanTimes | null | undefined} */ times, /** @type {"mean_seconds" | "median_seconds" | "p90_seconds" | "longest_seconds"} */ which) => (times ? minutes(times[which]) : null);
  el("tiles").replaceChildren(
    compared(total.issued, other?.issued, t("取号", "numbers taken")),
    compared(total.served, other?.served, t("办结", "served")),
    compared(mins(total.wait, "median_seconds"), mins(other?.wait, "median_seconds"), t("等候中位（分钟）", "median wait, minutes")),
    compared(mins(total.wait, "p90_seconds"), mins(other?.wait, "p90_seconds"), t("九成等候不超过（分钟）", "nine tenths waited at most, minutes")),
    compared(mins(total.wait, "longest_seconds"), mins(other?.wait, "longest_seconds"), t("最长等候（分钟）", "longest wait, minutes")),
    compared(mins(total.service, "mean_seconds"), mins(other?.service, "mean_seconds"), t("平均办理（分钟）", "mean service, minutes")),
    compared(total.no_shows, other?.no_shows, t("过号", "no-shows")),
    compared(total.expired, other?.expired, t("日终未办", "not served")),
    ...(total.overtime === null ? [] : [compared(total.overtime, other?.overtime, t("延时服务", "served overtime"))]),
    compared(total.promised_late, other?.promised_late, t("逾期承诺件", "promised cases late"), total.promised_late > 0),
    compared(total.work_open, other?.work_open, t("待整改差评", "bad grades to settle"), total.work_open > 0),
  );
}

// ---- plots ----

function renderPlots() {
  const { total, rows, compared: before } = /** @type {Span} */ (span);
  const none = t("还没有数据", "Nothing yet");
  const part = select("by").selectedOptions[0].textContent ?? "";
  histogram(el("spread"), total.wait?.bins ?? [], before?.total.wait?.bins ?? [], {
    unit: t("分钟", "min"), count: t("人次", "calls"), now: t("本段", "these days"), before: t("对比", "compared"), more: t("以上", "and more"), none,
  });
  const { wait } = total;
  el("shares").textContent = wait ? t(
    `10 分钟内 ${percent(wait.within[0])}，20 分钟内 ${percent(wait.within[1])}，30 分钟内 ${percent(wait.within[2])}；一半不超过 ${minutes(wait.median_seconds)} 分钟，九成不超过 ${minutes(wait.p90_seconds)} 分钟`,
    `${percent(wait.within[0])} within 10 minutes, ${percent(wait.within[1])} within 20, ${percent(wait.within[2])} within 30; half at most ${minutes(wait.median_seconds)} minutes, nine tenths at most ${minutes(wait.p90_seconds)}`,
  ) : "";
  el("lines").textContent = wait ? t("线：等候不超过这么久的比例；虚线：对比的日子", "Line: the share that waited at most so long; dashed: the days compared with") : "";
  el("issued-title").textContent = t(`取号，按${part}`, `Numbers taken, by ${part}`);
  el("waits-title").textContent = t(`等候（分钟），按${part}：中位与九成内`, `Wait in minutes, by ${part}: median and nine tenths`);
  const inTime = ["hour", "weekday", "day", "month"].includes(span?.by ?? "");
  // Of many parts those with most; of times the newest, in their order.
  const shown = inTime ? rows.slice(-31) : [...rows].sort((one, other) => other.issued - one.issued).slice(0, MOST_BARS);
  bars(el("issued"), shown.map((row) => ({ name: nameOf(row), value: row.issued, figure: String(row.issued) })), none);
  bars(el("waits"), shown.map((row) => ({
    name: nameOf(row),
    value: row.wait && minutes(row.wait.median_seconds),
    upTo: row.wait && minutes(row.wait.p90_seconds),
    figure: row.wait ? `${minutes(row.wait.median_seconds)} – ${minutes(row.wait.p90_seconds)}` : "",
  })), none);
  const { grades } = total;
  bars(el("grades"), grades && total.rated + total.not_rated > 0 ? [
    ...GRADES.map(([grade, zh, en]) => ({ name: t(zh, en), value: grades[grade], figure: String(grades[grade]) })),
    { name: t("未评价", "not rated"), value: total.not_rated, figure: String(total.not_rated) },
  ] : [], none);
}

// ---- table ----

/** @type {[string, string, string, (row: SpanLine) => string | number][]} definition, words, value */
const COLUMNS = [
  ["issued", "取号", "Issued", (row) => row.issued],
  ["served", "办结", "Served", (row) => row.served],
  ["no_shows", "过号", "No-shows", (row) => row.no_shows],
  ["waits", "等候平均", "Wait, mean", ({ wait }) => (wait ? minutes(wait.mean_seconds) : "–")],
  ["waits", "中位", "Median", ({ wait }) => (wait ? minutes(wait.median_seconds) : "–")],
  ["waits", "九成内", "Nine tenths", ({ wait }) => (wait ? minutes(wait.p90_seconds) : "–")],
  ["waits", "20 分钟内", "Within 20 min", ({ wait }) => (wait ? percent(wait.within[1]) : "–")],
  ["services", "办理平均", "Service, mean", ({ service }) => (service ? minutes(service.mean_seconds) : "–")],
  ["cases", "办件", "Cases", (row) => row.cases],
  ["rated", "已评价", "Rated", (row) => (row.grades ? row.rated : "–")],
];

function renderTable() {
  const { rows, total, compared: before, definitions } = /** @type {Span} */ (span);
  const means = (/** @type {string} */ figure) => {
    const one = definitions.find((definition) => definition.figure === figure);
    return one ? t(one.means, one.means_en) : "";
  };
  find("thead tr", el("table")).replaceChildren(
    make("th", { scope: "col", textContent: select("by").selectedOptions[0].textContent ?? "" }),
    ...COLUMNS.map(([figure, zh, en]) => make("th", { scope: "col", className: "count", title: means(figure), textContent: t(zh, en) })),
  );
  /** @type {[string, SpanLine][]} */
  const lines = rows.map((row) => [nameOf(row), row]);
  lines.push([t("合计", "Total"), total]);
  if (before) lines.push([`${t("对比", "Compared")} ${before.from} – ${before.to}`, before.total]);
  find("tbody", el("table")).replaceChildren(...lines.map(([name, row]) => make(
    "tr",
    { className: row === total || row === before?.total ? "sum" : "" },
    make("th", { scope: "row", textContent: name }),
    ...COLUMNS.map(([, , , value]) => make("td", { className: "count", textContent: String(value(row)) })),
  )));
  el("definitions").replaceChildren(...definitions.flatMap((one) => [
    make("dt", { textContent: t(one.zh, one.en) }),
    make("dd", { textContent: t(one.means, one.means_en) }),
  ]));
}

function render() {
  if (!span) return;
  el("asked").textContent = `${span.from === span.to ? span.from : `${span.from} – ${span.to}`} · ${hm(heard)}`;
  renderTiles();
  renderPlots();
  renderTable();
  if (span.from === span.to) renderClimate();
  else el("climate").hidden = true;
}

// ---- which days ----

/** What is asked for, as the query of the API. */
function asked() {
  const from = date("from").value;
  const to = date("to").value;
  const query = new URLSearchParams({ from, to, by: select("by").value });
  const length = Math.round((Date.parse(to) - Date.parse(from)) / DAY_MS) + 1;
  const against = select("compare").value;
  if (against === "before") query.set("compare_from", addDays(from, -length));
  if (against === "week") query.set("compare_from", addDays(from, -7));
  if (against === "year") {
    query.set("compare_from", lastYear(from));
    query.set("compare_to", lastYear(to));
  }
  return query.toString();
}

/** The parts that say most about so many days, unless others than times were chosen. */
function chooseParts() {
  const by = select("by");
  if (!["hour", "day", "month"].includes(by.value)) return;
  const days = (Date.parse(date("to").value) - Date.parse(date("from").value)) / DAY_MS + 1;
  by.value = days <= 1 ? "hour" : days <= 62 ? "day" : "month";
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let again;

async function look() {
  clearTimeout(again);
  const query = asked();
  el("csv", HTMLAnchorElement).href = `/api/v1/reports/span?${query}&format=csv`;
  el("xlsx", HTMLAnchorElement).href = `/api/v1/reports/span?${query}&format=xlsx`;
  try {
    const found = await call("GET", `/reports/span?${query}`);
    if (query !== asked()) return;                        // other days were chosen meanwhile
    span = found;
    if (found.from === found.to) await lookAtClimate(found.from);
    if (query !== asked()) return;
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
      if (problem.code === "figures_not_ready") again = setTimeout(look, AGAIN);
    } else showLost(false, heard);
  }
}

async function keep() {
  if (document.visibilityState === "visible" && date("to").value >= today) await look();
  setTimeout(keep, EVERY);
}

select("preset").addEventListener("change", () => {
  const days = presetDays(select("preset").value, today);
  if (!days) return;
  [date("from").value, date("to").value] = days;
  chooseParts();
  look();
});
for (const id of ["from", "to"]) {
  date(id).addEventListener("change", () => {
    if (!date("from").value || !date("to").value) return;
    select("preset").value = "own";
    chooseParts();
    look();
  });
}
for (const id of ["compare", "by"]) select(id).addEventListener("change", look);
signOut();
lockWhenLeft();
speak(render);
keep();
