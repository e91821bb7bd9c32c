// Who wants help: a list on top of the desk's page, a bell until somebody goes, and emergencies before all.

import { call, hm, Problem } from "../shared/api.js";
import { el, make } from "../shared/dom.js";
import { emergenciesIn, emergencyLine } from "../staff/emergency.js";
import { t } from "../shared/language.js";
import { coalesce } from "../shared/stream.js";
import { bell } from "./bell.js";

/**
 * @param {(problem: Problem) => string} wordsFor what to say of what went wrong
 */
export function helpPanel(wordsFor) {
  /** @type {HelpCall[]} */
  let calls = [];
  const showEmergencies = emergencyLine();
  const box = el("calls");
  const sound = bell(
    (isAllowed) => { el("bell-off").hidden = isAllowed; },
    () => {
      box.classList.remove("rings");
      void box.offsetWidth;               // so that the flash starts anew
      box.classList.add("rings");
    },
  );

  /**
   * @param {string} zh
   * @param {string} en
   * @param {HelpCall} one
   * @param {"answer" | "done"} verb
   */
  function key(zh, en, one, verb) {
    const button = make("button", { type: "button", className: verb === "answer" ? "primary" : "", textContent: t(zh, en) });
    button.setAttribute("aria-label", `${t(zh, en)} · ${t(one.place.zh, one.place.en)}`);
    button.addEventListener("click", async () => {
      button.disabled = true;
      try {
        await call("POST", `/help/${one.id}/${verb}`, {});
        el("calls-problem").textContent = "";
      } catch (problem) {
        if (!(problem instanceof Problem)) throw problem;
        el("calls-problem").textContent = wordsFor(problem);
      }
      refresh();
    });
    return button;
  }

  /** @param {HelpCall} one */
  const row = (one) => make(
    "li",
    { className: one.state },
    make("b", { textContent: t(one.place.zh, one.place.en) }),
    make("span", { textContent: [hm(new Date(one.called_at)), t(one.reason.zh, one.reason.en)].filter(Boolean).join(" · ") }),
    make("span", { className: "goes", textContent: one.state === "answered" ? t(`${one.who} 去了`, `${one.who} goes`) : "" }),
    make("span", { className: "keys" }, ...(one.state === "called" ? [key("我去", "I go", one, "answer")] : []), key("完成", "Done", one, "done")),
  );

  function render() {
    const plain = calls.filter(({ emergency }) => !emergency);
    box.hidden = plain.length === 0;
    el("calls-list").replaceChildren(...plain.map(row));
    sound.ring(plain.some(({ state }) => state === "called"));
    showEmergencies(emergenciesIn(calls));
  }

  const refresh = coalesce(async () => {
    calls = await call("GET", "/help");
    render();
  });
  return { refresh, render };
}
