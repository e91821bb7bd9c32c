// An ID number (GB 11643) that somebody types on a pad of keys or a keyboard: what is wrong with it, and how it reads.

import { make } from "./dom.js";

const LENGTH = 18;
const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

/**
 * Whether it is whole and right.
 * @param {string} number
 */
export const isWhole = (number) => number.length === LENGTH && !wrongNumber(number);

/**
 * Why this is no ID number, in both languages; null when it is one, and while it is not all there yet.
 * @param {string} number
 * @returns {[string, string] | null}
 */
export function wrongNumber(number) {
  if (number.length < LENGTH) return null;
  const month = Number(number.slice(10, 12));
  const day = Number(number.slice(12, 14));
  const date = new Date(Date.UTC(Number(number.slice(6, 10)), month - 1, day));
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) {
    return ["出生日期(第7到14位)不对，请核对", "The date of birth (digits 7 to 14) cannot be right. Please check."];
  }
  const sum = WEIGHTS.reduce((total, weight, index) => total + weight * Number(number[index]), 0);
  if ("10X98765432"[sum % 11] !== number[17]) {
    return ["有一位输错了，请逐位核对", "One of the digits is wrong. Please check them one by one."];
  }
  return null;
}

/**
 * The number after one more key: a figure, X at its end, "erase"; anything else changes nothing.
 * @param {string} number
 * @param {string} key
 */
export function withKey(number, key) {
  if (key === "erase") return number.slice(0, -1);
  const fits = /^\d$/.test(key) ? number.length < LENGTH : key === "X" && number.length === LENGTH - 1;
  return fits ? number + key : number;
}

/**
 * The pad's key that a keyboard's key means; null for one that types nothing here.
 * @param {string} key
 */
export function padKey(key) {
  if (/^[0-9]$/.test(key)) return key;
  if (key === "x" || key === "X") return "X";
  return key === "Backspace" ? "erase" : null;
}

/**
 * What is typed, in groups, and a dash for each figure still to come: ["110105  19", "––––––  ––––"].
 * @param {string} number
 * @returns {[string, string]}
 */
export function groupsOf(number) {
  const whole = number + "–".repeat(LENGTH - number.length);
  const parts = [whole.slice(0, 6), whole.slice(6, 14), whole.slice(14)].join("  ");
  const cut = number.length + (number.length > 6 ? 2 : 0) + (number.length > 14 ? 2 : 0);
  return [parts.slice(0, cut), parts.slice(cut)];
}

/**
 * Show what is typed.
 * @param {HTMLElement} field
 * @param {string} number
 */
export function renderNumber(field, number) {
  const [typed, missing] = groupsOf(number);
  field.replaceChildren(typed, make("i", { textContent: missing, ariaHidden: "true" }));
  field.classList.toggle("wrong", Boolean(wrongNumber(number)));
}
