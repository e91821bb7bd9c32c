// Days by name, as texts like "2026-11-29": no time zone has a say in them.

/**
 * @param {string} day
 * @param {number} number may be negative
 */
export const addDays = (day, number) => new Date(Date.parse(day) + number * 86_400_000).toISOString().slice(0, 10);

/**
 * The same date a year before; 29 February becomes the 28th.
 * @param {string} day
 */
export const lastYear = (day) => `${Number(day.slice(0, 4)) - 1}${day.slice(4) === "-02-29" ? "-02-28" : day.slice(4)}`;

/** @param {string} day 1 is Monday */
export const weekdayOf = (day) => new Date(day).getUTCDay() || 7;

/**
 * The first and the last day of a span with a name; null for one that the manager chooses.
 * @param {string} name
 * @param {string} today
 * @returns {[string, string] | null}
 */
export function presetDays(name, today) {
  const monday = addDays(today, 1 - weekdayOf(today));
  const year = Number(today.slice(0, 4));
  const first = `${today.slice(0, 7)}-01`;
  const before = addDays(first, -1);
  switch (name) {
    case "today": return [today, today];
    case "yesterday": return [addDays(today, -1), addDays(today, -1)];
    case "week": return [monday, today];
    case "last-week": return [addDays(monday, -7), addDays(monday, -1)];
    case "month": return [first, today];
    case "last-month": return [`${before.slice(0, 7)}-01`, before];
    case "year": return [`${year}-01-01`, today];
    case "last-year": return [`${year - 1}-01-01`, `${year - 1}-12-31`];
    default: return null;
  }
}
