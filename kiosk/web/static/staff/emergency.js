// Emergency calls between clerks, at the pages of those who may come: a line on top of the page, and no sound, which the
// one at that window would hear.

import { call, hm, Problem, wordsOf } from "../shared/api.js";
import { make } from "../shared/dom.js";
import { speak, t } from "../shared/language.js";
import { coalesce, follow } from "../shared/stream.js";

/**
 * The line on top; it is there only while there is a call.
 * @returns {(calls: Emergency[]) => void} shows these calls, and no others
 */
export function emergencyLine() {
  const line = make("section", { className: "emergency", hidden: true });
  line.setAttribute("role", "alert");
  /** @type {Emergency[]} */
  let shown = [];
  document.body.prepend(line);

  /** @param {Emergency} one */
  function row(one) {
    const words = make("p", {}, make("b", { textContent: t(`紧急呼叫：${one.place.zh}`, `Emergency at ${one.place.en.toLowerCase()}`) }), ` ${hm(new Date(one.called_at))}`);
    const button = make("button", { type: "button", textContent: t("我去", "I go") });
    button.addEventListener("click", async () => {
      button.disabled = true;
      try {
        await call("POST", `/help/${one.id}/answer`, {});
        draw(shown.filter(({ id }) => id !== one.id));
      } catch (problem) {
        words.append(` · ${t(...wordsOf(problem))}`);
        button.disabled = false;
      }
    });
    return make("div", {}, words, button);
  }

  /** @param {Emergency[]} calls */
  function draw(calls) {
    shown = calls;
    line.hidden = calls.length === 0;
    line.replaceChildren(...calls.map(row));
  }
  speak(() => draw(shown));
  return draw;
}

/**
 * The emergency calls among all that are open.
 * @param {HelpCall[]} calls of GET /help
 * @returns {Emergency[]}
 */
export const emergenciesIn = (calls) => calls.filter(({ emergency }) => emergency);

/** Keep the line of a page that follows the hall's events for nothing else. */
export function watchEmergencies() {
  const show = emergencyLine();
  const refresh = coalesce(async () => {
    try {
      show(emergenciesIn(await call("GET", "/help")));
    } catch (problem) {
      if (!(problem instanceof Problem) || !problem.isRefusal) throw problem;
      show([]);                           // logged out, or locked: the page itself says so
    }
  });
  follow("/events", { on: { help: refresh, reset: refresh }, connected: (isConnected) => isConnected && refresh() });
}
