// Finding a matter at the terminal: the list itself while it is short, else its themes, or the first letters of its pinyin.

import { prepare, search } from "../shared/matter_search.js";
import { choose } from "./lists.js";
import { aText } from "./pads.js";

const FEW = 12;           // matters that are shown at once
const LONGEST = 30;       // letters that are searched for

/**
 * @param {import("./visit.js").Visits} visit
 * @param {import("./pads.js").Pads} pad
 */
export function matters(visit, pad) {
  /**
   * @typedef {object} Search
   * @property {[string, string]} title
   * @property {(one: Matter) => boolean} fits
   * @property {(one: Matter) => void} pick
   * @property {(() => void) | null} back
   * @property {[string, string]} nothing said when none fits
   */

  /** @param {Search} wanted */
  function find(wanted) {
    visit.ask("GET", "/matters", undefined, (/** @type {{matters: Matter[]}} */ answer) => {
      const there = answer.matters.filter(wanted.fits);
      if (there.length <= FEW) list(wanted, there, wanted.title, wanted.back);
      else themes(wanted, there);
    });
  }

  /**
   * @param {Search} wanted
   * @param {Matter[]} there
   */
  function themes(wanted, there) {
    const again = () => themes(wanted, there);
    /** @type {Map<string, Matter[]>} */
    const by = new Map();
    for (const one of there) {
      const theme = `${one.audience} ${one.theme}`;
      by.set(theme, [...(by.get(theme) ?? []), one]);
    }
    const rows = [...by.values()].map((theirs) => {
      const title = words(theirs[0].theme, theirs[0].theme_en);
      return { words: title, side: beside(theirs), pick: () => list(wanted, theirs, title, again) };
    });
    rows.unshift({ words: ["按拼音首字母找", "Search by letters"], side: ["", ""], pick: () => ask(wanted, there, again) });
    choose(visit, wanted.title, rows, { nothing: wanted.nothing, back: wanted.back });
  }

  /**
   * @param {Search} wanted
   * @param {Matter[]} there
   * @param {() => void} back
   */
  function ask(wanted, there, back) {
    const again = () => ask(wanted, there, back);
    visit.show({ view: "type", title: ["请输入拼音首字母", "Type the first letters, or an English word"], back });
    const found = (/** @type {string} */ typed) => list(wanted, search(prepare(there), typed), [`“${typed}”`, `“${typed}”`], again);
    pad.open({ ...aText({ longest: LONGEST, figures: false, required: true, wrong: () => null }), words: ["查找", "Search"], done: found });
  }

  /**
   * @param {Search} wanted
   * @param {Matter[]} found
   * @param {[string, string]} title
   * @param {(() => void) | null} back
   */
  function list(wanted, found, title, back) {
    const rows = found.map((one) => ({
      words: words(one.name, one.name_en),
      ...(one.available ? {} : { side: /** @type {[string, string]} */ (["暂不办理", "Not now"]), shut: true }),
      pick: () => wanted.pick(one),
    }));
    choose(visit, title, rows, { nothing: wanted.nothing, back });
  }

  return { find };
}

/**
 * For whom a theme is, and how much is in it.
 * @param {Matter[]} theirs
 * @returns {[string, string]}
 */
function beside(theirs) {
  const personal = theirs[0].audience === "personal";
  return [`${personal ? "个人" : "企业"} · ${theirs.length} 项`, `${personal ? "Personal" : "Business"} · ${theirs.length}`];
}

/**
 * @param {string} zh
 * @param {string} en
 * @returns {[string, string]}
 */
const words = (zh, en) => [zh, en || zh];

/** @typedef {ReturnType<typeof matters>} Matters */
