// The page that finds by letters: a keyboard on the screen (or a real one), and what fits to the letters so far.

import { el, find, make } from "../shared/dom.js";
import { prepare, search } from "../shared/matter_search.js";
import { flow } from "./flow.js";
import { setColumns } from "./rows.js";
import { say } from "./words.js";

/** @typedef {import("./choices.js").Item} Item */

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const LONGEST = 24;  // letters of a query

/**
 * The letters are keys of the page that finds, and in large print of the first page too: at the same place of both.
 * @param {HTMLElement} page
 */
export function placeLetters(page) {
  const letters = el("letters");
  if (letters.parentElement === page) return;
  const active = /** @type {HTMLElement | null} */ (document.activeElement);
  page.append(letters);
  if (active && letters.contains(active)) active.focus();
}

/**
 * @param {ReturnType<typeof import("./rows.js").rowsOf>} rows
 * @param {() => Item[]} everything that can be found
 * @param {() => Item | null} enquiries offered where nothing fits
 * @param {() => void} opened told when a letter of another page opens this one
 */
export function searching(rows, everything, enquiries, opened) {
  let query = "";
  /** @type {Item[]} */
  let prepared = [];
  /** @type {ReturnType<typeof prepare<Item>>} */
  let entries = [];

  for (const letter of LETTERS) {
    const key = make("button", { type: "button", textContent: letter });
    key.dataset.letter = letter;
    key.addEventListener("click", () => {
      if (!flow.searching) opened();
      type(letter);
    });
    el("letters").insertBefore(key, el("erase"));
  }
  el("erase").addEventListener("click", () => {
    if (flow.searching) type("erase");
  });

  /** @param {string} key a letter or figure, or "erase" */
  function type(key) {
    query = key === "erase" ? query.slice(0, -1) : (query + key).slice(0, LONGEST);
    render();
  }

  function render() {
    placeLetters(find(".search-page"));
    const all = everything();
    if (all.length !== prepared.length || all.some((one, place) => one !== prepared[place])) {
      prepared = all;
      entries = prepare(all);
    }
    const results = el("results");
    const found = search(entries, query);
    const shown = query ? withRoom(results, found) : [];
    el("query").textContent = query;
    el("query").classList.toggle("empty", !query);
    el("erase").setAttribute("aria-disabled", String(!query));
    if (!query) say(el("search-says"), "输入名称的拼音首字母，如“居住证”输入 JZZ", "Type the beginning of a word, such as RESID for a residence permit");
    else if (!found.length) say(el("search-says"), "没有找到，请删去字母重新输入，或选综合咨询", "Nothing found: erase letters and type again, or choose general enquiries");
    else if (shown.length < found.length) say(el("search-says"), `找到 ${found.length} 项，先显示最接近的，可以再输入字母`, `${found.length} found, the closest first: type more letters`);
    else say(el("search-says"), `找到 ${found.length} 项，请选择`, `${found.length} found: please choose`);
    const ask = query && !found.length ? enquiries() : null;
    rows.show(results, ask ? [ask] : shown);
  }

  /**
   * As many, from the first, as are seen whole.
   * @param {HTMLElement} results
   * @param {Item[]} found
   */
  function withRoom(results, found) {
    const room = rows.roomOf(results, found.slice(0, MOST));
    let shown = Math.min(found.length, MOST);
    while (shown > 1 && !room.fits(found.slice(0, shown))) shown -= 1;
    const columns = room.columns(found.slice(0, shown));
    setColumns(results, columns);
    return found.slice(0, shown);
  }

  return {
    render,
    type,
    get query() {
      return query;
    },
    open() {
      flow.searching = true;
      query = "";
    },
    clear() {
      query = "";
      rows.clear(el("results"));
    },
  };
}

const MOST = 24;  // results that a page may have room for
