// A resident's data in the order forms ask for them: for the clerk, who copies them, and for the terminal, which shows them.

import { el } from "./dom.js";
import { t } from "./language.js";

const KEYS = "123456789-=abcdefghijklmnopqrstuvwxyz";   // of the fields at the window, in order

/**
 * @typedef {{name: string, key: string, zh: string, en: string, label: string, value: string, form?: [string, string]}} Row
 * `key`: what copies it at the window; `label`: its words in the page's language; `form`: the name of the form that it
 * was filled in on, at a terminal
 */

/** @type {[keyof Resident, string, string][]} the API's name, and the words; the order is that of the usual forms */
const FIELDS = [
  ["name", "姓名", "Name"],
  ["name_en", "英文姓名", "Name in English"],
  ["sex", "性别", "Sex"],
  ["ethnicity", "民族", "Ethnicity"],
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

/** @type {[keyof Resident, string, string][]} what forms ask for of the agent who came for somebody else (代办) */
const AGENT = [
  ["name", "代办人姓名", "Agent's name"],
  ["id_number", "代办人证件号码", "Agent's ID number"],
];

/**
 * The words of a field, Chinese and English: of the resident, or with `agent_` before it of whoever came for them.
 * @param {string} name
 * @returns {[string, string] | undefined}
 */
export function fieldWords(name) {
  const [, zh, en] = AGENT.find(([one]) => `agent_${one}` === name) ?? FIELDS.find(([one]) => one === name) ?? [];
  return zh && en ? [zh, en] : undefined;
}

/**
 * The rows of one resident, without those that the card does not have.
 * @param {Resident} resident
 * @returns {Row[]}
 */
export function rowsOf(resident) {
  const { agent, forms = [] } = resident;
  const all = [
    ...FIELDS.map(([name, zh, en]) => ({ name: String(name), zh, en, value: valueOf(resident, name) })),
    ...(agent ? AGENT.map(([name, zh, en]) => ({ name: `agent_${name}`, zh, en, value: valueOf(agent, name) })) : []),
    ...forms.flatMap((form) => form.fields.map((field) => ({
      name: `form_${form.form}_${field.key}`, zh: field.label, en: field.label_en || field.label, value: field.value,
      form: /** @type {[string, string]} */ ([form.name, form.name_en || form.name]),
    }))),
  ];
  return all.filter(({ value }) => value).map((row, at) => ({ ...row, key: KEYS[at] ?? "", label: t(row.zh, row.en) }));
}

/**
 * @param {Resident} resident
 * @param {keyof Resident} name
 */
function valueOf(resident, name) {
  if (name === "valid_until" && resident.valid_until === null && resident.valid_from) return "长期";
  if (name === "nationality") return countryOf(resident.nationality);
  if (name === "sex" || name === "ethnicity") return resident[name]?.label || resident[name]?.code || "";
  return String(resident[name] ?? "");
}

/** @type {Map<string, [zh: string, en: string]> | null} */
let countries = null;

/**
 * The name of a country by the code on a card, from the table that the page came with; an unknown code stays as it is.
 * @param {string | null} code
 */
function countryOf(code) {
  if (!code || typeof document === "undefined") return code ?? "";
  countries ??= new Map(el("nationalities", HTMLTemplateElement).innerHTML.trim().split("\n").flatMap((line) => {
    const [letters, figures, zh, ...en] = line.split(" ");
    /** @type {[string, [string, string]][]} */
    const known = [[letters, [zh, en.join(" ")]], [figures, [zh, en.join(" ")]]];
    return known;
  }));
  const names = countries.get(code);
  return names ? t(...names) : code;
}

/**
 * How old somebody is on a day.
 * @param {Date} day
 * @param {string} birth YYYY-MM-DD
 */
export function ageOn(day, birth) {
  const [year, month, date] = birth.split("-").map(Number);
  const before = day.getMonth() + 1 < month || (day.getMonth() + 1 === month && day.getDate() < date);
  return day.getFullYear() - year - (before ? 1 : 0);
}

/**
 * An ID number in groups, 110101 19580312 0018, which read better than eighteen figures in a row.
 * @param {string} number
 */
export const inGroups = (number) => (/^\d{17}[\dX]$/.test(number) ? [number.slice(0, 6), number.slice(6, 14), number.slice(14)] : [number]);
