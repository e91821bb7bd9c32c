// A list of large buttons that never scrolls: what does not fit is on further pages.

import { all, both, el, make } from "../shared/dom.js";

/** @typedef {{words: [string, string], side?: [string, string], shut?: boolean, pick: () => void}} Choice */

/**
 * Show buttons in a list, as many as fit, with keys for the pages beside it (`id`-pages).
 * @param {string} id of the list
 * @param {HTMLElement[]} buttons
 */
export function showPages(id, buttons) {
  const list = el(id);
  const keys = el(`${id}-pages`);
  /** @type {number[]} where each page so far begins */
  const begins = [0];

  function turn() {
    const from = begins[begins.length - 1];
    // All at once, so that they are laid out once: a row is as high whatever comes below it, where not all fit.
    const rest = buttons.slice(from);
    list.replaceChildren(...rest);
    const end = list.getBoundingClientRect().top + list.clientHeight + 1;
    const over = rest.findIndex((button) => button.getBoundingClientRect().bottom > end);
    const shown = over < 0 ? rest.length : Math.max(1, over);
    list.replaceChildren(...rest.slice(0, shown));
    const next = from + shown;
    const key = (/** @type {[string, string]} */ words, /** @type {boolean} */ works, /** @type {() => void} */ press) => {
      const button = make("button", { type: "button", disabled: !works }, both(...words));
      button.addEventListener("click", () => {
        press();
        turn();
        all("button:enabled", list)[0]?.focus();
      });
      return button;
    };
    keys.hidden = begins.length === 1 && next >= buttons.length;
    keys.replaceChildren(
      key(["上一页", "Previous"], begins.length > 1, () => begins.pop()),
      key(["下一页", "Next"], next < buttons.length, () => begins.push(next)),
    );
  }

  // The keys take room themselves: they are there while the first page is measured, if it is not the only one.
  keys.hidden = true;
  keys.replaceChildren();
  list.replaceChildren(...buttons);
  if (list.scrollHeight > list.clientHeight + 1) {
    keys.hidden = false;
    keys.replaceChildren(make("button", { type: "button" }, both("下一页", "Next")));
  }
  turn();
}

/** @param {Choice} choice */
function choiceOf({ words, side, shut, pick }) {
  const button = make("button", { type: "button", disabled: Boolean(shut) }, both(...words));
  if (side) {
    const beside = both(...side);
    beside.classList.add("side");
    button.append(beside);
  }
  button.addEventListener("click", pick);
  return button;
}

/**
 * A step in which one of several things is chosen.
 * @param {import("./visit.js").Visits} visit
 * @param {[string, string]} title
 * @param {Choice[]} choices
 * @param {{nothing: [string, string], back: (() => void) | null, chosen?: string}} options nothing: said when there are none
 */
export function choose(visit, title, choices, { nothing, back, chosen }) {
  el("nothing").hidden = choices.length > 0;
  el("nothing").replaceChildren(both(...nothing));
  visit.show({ view: "choose", title, back, chosen });
  showPages("choices", choices.map(choiceOf));
  all("button:enabled", el("choices"))[0]?.focus();
}
