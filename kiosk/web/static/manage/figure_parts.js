// What the manager's pages of figures share: a figure in a tile, the words of the grades.

import { make } from "../shared/dom.js";

/** @type {[string, string, string][]} */
export const GRADES = [["5", "非常满意", "very good"], ["4", "满意", "good"], ["3", "基本满意", "fair"], ["2", "不满意", "bad"], ["1", "非常不满意", "very bad"]];

/**
 * @param {number | string} value
 * @param {string} words
 * @param {boolean} [alarming]
 */
export const tile = (value, words, alarming = false) => make(
  "li",
  { className: alarming ? "tile stop" : "tile" },
  make("span", { className: "number", textContent: String(value) }),
  make("span", { className: "small", textContent: words }),
);
