// Rows and tiles that are chosen from: what they say, and how many of them a page has room for.

import { find, make } from "../shared/dom.js";
import { english, told } from "./words.js";

/** @typedef {import("./choices.js").Item} Item */
/** @typedef {import("./choices.js").Branch} Branch */
/** @typedef {import("./choices.js").Room} Room */
/** @typedef {{kind: "deed", id: string, name: Said}} Deed something else to do than to choose */
/** @typedef {Item | Branch | Deed} Choice */
/** @typedef {(service: string) => KioskService | undefined} Services */

const HINT = 9;       // characters of the names that a range is shown with
const LONG = 14;      // characters from which on a name is written smaller
const TIGHT = 0.06;   // by how much the print of a page that is too full is made smaller, at a time
const LEAST = 0.7;
const KEPT = 2000;    // heights that are kept: those of all matters of the largest hall known, in two numbers of columns
const PERSONAL = ".has-ticket, .booked";

/** What a row of a service says beside its name, and how it looks.
 * @param {KioskService | undefined} service
 * @returns {{state: string, head: Said, tail: Said, warning: boolean}}
 */
export function standingOf(service) {
  const words = (/** @type {string} */ zh, /** @type {string} */ en) => ({ zh, en });
  const said = (/** @type {string} */ state, /** @type {Said} */ head, /** @type {Said} */ tail, warning = false) => ({ state, head, tail, warning });
  if (!service) return said("shut", words("现在不办理", "Not here at present"), words("请问咨询台", "ask at the desk"));
  if (service.has_ticket) {
    return said("has-ticket", words(`已取号 ${service.has_ticket}`, `You have ${service.has_ticket}`), words("可以补打小票", "can be printed again"));
  }
  if (service.shut) return said("shut", service.shut.why, service.shut.then);
  if (service.appointment) return said("booked", service.appointment.words, words("点这里取号", "touch to check in"));
  const queue = service.waiting ? words(`前面 ${service.waiting} 人`, `${service.waiting} ahead`) : words("无人等候", "Nobody waiting");
  if (service.warning) return said("", queue, service.warning, true);
  return said("", queue, (service.waiting && service.expected_wait?.words) || words("", ""));
}

/**
 * A row for a choice. What it says is filled in by `fillRow`.
 * @param {Choice} choice
 */
function emptyRow(choice) {
  const name = make("span", { className: "name" }, make("span", { lang: "zh-CN" }), make("span", { lang: "en" }));
  const row = make("button", { type: "button" }, name, make("span", { className: "queue" }));
  if (choice.kind === "item") {
    row.dataset.service = choice.service;
    if (choice.matter) row.dataset.matter = choice.matter;
  } else {
    row.dataset[choice.kind] = choice.id;
  }
  return row;
}

/**
 * @param {HTMLElement} row
 * @param {Choice} choice
 * @param {Services} services
 */
function fillRow(row, choice, services) {
  const name = choice.kind === "item" ? { zh: choice.name, en: choice.name_en } : choice.name;
  find(".name [lang=zh-CN]", row).textContent = name.zh;
  find(".name [lang=en]", row).textContent = english() ? name.en || name.zh : name.en;
  find(".name", row).classList.toggle("long", told(name.zh, name.en).length > LONG * (english() ? 2 : 1));
  const queue = find(".queue", row);
  if (choice.kind === "item") {
    const { state, head, tail, warning } = standingOf(services(choice.service));
    row.className = `choice item ${choice.matter ? "matter" : "service"} ${state}`;
    const more = make("span", { className: warning ? "warning" : "", textContent: told(tail.zh, tail.en) });
    queue.replaceChildren(make("b", { textContent: told(head.zh, head.en) }), more);
  } else if (choice.kind === "deed") {
    row.className = "choice deed";
    queue.replaceChildren();
  } else {
    // Without pinyin yet (it takes a moment after a change) the names alone tell where a range ends.
    row.className = `choice ${choice.range ? `range${choice.name.zh ? "" : " unlettered"}` : "theme"}`;
    const count = make("span", { className: "count", textContent: told(`${choice.items.length} 项`, `${choice.items.length} matters`) });
    const hint = choice.range ? hintOf(choice.range) : "";
    queue.replaceChildren(...(hint ? [make("span", { className: "hint", textContent: hint })] : []), count);
  }
}

/**
 * The names at the ends of a range.
 * @param {import("./choices.js").Range} range
 */
export function hintOf({ first, last }) {
  const short = (/** @type {Item} */ item) => {
    const name = told(item.name, item.name_en);
    const most = english() ? 2 * HINT : HINT;
    return name.length > most ? `${name.slice(0, most)}…` : name;
  };
  return told(`${short(first)} 至 ${short(last)}`, `${short(first)} to ${short(last)}`);
}

/**
 * Shows choices in lists, each row made once while the list stays the same: one that is being touched must stay.
 * @param {Services} services
 * @param {(row: HTMLButtonElement, choice: Choice) => void} made told of each new row
 */
export function rowsOf(services, made) {
  /** @type {WeakMap<HTMLElement, {key: string, choices: Choice[]}>} */
  const shown = new WeakMap();
  // How high rows are by how the page is laid out, by their list and by what they show.
  /** @type {Map<string, number>} */
  const measured = new Map();

  /**
   * @param {HTMLElement} list
   * @param {Choice[]} choices
   */
  function show(list, choices) {
    const key = choices.map((one) => one.id).join("\n");
    const before = shown.get(list);
    if (!before || before.key !== key) {
      list.replaceChildren(...choices.map((choice) => {
        const row = emptyRow(choice);
        made(row, choice);
        return row;
      }));
      shown.set(list, { key, choices });
    }
    choices.forEach((choice, place) => fillRow(/** @type {HTMLElement} */ (list.children[place]), choice, services));
  }

  /**
   * Not the same rows again: a finger that went down on one for the last resident must not press it for the next.
   * @param {HTMLElement} list
   */
  function clear(list) {
    list.replaceChildren();
    shown.delete(list);
  }

  /**
   * The heights that choices need in so many columns, in pixels. Each is measured once: all matters of a theme are dear
   * to lay out, at each opening and in each number of columns. Of what is only one resident's nothing is kept.
   * @param {HTMLElement} list
   * @param {Choice[]} choices
   * @param {number} columns
   */
  function heights(list, choices, columns) {
    const modes = [...document.documentElement.classList].filter((name) => name !== "card-lies");
    const around = [document.documentElement.lang, innerWidth, innerHeight, list.closest(".view")?.className];
    const place = [...modes, ...around, list.className, list.clientWidth, columns].join(" ");
    const rows = choices.map((choice) => {
      const row = emptyRow(choice);
      fillRow(row, choice, services);
      return { row, id: choice.id, shows: `${place} ${row.className} ${row.innerHTML}` };
    });
    if (measured.size + rows.length > KEPT) measured.clear();
    const unknown = rows.filter(({ shows }) => !measured.has(shows));
    if (unknown.length) {
      const probe = make("div", { className: `${list.className} probe` });
      probe.style.width = `${list.clientWidth}px`;
      setColumns(probe, columns);
      probe.append(...unknown.map(({ row }) => row));
      list.parentElement?.append(probe);
      for (const { row, shows } of unknown) measured.set(shows, row.getBoundingClientRect().height);
      probe.remove();
    }
    const found = new Map(rows.map(({ id, shows }) => [id, measured.get(shows) ?? 0]));
    for (const { row, shows } of rows) if (row.matches(PERSONAL)) measured.delete(shows);
    return found;
  }

  /**
   * What the list has room for.
   * @param {HTMLElement} list as large as it is on its page
   * @param {Item[]} items any that may be asked about
   * @returns {Room & {columns: (items: Item[]) => number}} columns: in how many they are shown
   */
  function roomOf(list, items) {
    const { most, gap, row } = measuresOf(list);
    const tall = list.clientHeight;
    /** @type {Map<string, number>[]} */
    const known = [];
    const rows = Math.floor((tall + gap) / (row + gap));
    return {
      most: Math.max(2, rows * most),
      fits: (asked) => columnsFor(asked) > 0,
      columns: (asked) => columnsFor(asked) || most,
    };

    /** @param {Item[]} asked */
    function columnsFor(asked) {
      for (let columns = Math.max(1, Math.ceil(asked.length / rows)); columns <= most; columns++) {
        known[columns] ??= heights(list, items, columns);
        if (needed(asked.map((one) => known[columns].get(one.id) ?? row), columns, gap) <= tall) return columns;
      }
      return 0;
    }
  }

  /**
   * Show choices in as few columns, and as large, as there is room for.
   * @param {HTMLElement} list
   * @param {Choice[]} choices
   */
  function layOut(list, choices) {
    const { most, gap, row, largest } = measuresOf(list);
    const tall = list.clientHeight;
    const all = Math.min(most, choices.length || 1);
    let columns = 1;
    for (; columns < all; columns++) {
      if (Math.ceil(choices.length / columns) * (row + gap) - gap > tall) continue;
      const needs = heights(list, choices, columns);
      if (needed(choices.map((one) => needs.get(one.id) ?? row), columns, gap) <= tall) break;
    }
    const rows = Math.ceil(choices.length / columns);
    setColumns(list, columns);
    list.style.setProperty("--row-now", `${Math.max(row, Math.min(largest, Math.floor((tall + gap) / Math.max(1, rows)) - gap))}px`);
    show(list, choices);
    for (let print = 1; print > LEAST && list.scrollHeight > list.clientHeight + 1; print -= TIGHT) {
      list.style.setProperty("--row-now", `${row}px`);
      list.style.setProperty("--print", String(print));
    }
  }

  return { show, clear, roomOf, layOut };
}

/**
 * @param {HTMLElement} list
 * @param {number} columns
 */
export function setColumns(list, columns) {
  list.style.setProperty("--columns", String(columns));
  list.dataset.columns = String(columns);
}

/** @param {HTMLElement} list */
export function measuresOf(list) {
  list.style.removeProperty("--print");
  const style = getComputedStyle(list);
  const number = (/** @type {string} */ name) => parseFloat(style.getPropertyValue(name)) || 0;
  return { most: number("--most-columns") || 1, gap: number("--gap"), row: number("--row"), largest: number("--largest") };
}

/**
 * @param {number[]} heights of the rows, one after the other
 * @param {number} columns
 * @param {number} gap
 */
function needed(heights, columns, gap) {
  let sum = -gap;
  for (let at = 0; at < heights.length; at += columns) sum += gap + Math.max(...heights.slice(at, at + columns));
  return sum;
}
