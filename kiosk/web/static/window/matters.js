// What the ticket at the window is for: its matters and the papers to look at, and the slip that says what to bring.

import { call, Problem } from "../shared/api.js";
import { el, make } from "../shared/dom.js";
import { t } from "../shared/language.js";

/**
 * What is wanted of a paper.
 * @param {MatterPaper} paper
 */
function wanted({ original, copies }) {
  const parts = original ? [t("原件", "original")] : [];
  if (copies) parts.push(t(`复印件 ${copies} 份`, copies === 1 ? "1 copy" : `${copies} copies`));
  return parts.join(t("，", ", "));
}

/**
 * The part of the right column that shows them.
 * @param {(zh: string, en: string, kind?: string) => void} tell puts a line where the clerk looks
 * @param {(problem: Problem) => void} tellProblem
 */
export function matterPanel(tell, tellProblem) {
  /** @type {Map<string, MatterWhole | null>} null: it was taken away */
  const known = new Map();
  /** @type {string[]} */
  let shown = [];

  /** @param {string} id */
  async function learn(id) {
    try {
      known.set(id, await call("GET", `/matters/${encodeURIComponent(id)}`));
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (problem.code === "unknown_matter") known.set(id, null);
    }
  }

  /** @param {MatterWhole} matter */
  async function print(matter) {
    try {
      await call("POST", `/matters/${encodeURIComponent(matter.id)}/print`, {});
      tell(`一次性告知已送打印：${matter.name}`, `What to bring is being printed: ${matter.name_en || matter.name}`, "good");
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      tellProblem(problem);
    }
  }

  /** @param {MatterWhole} matter */
  function block(matter) {
    const button = make("button", { type: "button", className: "small", textContent: t("打印告知单", "Print what to bring") });
    button.addEventListener("click", () => {
      button.blur();                      // Space stays the page's own key
      print(matter);
    });
    const papers = matter.papers.map((paper) => make("li", {}, t(paper.name, paper.name_en || paper.name), make("span", { className: "quiet", textContent: ` ${wanted(paper)}` })));
    return make("div", { className: "matter" },
      make("h3", { textContent: t(matter.name, matter.name_en || matter.name) }),
      make("ul", { className: "papers" }, ...papers),
      button);
  }

  function render() {
    const there = shown.map((id) => known.get(id)).filter((one) => one != null);
    el("matters").hidden = !there.length;
    el("matters-list").replaceChildren(...there.map(block));
  }

  return {
    render,
    /** @param {string[]} ids of the ticket at the window */
    async show(ids) {
      if (ids.join() === shown.join()) return;
      shown = ids;
      render();
      await Promise.all(ids.filter((id) => !known.has(id)).map(learn));
      if (ids === shown) render();
    },
  };
}
