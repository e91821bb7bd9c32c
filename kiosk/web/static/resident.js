// The resident now being served: the fields in the order forms ask for them, each copied with one key.
// Nothing of a resident outlives the ticket on this page, nor stays on it unattended.

import { t } from "./language.js";
import { now } from "./live.js";

const OPEN_FOR = 10 * 60;     // seconds without a touch until the data are put away
const KEYS = "123456789-=";   // of the fields, in order; 0 copies all

const KINDS = {
  resident: ["居民身份证", "Resident identity card"],
  "hk-macao-taiwan": ["港澳台居民居住证", "Residence permit, HK, Macao and Taiwan"],
  "foreigner-2017": ["外国人永久居留身份证", "Foreigner's permanent residence card"],
  "foreigner-2023": ["外国人永久居留身份证(2023版)", "Foreigner's permanent residence card (2023)"],
  typed: ["手工输入，没有读卡", "Typed in, no card was read"],
};

// key of the API, words, and how the value reads; the order is that of the usual forms
const FIELDS = [
  ["name", "姓名", "Name"],
  ["name_en", "英文姓名", "Name in English"],
  ["sex", "性别", "Sex", (sex) => sex.label || sex.code],
  ["ethnicity", "民族", "Ethnicity", (ethnicity) => ethnicity.label || ethnicity.code],
  ["nationality", "国籍", "Nationality"],
  ["birth_date", "出生日期", "Date of birth"],
  ["id_number", "证件号码", "ID number"],
  ["address", "住址", "Address"],
  ["pass_number", "通行证号码", "Pass number"],
  ["authority", "签发机关", "Issued by"],
  ["valid_from", "有效期起", "Valid from"],
  ["valid_until", "有效期止", "Valid until"],
  ["issue_count", "签发次数", "Times issued"],
  ["renewal_count", "换证次数", "Times renewed"],
];

const el = (id) => document.getElementById(id);

// Of who came for somebody else (代办), what forms ask for.
const AGENT = [
  ["agent_name", "代办人姓名", "Agent's name"],
  ["agent_id_number", "代办人证件号码", "Agent's ID number"],
];

/** The rows of one resident: [{key, label, value}], without those that a card does not have. */
export function rowsOf(resident) {
  const rows = [];
  for (const [name, zh, en, read = (value) => value] of [...FIELDS, ...(resident.agent ? AGENT : [])]) {
    let value = name.startsWith("agent_") ? resident.agent[name.slice(6)] : resident[name];
    if (name === "valid_until" && value === null && resident.valid_from) value = "长期";
    if (value === null || value === undefined || value === "") continue;
    rows.push({ name, zh, en, label: t(zh, en), value: String(read(value)) });
  }
  rows.forEach((row, at) => (row.key = KEYS[at] ?? ""));
  return rows;
}

/** How old somebody is on a day, from a birth date YYYY-MM-DD. */
function ageOn(day, birth) {
  const [year, month, date] = birth.split("-").map(Number);
  const before = day.getMonth() + 1 < month || (day.getMonth() + 1 === month && day.getDate() < date);
  return day.getFullYear() - year - (before ? 1 : 0);
}

/** Copy with or without a secure context: a hall's own network is often plain HTTP. */
async function copy(text) {
  if (navigator.clipboard && window.isSecureContext) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // Not allowed here (no focus, a policy): the older way may still be.
    }
  }
  const focused = document.activeElement;
  const carrier = document.createElement("textarea");
  carrier.value = text;
  carrier.className = "carrier";
  carrier.readOnly = true;
  document.body.append(carrier);
  carrier.select();
  const done = document.execCommand("copy");
  carrier.remove();
  if (focused instanceof HTMLElement) focused.focus({ preventScroll: true });
  return done;
}

/** The middle column. `tell(zh, en, kind)` puts a line where the clerk looks. */
export function residentPanel(tell) {
  let resident = null;
  let rows = [];
  let closesAt = 0;

  function hide() {
    resident = null;
    rows = [];
    el("fields").replaceChildren();
    el("person-name").textContent = "";
    el("person-kind").textContent = "";
    el("closes").textContent = "";
    el("resident-some").hidden = true;
    el("resident-none").hidden = false;
  }

  function stay() {
    closesAt = now().getTime() + OPEN_FOR * 1000;
  }

  function show(person) {
    resident = person;
    stay();
    render();
  }

  function render() {
    if (!resident) return;
    rows = rowsOf(resident);
    el("resident-none").hidden = true;
    el("resident-some").hidden = false;
    el("person-name").textContent = resident.name ?? resident.name_en ?? "";
    const kind = t(...(KINDS[resident.kind] ?? ["", ""]));
    const age = resident.birth_date ? ageOn(now(), resident.birth_date) : null;
    const parts = [kind, age === null ? "" : t(`${age} 岁`, `aged ${age}`), resident.agent ? t("由他人代办", "somebody came for them") : ""];
    el("person-kind").textContent = parts.filter(Boolean).join(" · ");
    el("copy-all-text").textContent = t("全部复制", "Copy all");
    el("fields").replaceChildren(...rows.map(rowOf));
    tick();
  }

  function rowOf(row) {
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "field";
    button.dataset.field = row.name;
    button.title = t("复制", "Copy");
    const key = document.createElement("kbd");
    key.textContent = row.key ?? "";
    const label = document.createElement("span");
    label.className = "field-label";
    label.textContent = row.label;
    const value = document.createElement("span");
    value.className = "field-value";
    const isNumber = row.name.endsWith("id_number");
    if (isNumber) value.classList.add("field-number");
    value.append(...(isNumber ? inGroups(row.value) : [row.value]));
    button.append(key, label, value);
    button.addEventListener("click", () => {
      button.blur();
      copyRow(row);
    });
    item.append(button);
    return item;
  }

  async function copyRow(row) {
    stay();
    const done = await copy(row.value);
    marked(document.querySelector(`[data-field="${row.name}"]`), done);
    if (done) tell(`已复制 ${row.zh}`, `Copied: ${row.en}`, "good");
    else tell("这台电脑不让复制，请用鼠标选中", "This PC does not allow copying; select it with the mouse", "warn");
  }

  async function copyAll() {
    if (!resident) return;
    stay();
    const done = await copy(rows.map(({ zh, value }) => `${zh}\t${value}`).join("\n"));
    marked(el("copy-all"), done);
    if (done) tell(`已复制全部 ${rows.length} 项`, `Copied all ${rows.length} fields`, "good");
    else tell("这台电脑不让复制，请用鼠标选中", "This PC does not allow copying; select it with the mouse", "warn");
  }

  /** Returns whether the data have just been put away. */
  function tick() {
    if (!resident) return false;
    const left = Math.ceil((closesAt - now().getTime()) / 1000);
    if (left <= 0) {
      hide();
      return true;
    }
    const clock = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    el("closes").textContent = t(`${clock} 后收起`, `closes in ${clock}`);
    return false;
  }

  el("copy-all").addEventListener("click", () => {
    el("copy-all").blur();
    copyAll();
  });

  return {
    show, hide, render, tick,
    get shown() {
      return resident !== null;
    },
    /** A key pressed alone: copies its field. */
    key(key) {
      if (!resident) return;
      if (key === "0") copyAll();
      const row = rows.find((candidate) => candidate.key === key);
      if (row) copyRow(row);
    },
  };
}

function marked(button, done) {
  if (!button || !done) return;
  for (const other of document.querySelectorAll(".copied")) other.classList.remove("copied");
  button.classList.add("copied");
}

/** 110101 19580312 0018 reads better than eighteen figures in a row; what is copied has no gaps. */
function inGroups(number) {
  const parts = /^\d{17}[\dX]$/.test(number) ? [number.slice(0, 6), number.slice(6, 14), number.slice(14)] : [number];
  return parts.map((part) => {
    const span = document.createElement("span");
    span.textContent = part;
    return span;
  });
}
