// What was changed in the hall's setup, in words: the row, the field, before and after.

import { make } from "../shared/dom.js";
import { t } from "../shared/language.js";
import { DAYS, TABLES } from "./sections.js";

/** @type {{[section: string]: [string, string]}} */
const SECTIONS = {
  services: ["业务", "Service"], windows: ["窗口", "Window"], clerks: ["人员", "Clerk"], holidays: ["特殊日", "Special day"], classes: ["优先类别", "Priority class"],
  hours: ["开放时间", "Opening hours"], slip: ["小票版式", "Layout of the slip"], receipt: ["回执版式", "Layout of the receipt"],
};
/** @type {{[field: string]: [string, string]}} */
const FIELDS = {
  ...Object.fromEntries(TABLES.flatMap((one) => [...one.columns, ...(one.more ?? [])]).map((one) => [one.field, [one.zh, one.en]])),
  ...Object.fromEntries(DAYS.map(([day, zh, en]) => [day, [zh, en]])),
  services: ["办理的业务", "Serves"], slots: ["预约时段", "Appointments"], quotas: ["限额", "Quotas"],
  lines: ["各行", "Lines"], code_dots: ["二维码大小", "Size of the QR code"], logo: ["标志", "Logo"],
};

/**
 * A table of changes.
 * @param {DraftDifference[]} changes
 * @param {(at: string) => string} time
 * @param {string} label
 */
export function changesTable(changes, time, label) {
  const heads = [["哪里", "Where"], ["原来", "Before"], ["改成", "After"], ["谁", "Who"]];
  const head = make("tr", {}, ...heads.map(([zh, en]) => make("th", { scope: "col", textContent: t(zh, en) })));
  const rows = changes.map((one) => make(
    "tr", {},
    make("th", { scope: "row" }, ...where(one)),
    labelled(heads[1], one.how === "move" ? place(one.before) : valueWords(one, one.before)),
    labelled(heads[2], one.how === "move" ? place(one.after) : valueWords(one, one.after)),
    make("td", {}, ...(one.by ? [make("span", { textContent: one.by }), make("span", { className: "quiet small", textContent: ` ${one.at ? time(one.at) : ""}` })] : [])),
  ));
  const made = make("table", { className: "told" }, make("thead", {}, head), make("tbody", {}, ...rows));
  made.setAttribute("aria-label", label);
  return made;
}

/**
 * A cell that a phone, which has no headings, shows with its heading's words.
 * @param {string[]} head
 * @param {string} words
 */
function labelled([zh, en], words) {
  const made = make("td", { textContent: words });
  made.dataset.label = t(zh, en);
  return made;
}

/** @param {DraftDifference} one */
function where({ how, section, row, field, before, after }) {
  const name = (after ?? before)?.name;
  const [zh, en] = SECTIONS[section] ?? [section, section];
  const what = make("span", { textContent: [t(zh, en), name && name !== row ? `${row} ${name}` : row].filter(Boolean).join(" ") });
  if (field) return [what, make("span", { className: "block", textContent: t(...(FIELDS[field] ?? [field, field])) })];
  const done = { add: t("新增", "added"), remove: t("删去", "removed"), move: t("换位置", "moved"), set: "" }[how];
  return [what, make("span", { className: "block", textContent: done })];
}

/** @param {number} at */
const place = (at) => t(`第 ${at + 1} 位`, `place ${at + 1}`);

/**
 * @param {DraftDifference} one
 * @param {any} value
 */
function valueWords(one, value) {
  if (value === null || value === undefined) return t("（没有）", "(nothing)");
  if (one.field === "logo") return t(`${value.width} 点宽的图`, `a picture ${value.width} dots wide`);
  if (one.field === "lines") return t(`${value.length} 行：`, `${value.length} lines: `) + value.map((/** @type {any} */ line) => line.text || line.shows).join(" · ");
  return plain(value);
}

/**
 * @param {any} value
 * @returns {string}
 */
function plain(value) {
  if (value === "*") return t("全部", "all");
  if (Array.isArray(value)) return value.length ? value.map(plain).join(t("、", ", ")) : t("（没有）", "(nothing)");
  if (value && typeof value === "object") {
    return Object.entries(value).filter(([, one]) => one !== "" && one !== null).map(([name, one]) => `${t(...(FIELDS[name] ?? [name, name]))} ${plain(one)}`).join(t("；", "; "));
  }
  const day = DAYS.find(([one]) => one === value);
  return day ? t(day[1], day[2]) : String(value === "" ? t("（没有）", "(nothing)") : value);
}
