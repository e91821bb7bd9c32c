// The manager's page: one day's figures at a glance. Today is looked at again every minute.

import { isEnglish, speak, t } from "./language.js";
import { call, hm, lostLine, now, Problem } from "./live.js";
import { bars } from "./plots.js";
import { signIn, signOut } from "./signing.js";

const EVERY = 60_000;
const GRADES = [["5", "非常满意", "very good"], ["4", "满意", "good"], ["3", "基本满意", "fair"], ["2", "不满意", "bad"], ["1", "非常不满意", "very bad"]];

const $ = (id) => document.getElementById(id);
const showLost = lostLine();
let figures = null;
let heard = now();

const minutes = (seconds) => Math.round(seconds / 6) / 10;

function tile(value, words, alarming = false) {
  const item = document.createElement("li");
  item.className = alarming ? "tile stop" : "tile";
  const number = document.createElement("span");
  number.className = "number";
  number.textContent = value;
  const said = document.createElement("span");
  said.className = "small";
  said.textContent = words;
  item.append(number, said);
  return item;
}

const waits = (rows) => rows.map((row) => ({
  name: row.name,
  value: row.wait && minutes(row.wait.median_seconds),
  upTo: row.wait && minutes(row.wait.p90_seconds),
  figure: row.wait ? `${minutes(row.wait.median_seconds)} – ${minutes(row.wait.p90_seconds)}` : "",
}));

const counts = (rows, member) => rows.map((row) => ({ name: row.name, value: row[member], figure: String(row[member]) }));

function render() {
  if (!figures) return;
  const { total } = figures;
  const none = t("还没有数据", "Nothing yet");
  $("asked").textContent = `${figures.date} ${hm(heard)}`;
  $("tiles").replaceChildren(
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
  bars($("issued"), counts(figures.hours, "issued"), none);
  bars($("hours"), waits(figures.hours), none);
  bars($("services"), waits(figures.services), none);
  bars($("windows"), counts(figures.windows, "served"), none);
  const rated = total.grades && total.rated + total.not_rated > 0;
  bars($("grades"), rated ? [
    ...GRADES.map(([grade, zh, en]) => ({ name: isEnglish() ? en : zh, value: total.grades[grade], figure: String(total.grades[grade]) })),
    { name: t("未评价", "not rated"), value: total.not_rated, figure: String(total.not_rated) },
  ] : [], none);
}

async function look() {
  const day = $("day").value;
  $("csv").href = `/api/v1/reports/day?date=${day}&format=csv`;
  try {
    const found = await call("GET", `/reports/day?date=${day}`);
    if (day !== $("day").value) return;                      // another day was chosen meanwhile
    figures = found;
    heard = now();
    $("said").hidden = true;
    showLost(true, heard);
    render();
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    if (problem.status === 401) signIn();
    else if (problem.status === 403) location.reload();       // somebody else has signed in meanwhile
    else if (problem.status && problem.status < 500) {
      $("said").textContent = t(problem.detail, problem.detail_en);
      $("said").hidden = false;
    } else showLost(false, heard);
  }
}

async function keep() {
  if (document.visibilityState === "visible" && $("day").value) await look();
  setTimeout(keep, EVERY);
}

$("day").addEventListener("change", () => $("day").value && look());
signOut();
speak(render);
keep();
