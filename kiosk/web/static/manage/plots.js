// Bars and curves, drawn as SVG: to be compared at a glance, with the figure and the name written at each.

import { make } from "../shared/dom.js";

const SVG = "http://www.w3.org/2000/svg";
const ROW = 34;
const NAME = 150;
const FIGURE = 104;
const WIDTH = 560;

/**
 * @param {string} name
 * @param {Record<string, string | number>} attributes
 * @param {string} [text]
 */
function draw(name, attributes, text) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  if (text !== undefined) element.textContent = text;
  return element;
}

/**
 * A name cut to what fits: a Chinese character is as wide as two others.
 * @param {string} name
 * @param {number} [most]
 */
export function fit(name, most = 18) {
  let width = 0;
  for (const [at, character] of [...name].entries()) {
    width += character < "\u0080" ? 1 : 2;
    if (width > most) return `${[...name].slice(0, at).join("")}…`;
  }
  return name;
}

/**
 * @typedef {object} Bar
 * @property {string} name
 * @property {number | null} value null: nothing to draw
 * @property {number | null} [upTo] a thin line goes on to there from the bar
 * @property {string} figure what is written at its end
 */

/**
 * The bars that have a value, each with where it and its line end, in pixels from the left of the plot.
 * @param {Bar[]} rows
 */
export function layOut(rows) {
  const shown = rows.flatMap(({ value, ...row }) => (value === null ? [] : [{ ...row, value }]));
  const most = Math.max(1, ...shown.map(({ value, upTo }) => upTo ?? value));
  const scale = (/** @type {number} */ value) => (value / most) * (WIDTH - NAME - FIGURE);
  return shown.map(({ name, figure, value, upTo }) => ({ name, figure, bar: scale(value), line: upTo == null ? null : scale(upTo) }));
}

/**
 * Put a plot into `place`.
 * @param {HTMLElement} place
 * @param {Bar[]} rows
 * @param {string} none said when there is nothing to draw
 */
export function bars(place, rows, none) {
  const shown = layOut(rows);
  if (!shown.length) {
    place.replaceChildren(make("p", { className: "quiet", textContent: none }));
    return;
  }
  const plot = draw("svg", { viewBox: `0 0 ${WIDTH} ${shown.length * ROW}`, class: "plot", role: "img" });
  plot.append(draw("title", {}, shown.map(({ name, figure }) => `${name} ${figure}`).join("; ")));
  shown.forEach(({ name, figure, bar, line }, at) => {
    const y = at * ROW;
    plot.append(draw("text", { x: NAME - 10, y: y + 22, class: "plot-name" }, fit(name)));
    plot.append(draw("rect", { x: NAME, y: y + 7, width: Math.max(1, bar), height: 20, class: "plot-bar" }));
    if (line !== null) plot.append(draw("path", { d: `M${NAME + bar} ${y + 17}H${NAME + line}m0-6v12`, class: "plot-line" }));
    plot.append(draw("text", { x: NAME + Math.max(bar, line ?? 0) + 8, y: y + 22, class: "plot-figure" }, figure));
  });
  place.replaceChildren(plot);
}

const DAY = 24 * 60;
const CURVE = { width: 560, height: 170, left: 44, bottom: 24, top: 12 };

/**
 * @typedef {object} Point
 * @property {number} at minutes after the day's midnight
 * @property {number | null} value null breaks the curve
 */

/**
 * Where a day's curve runs: pieces of a path in a plot from `first` to `last`, between the whole values `low` and `high`.
 * @param {Point[]} points in order
 * @param {number} first minutes
 * @param {number} last minutes
 */
export function layOutCurve(points, first, last) {
  const values = points.flatMap(({ value }) => (value === null ? [] : [value]));
  if (!values.length) return null;
  const low = Math.floor(Math.min(...values) - 0.5);
  const high = Math.max(low + 2, Math.ceil(Math.max(...values) + 0.5));
  const { width, height, left, bottom, top } = CURVE;
  const x = (/** @type {number} */ at) => left + ((at - first) / (last - first)) * (width - left);
  const y = (/** @type {number} */ value) => top + ((high - value) / (high - low)) * (height - top - bottom);
  let pen = "M";
  const path = points.map(({ at, value }) => {
    if (value === null) {
      pen = "M";
      return "";
    }
    const piece = `${pen}${x(at).toFixed(1)} ${y(value).toFixed(1)}`;
    pen = "L";
    // A single value is a dot: a line of no length has round ends.
    return piece.startsWith("M") ? `${piece}h0` : piece;
  }).join("");
  return { path, low, high, x, y };
}

/**
 * Put a day's curve into `place`, with lines at its lowest and highest whole value and at every sixth hour.
 * @param {HTMLElement} place
 * @param {Point[]} points
 * @param {string} title what the curve is, with its unit
 * @param {string} none said when there is nothing to draw
 */
export function curve(place, points, title, none) {
  // A hall day may end after midnight.
  const last = Math.max(DAY, points.at(-1)?.at ?? 0);
  const laid = layOutCurve(points, 0, last);
  if (!laid) {
    place.replaceChildren(make("p", { className: "quiet", textContent: none }));
    return;
  }
  const { width, height, left, bottom } = CURVE;
  const plot = draw("svg", { viewBox: `0 0 ${width} ${height}`, class: "plot", role: "img" });
  plot.append(draw("title", {}, title));
  for (const value of [laid.low, laid.high]) {
    plot.append(draw("path", { d: `M${left} ${laid.y(value)}H${width}`, class: "plot-grid" }));
    plot.append(draw("text", { x: left - 8, y: laid.y(value) + 5, class: "plot-name" }, String(value)));
  }
  for (const hour of [0, 6, 12, 18]) {
    const at = laid.x(hour * 60);
    plot.append(draw("path", { d: `M${at} 0V${height - bottom}`, class: "plot-grid" }));
    plot.append(draw("text", { x: at + 4, y: height - 6 }, `${hour}:00`));
  }
  plot.append(draw("path", { d: laid.path, class: "plot-curve" }));
  place.replaceChildren(plot);
}

const SPREAD = { width: 560, height: 250, left: 44, right: 52, bottom: 40, top: 14 };
const COLUMNS = 20;
const WIDTHS = [60, 120, 180, 300, 600, 900, 1800, 3600];

/**
 * @typedef {[number, number, number]} Bin from and to in seconds, and how many
 */

/**
 * Bins gathered into at most 20 columns of one width, and what is longer than 99 in a hundred into one more.
 * @param {Bin[]} bins in order
 * @returns {{width: number, counts: number[]}} the columns' width in seconds; the last column has no end
 */
export function gather(bins) {
  const total = bins.reduce((sum, [, , count]) => sum + count, 0);
  let seen = 0;
  const most = bins.find(([, , count]) => (seen += count) >= 0.99 * total)?.[1] ?? 0;
  const width = WIDTHS.find((one) => most / one <= COLUMNS) ?? WIDTHS[WIDTHS.length - 1];
  const columns = Math.min(COLUMNS, Math.max(1, Math.ceil(most / width)));
  return { width, counts: spreadOver(bins, width, columns) };
}

/**
 * @param {Bin[]} bins
 * @param {number} width
 * @param {number} columns
 */
function spreadOver(bins, width, columns) {
  const counts = new Array(columns + 1).fill(0);
  for (const [from, , count] of bins) counts[Math.min(columns, Math.floor(from / width))] += count;
  return counts;
}

/**
 * Put into `place` how durations are distributed: columns, and a line of those that took at most so long; of the days
 * they are compared with the line alone, dashed.
 * @param {HTMLElement} place
 * @param {Bin[]} bins
 * @param {Bin[]} before
 * @param {{unit: string, count: string, now: string, before: string, more: string, none: string}} words
 */
export function histogram(place, bins, before, words) {
  if (!bins.length) {
    place.replaceChildren(make("p", { className: "quiet", textContent: words.none }));
    return;
  }
  const { width, counts } = gather(bins);
  const total = counts.reduce((sum, one) => sum + one, 0);
  const most = Math.max(...counts);
  const { width: wide, height, left, right, bottom, top } = SPREAD;
  const step = (wide - left - right) / counts.length;
  const y = (/** @type {number} */ share) => height - bottom - share * (height - bottom - top);
  const said = counts.map((count, at) => `${(at * width) / 60}–${at + 1 < counts.length ? ((at + 1) * width) / 60 : ""} ${words.unit}: ${count}`);
  const plot = draw("svg", { viewBox: `0 0 ${wide} ${height}`, class: "plot", role: "img" });
  plot.append(draw("title", {}, said.join("; ")));
  for (const share of [0, 0.5, 1]) {
    plot.append(draw("path", { d: `M${left} ${y(share)}H${wide - right}`, class: "plot-grid" }));
    plot.append(draw("text", { x: left - 6, y: y(share) + 5, class: "plot-name" }, String(Math.round(share * most))));
    plot.append(draw("text", { x: wide - right + 4, y: y(share) + 5 }, `${share * 100}%`));
  }
  counts.forEach((count, at) => {
    const x = left + at * step;
    plot.append(draw("rect", { x: x + 1, y: y(count / most), width: step - 2, height: Math.max(0, y(0) - y(count / most)), class: at + 1 < counts.length ? "plot-bar" : "plot-bar rest" }));
    const every = Math.ceil(counts.length / 10);
    if (at % every === 0 && at + 1 < counts.length) plot.append(draw("text", { x, y: height - bottom + 18, class: "plot-tick" }, String((at * width) / 60)));
  });
  plot.append(draw("text", { x: wide - right, y: height - bottom + 18, class: "plot-name" }, `${words.more}`));
  plot.append(draw("text", { x: wide / 2, y: height - 4, class: "plot-tick" }, words.unit));
  plot.append(draw("path", { d: cumulative(counts, total, left, step, y), class: "plot-curve share" }));
  if (before.length) {
    const others = spreadOver(before, width, counts.length - 1);
    const all = others.reduce((sum, one) => sum + one, 0);
    plot.append(draw("path", { d: cumulative(others, all, left, step, y), class: "plot-curve share before" }));
  }
  place.replaceChildren(plot);
}

/**
 * A line through the shares of those that took at most so long.
 * @param {number[]} counts
 * @param {number} total
 * @param {number} left
 * @param {number} step
 * @param {(share: number) => number} y
 */
function cumulative(counts, total, left, step, y) {
  let sum = 0;
  const points = counts.map((count, at) => `L${(left + (at + 1) * step).toFixed(1)} ${y((sum += count) / total).toFixed(1)}`);
  return `M${left} ${y(0).toFixed(1)}${points.join("")}`;
}

/**
 * Put into `place` a row for each hour: a bar from low to high, a line at the mean, a dot at how many came.
 * @param {HTMLElement} place
 * @param {{hour: number, mean: number, low: number, high: number, came: number | null}[]} hours
 * @param {string} none said when there is nothing to draw
 */
export function ranges(place, hours, none) {
  if (!hours.length) {
    place.replaceChildren(make("p", { className: "quiet", textContent: none }));
    return;
  }
  const row = 26;
  const left = 56;
  const wide = 340;
  const most = Math.max(1, ...hours.map(({ high, came }) => Math.max(high, came ?? 0)));
  const x = (/** @type {number} */ count) => left + (count / most) * (wide - left - FIGURE);
  const plot = draw("svg", { viewBox: `0 0 ${wide} ${hours.length * row}`, class: "plot", role: "img" });
  const said = hours.map(({ hour, low, high, came }) => `${hour}:00 ${low}–${high}${came === null ? "" : `, ${came}`}`);
  plot.append(draw("title", {}, said.join("; ")));
  hours.forEach(({ hour, mean, low, high, came }, at) => {
    const y = at * row;
    plot.append(draw("text", { x: left - 8, y: y + 18, class: "plot-name" }, `${hour}:00`));
    plot.append(draw("rect", { x: x(low), y: y + 6, width: Math.max(2, x(high) - x(low)), height: 14, class: "plot-range" }));
    plot.append(draw("path", { d: `M${x(mean).toFixed(1)} ${y + 4}v18`, class: "plot-line" }));
    if (came !== null) plot.append(draw("circle", { cx: x(came), cy: y + 13, r: 5, class: came >= low && came <= high ? "plot-dot" : "plot-dot missed" }));
    plot.append(draw("text", { x: x(Math.max(high, came ?? 0)) + 10, y: y + 18, class: "plot-figure" }, `${low}–${high}${came === null ? "" : ` · ${came}`}`));
  });
  place.replaceChildren(plot);
}
