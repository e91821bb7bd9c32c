// The resident now being served: the fields in the order forms ask for them, each copied with one key.
// Nothing of a resident outlives the ticket on this page, nor stays on it unattended.

import { now } from "../shared/api.js";
import { all, el, make } from "../shared/dom.js";
import { t } from "../shared/language.js";
import { ageOn, inGroups, rowsOf } from "../shared/resident_rows.js";

const SINGLE = "quhao.window.single-keys";   // where it is kept that they are off
const OPEN_FOR = 10 * 60;     // seconds without a touch until the data are put away
/** @type {Record<string, [string, string]>} */
const KINDS = {
  resident: ["居民身份证", "Resident identity card"],
  "hk-macao-taiwan": ["港澳台居民居住证", "Residence permit, HK, Macao and Taiwan"],
  "foreigner-2017": ["外国人永久居留身份证", "Foreigner's permanent residence card"],
  "foreigner-2023": ["外国人永久居留身份证(2023版)", "Foreigner's permanent residence card (2023)"],
  "social-security": ["社会保障卡", "Social security card"],
  typed: ["手工输入，没有读卡", "Typed in, no card was read"],
};

/**
 * Copy with or without a secure context: a hall's own network is often plain HTTP.
 * @param {string} text
 */
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
  const carrier = make("textarea", { value: text, className: "carrier", readOnly: true });
  document.body.append(carrier);
  carrier.select();
  const done = document.execCommand("copy");
  carrier.remove();
  if (focused instanceof HTMLElement) focused.focus({ preventScroll: true });
  return done;
}

/**
 * Whether a key pressed alone copies a field; who dictates, or strikes keys unawares, turns it off.
 * @param {HTMLElement} toggle
 */
function singleKeys(toggle) {
  const kept = () => {
    try {
      return localStorage.getItem(SINGLE) !== "off";
    } catch {
      return true;
    }
  };
  let isOn = kept();
  const show = () => {
    toggle.setAttribute("aria-pressed", String(isOn));
    el("fields").classList.toggle("no-keys", !isOn);
  };
  toggle.addEventListener("click", () => {
    isOn = !isOn;
    toggle.blur();
    show();
    try {
      localStorage.setItem(SINGLE, isOn ? "on" : "off");
    } catch {
      // A browser that keeps nothing: it holds as long as the page.
    }
  });
  show();
  return () => isOn;
}

/** @typedef {import("../shared/resident_rows.js").Row} Row */

/**
 * The middle column.
 * @param {(zh: string, en: string, kind: string) => void} tell puts a line where the clerk looks
 */
export function residentPanel(tell) {
  /** @type {Resident | null} */
  let resident = null;
  /** @type {Row[]} */
  let rows = [];
  let closesAt = 0;
  /** @type {string[]} names of the fields that the resident says are wrong */
  let wrong = [];
  const mayCopyByKey = singleKeys(el("single-keys"));

  /** @param {string} picture of the card that lies on the window's reader; "" for none */
  function photo(picture) {
    if (picture) el("person-photo", HTMLImageElement).src = picture;
    else el("person-photo").removeAttribute("src");
    el("person-photo").hidden = !picture;
  }

  function hide() {
    photo("");
    resident = null;
    rows = [];
    wrong = [];
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

  /** @param {Resident} person */
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
    el("fields").replaceChildren(...rows.flatMap((row, at) => (row.form && row.form[0] !== rows[at - 1]?.form?.[0] ? [headOf(row.form), rowOf(row)] : [rowOf(row)])));
    object(wrong);
    tick();
  }

  /** @param {[string, string]} form */
  const headOf = (form) => make("li", { className: "field-form", textContent: t(`自助填写：${form[0]}`, `Filled in at a terminal: ${form[1]}`) });

  /** @param {Row} row */
  function rowOf(row) {
    const isNumber = row.name.endsWith("id_number");
    const parts = isNumber ? inGroups(row.value).map((part) => make("span", { textContent: part })) : [row.value];
    const button = make(
      "button",
      { type: "button", className: "field", title: t("复制", "Copy") },
      make("kbd", { textContent: row.key }),
      make("span", { className: "field-label", textContent: row.label }),
      make("span", { className: isNumber ? "field-value field-number" : "field-value" }, ...parts),
    );
    button.dataset.field = row.name;
    button.addEventListener("click", () => {
      button.blur();
      copyRow(row);
    });
    return make("li", {}, button);
  }

  /** @param {Row} row */
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

  /** @param {string[]} names of the fields that the resident says are wrong */
  function object(names) {
    wrong = names;
    for (const row of all("#fields [data-field]")) row.classList.toggle("objected", wrong.includes(row.dataset.field ?? ""));
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
    show, hide, render, tick, photo, object,
    get shown() {
      return resident !== null;
    },
    /**
     * The words of a field that is shown.
     * @param {string} name
     * @returns {[string, string] | undefined}
     */
    wordsOf(name) {
      const row = rows.find((one) => one.name === name);
      return row && [row.zh, row.en];
    },
    /**
     * A key pressed alone: copies its field.
     * @param {string} key
     */
    key(key) {
      if (!resident || !mayCopyByKey()) return;
      if (key === "0") copyAll();
      const row = rows.find((candidate) => candidate.key === key);
      if (row) copyRow(row);
    },
  };
}

/**
 * @param {HTMLElement | null} button
 * @param {boolean} done
 */
function marked(button, done) {
  if (!button || !done) return;
  for (const other of all(".copied")) other.classList.remove("copied");
  button.classList.add("copied");
}
