// The cells of the setup's tables: a control for each kind of value, what is read from it, and how a value is told.

import { all, find, make } from "../shared/dom.js";
import { isEnglish, t } from "../shared/language.js";
import { DAYS } from "./sections.js";

/**
 * A control that holds a value; its name for who cannot see the table is `label`.
 * @param {Column} column
 * @param {any} value
 * @param {string} label
 * @returns {HTMLElement}
 */
export function control(column, value, label) {
  switch (column.kind) {
    case "select":
      return select(column, value ?? "", label);
    case "days":
      return boxes(DAYS.map(([id, zh, en]) => [id, zh, en]), value ?? [], label);
    case "choices":
      return choices(column, value ?? [], label);
    case "minutes":
      return minutes(column, value ?? {}, label);
    case "week":
      return week(value ?? {}, label);
    case "periods":
      return text((Array.isArray(value) ? value : [value]).join(" "), label, t("不开放", "closed"));
    case "number": {
      const input = text(value ?? "", label);
      input.inputMode = "numeric";
      return input;
    }
    case "date": {
      const input = text(value ?? "", label);
      input.type = "date";
      return input;
    }
    default:
      return text(value ?? "", label, column.hint ? t(column.hint[0], column.hint[1]) : "");
  }
}

/**
 * The value that stands in a control; null for nothing.
 * @param {Column} column
 * @param {HTMLElement} made by {@link control}
 */
export function readCell(column, made) {
  switch (column.kind) {
    case "days":
      return checked(made);
    case "choices":
      return checked(made).includes("*") ? ["*"] : checked(made);
    case "minutes": {
      const said = all("input", made).map((input) => [input.dataset.id, number(/** @type {HTMLInputElement} */ (input).value)]);
      return Object.fromEntries(said.filter(([, value]) => value !== null));
    }
    case "week": {
      const said = all("input", made).map((input) => [input.dataset.id, periods(/** @type {HTMLInputElement} */ (input).value)]);
      const open = said.filter(([, value]) => value?.length);
      return open.length ? Object.fromEntries(open) : null;
    }
    case "periods":
      return periods(valueOf(made));
    case "number":
      return number(valueOf(made));
    case "select":
      return valueOf(made) || null;
    default:
      return valueOf(made).trim();
  }
}

/**
 * A value in words.
 * @param {Column} column
 * @param {any} value
 * @returns {string}
 */
export function shown(column, value) {
  if (column.kind === "told" || column.kind === "choices") {
    const known = column.options?.() ?? [];
    if (column.all && value?.includes("*")) return t(column.all[0], column.all[1]);
    if (!value?.length) return t("没有", "none");
    return value.map((/** @type {string} */ id) => optionWords(known.find((one) => one[0] === id) ?? [id, id, id])).join(t("、", ", "));
  }
  if (column.field === "day" && Array.isArray(value)) return t(value[0], value[1]);
  if (value === null || value === undefined || value === "") return t("（空）", "(empty)");
  if (Array.isArray(value)) return value.map((one) => (typeof one === "object" ? Object.values(one).flat().join(" ") : one)).join(t("、", ", "));
  if (typeof value === "object") return Object.entries(value).map(([name, one]) => `${name} ${one}`).join(t("、", ", "));
  return String(value);
}

/** @param {string[]} option id, Chinese, English */
const optionWords = ([, zh, en]) => (isEnglish() ? en : zh);

/** @param {HTMLElement} made */
const valueOf = (made) => /** @type {HTMLInputElement | HTMLSelectElement} */ (made).value;

/**
 * A whole number where it is one, else what was typed: the draft says what is wrong with it.
 * @param {string} typed
 */
function number(typed) {
  const said = typed.trim();
  return said === "" ? null : /^-?\d{1,9}$/.test(said) ? Number(said) : said;
}

/**
 * Periods with blanks or any commas between them; full-width characters and dashes of a Chinese keyboard are taken, too.
 * @param {string} typed
 */
const periods = (typed) => typed.normalize("NFKC").replace(/\s*[–—~至到-]\s*/g, "-").split(/[\s,、;]+/).filter(Boolean);

/** @param {HTMLElement} made */
const checked = (made) => all("input:checked", made).map((input) => input.dataset.id ?? "");

/**
 * @param {string} value
 * @param {string} label
 * @param {string} [placeholder]
 */
function text(value, label, placeholder = "") {
  const input = make("input", { type: "text", value: String(value), placeholder, autocomplete: "off" });
  input.setAttribute("aria-label", label);
  return input;
}

/**
 * @param {Column} column
 * @param {string} value
 * @param {string} label
 */
function select(column, value, label) {
  const options = column.options?.() ?? [];
  const known = options.some(([id]) => id === value) ? options : [[value, value, value], ...options];
  const made = make("select", {}, ...known.map((one) => make("option", { value: one[0], textContent: optionWords(one), selected: one[0] === value })));
  made.setAttribute("aria-label", label);
  return made;
}

/**
 * @param {string[][]} options
 * @param {string[]} value
 * @param {string} label
 */
function boxes(options, value, label) {
  const made = make("div", { className: "boxes" });
  made.setAttribute("role", "group");
  made.setAttribute("aria-label", label);
  for (const one of options) {
    const box = make("input", { type: "checkbox", checked: value.includes(one[0]) });
    box.dataset.id = one[0];
    made.append(make("label", { className: "box" }, box, make("span", { textContent: optionWords(one) })));
  }
  return made;
}

/**
 * @param {Column} column
 * @param {string[]} value
 * @param {string} label
 */
function choices(column, value, label) {
  const gone = value.filter((id) => id !== "*" && !column.options?.().some((one) => one[0] === id));
  const options = [...(column.options?.() ?? []), ...gone.map((id) => [id, id, id])];
  const made = boxes(column.all ? [["*", column.all[0], column.all[1]], ...options] : options, value, label);
  if (!column.all) return made;
  const every = find("input", made, HTMLInputElement);
  const others = /** @type {HTMLInputElement[]} */ (all("input", made).slice(1));
  // Every service, or some of them: a tick at one side takes the other's away.
  made.addEventListener("input", (event) => {
    if (event.target === every && every.checked) for (const one of others) one.checked = false;
    else if (event.target !== every) every.checked = false;
  }, true);
  return made;
}

/**
 * @param {Column} column
 * @param {{[service: string]: any}} value
 * @param {string} label
 */
function minutes(column, value, label) {
  return lines((column.options?.() ?? []).map((one) => [one[0], optionWords(one), value[one[0]] ?? ""]), label);
}

/**
 * @param {{[day: string]: string[]}} value
 * @param {string} label
 */
const week = (value, label) => lines(DAYS.map(([id, zh, en]) => [id, t(zh, en), (value[id] ?? []).join(" ")]), label);

/**
 * @param {string[][]} said id, words, value
 * @param {string} label
 */
function lines(said, label) {
  const made = make("div", { className: "lines" });
  made.setAttribute("role", "group");
  made.setAttribute("aria-label", label);
  for (const [id, words, value] of said) {
    const input = make("input", { type: "text", value: String(value), autocomplete: "off" });
    input.dataset.id = id;
    made.append(make("label", {}, make("span", { textContent: words }), input));
  }
  return made;
}
