// The data shown back to their resident: large rows, page by page, and what is said to them. Nothing of them stays on the
// page, nor in its memory, once they are taken away.

import { all, both, el, make } from "../shared/dom.js";
import { inGroups, rowsOf } from "../shared/resident_rows.js";

const TURN = 12_000;      // ms a page stays where nobody touches the screen

/** @typedef {{id: number, left: number, resident: Resident, agent: Resident | null, forms: FilledForm[]}} ShownData */

/**
 * @param {(right: boolean, field: string | null) => void} answer
 */
export function checking(answer) {
  const list = el("rows");
  let page = 0;
  /** @type {HTMLElement[][]} */
  let pages = [];
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let turning;

  /** @param {import("../shared/resident_rows.js").Row} row */
  function rowOf({ name, zh, en, value }) {
    const parts = name.endsWith("id_number") ? inGroups(value).map((part) => make("span", { className: "group", textContent: part })) : [value];
    const button = make("button", { type: "button", className: "row" },
      make("span", { className: "label" }, both(zh, en)),
      make("span", { className: "value" }, ...parts));
    button.dataset.field = name;
    button.addEventListener("click", () => answer(false, name));
    return make("li", {}, button);
  }

  /** Put as many rows on a page as fit. */
  function divide() {
    const rows = pages.flat();
    pages = [];
    let rest = rows;
    while (rest.length) {
      list.replaceChildren(...rest);
      let count = rest.length;
      while (count > 1 && list.scrollHeight > list.clientHeight + 1) list.children[--count].remove();
      pages.push(rest.slice(0, count));
      rest = rest.slice(count);
    }
    turn(Math.min(page, pages.length - 1));
  }

  /** @param {number} to */
  function turn(to) {
    page = Math.max(0, to);
    list.replaceChildren(...(pages[page] ?? []));
    el("more").hidden = pages.length < 2;
    el("pages").textContent = pages.length < 2 ? "" : `${page + 1}/${pages.length}`;
  }

  const next = () => turn((page + 1) % Math.max(1, pages.length));

  function touched() {
    clearInterval(turning);
    turning = undefined;
  }

  el("more").addEventListener("click", next);
  el("right").addEventListener("click", () => answer(true, null));
  el("wrong").addEventListener("click", () => answer(false, null));
  addEventListener("pointerdown", touched);
  addEventListener("keydown", touched);
  addEventListener("resize", () => pages.length && divide());

  return {
    /** @param {ShownData} data */
    show({ resident, agent, forms }) {
      page = 0;
      pages = [rowsOf({ ...resident, agent, forms }).map(rowOf)];
      divide();
      touched();
      turning = setInterval(next, TURN);
    },
    /**
     * What was said so far.
     * @param {boolean | null} right
     * @param {string[]} wrong
     */
    mark(right, wrong) {
      for (const row of pages.flat().flatMap((one) => all("[data-field]", one))) {
        const is = wrong.includes(row.dataset.field ?? "");
        row.classList.toggle("objected", is);
        row.setAttribute("aria-pressed", String(is));
      }
      el("said").hidden = right !== false;
      el("said").replaceChildren(...(right === false ? [both("已告诉工作人员，会改过来", "Staff have been told and will correct it")] : []));
    },
    clear() {
      touched();
      pages = [];
      page = 0;
      list.replaceChildren();
      el("said").replaceChildren();
      el("said").hidden = true;
      el("left").replaceChildren();
    },
  };
}
