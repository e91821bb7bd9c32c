// The one dialog of a staff page: a question, choices with a figure each, room for other words, and perhaps an amount.

import { el, make } from "../shared/dom.js";

const dialog = el("ask", HTMLDialogElement);
const typed = el("ask-input", HTMLInputElement);
const number = el("ask-amount-input", HTMLInputElement);

let settle = () => {};    // answers the question that was asked last, as its dialog was left

/** Whether a question stands open. */
export const isAsking = () => dialog.open;

/** Take the question back. */
export const takeBack = () => isAsking() && dialog.close("");

/**
 * What a key means while a question stands: its figure chooses, arrows up and down change the amount.
 * @param {KeyboardEvent} event
 */
export function answerByKey(event) {
  if (event.target === typed) return;
  if (/^Arrow(Up|Down)$/.test(event.key) && !el("ask-amount").hidden && event.target !== number) {
    event.preventDefault();
    if (event.key === "ArrowUp") number.stepUp();
    else number.stepDown();
  }
  const choice = el("ask-choices").children[Number(event.key) - 1];
  if (choice instanceof HTMLElement && event.target !== number) choice.click();
}

/**
 * Ask in the dialog.
 *
 * @param {object} question
 * @param {string} question.title
 * @param {string} question.text
 * @param {string[][]} question.choices [value, words, aside]; the keys 1 to 9 choose too
 * @param {{label: string, send: string, most?: number} | null} [question.other] asks for other words, which become the choice
 * @param {{label: string, value?: number, min: number, max: number, step?: number} | null} [question.amount] asks for a number beside it
 * @returns {Promise<{choice: string, amount: number | null} | null>} amount: null where it is left empty
 */
export function ask({ title, text, choices, other = null, amount = null }) {
  settle();
  el("ask-title").textContent = title;
  el("ask-text").textContent = text;
  el("ask-other").hidden = el("ask-send").hidden = !other;
  typed.value = "";
  typed.maxLength = other?.most ?? 60;
  el("ask-other-label").textContent = other?.label ?? "";
  el("ask-send").textContent = other?.send ?? "";
  el("ask-amount").hidden = !amount;
  el("ask-amount-label").textContent = amount?.label ?? "";
  Object.assign(number, { min: amount?.min ?? 0, max: amount?.max ?? 0, step: amount?.step ?? 1 });
  number.value = String(amount?.value ?? "");
  el("ask-choices").classList.toggle("many", choices.length > 6);
  el("ask-choices").replaceChildren(...choices.map(([value, words, aside], at) => {
    const button = make(
      "button",
      { type: "button" },                  // Enter in a field sends what is in it, and is no choice
      make("kbd", { textContent: at < 9 ? String(at + 1) : "" }),
      make("span", { textContent: words }),
      make("span", { className: "quiet", textContent: aside }),
    );
    button.addEventListener("click", () => number.reportValidity() && dialog.close(value));
    return button;
  }));
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((done) => {
    settle = () => {
      settle = () => {};
      const choice = dialog.returnValue === "other" ? typed.value.trim() : dialog.returnValue;
      done(choice ? { choice, amount: amount && number.value !== "" ? number.valueAsNumber : null } : null);
    };
  });
}

// The event comes a moment after the dialog closed; the next question may be open by then, and is not meant.
dialog.addEventListener("close", () => isAsking() || settle());

// Enter in the field of other words sends them; nothing typed is nothing chosen, so the dialog stays.
dialog.addEventListener("submit", (event) => {
  if (event.submitter === el("ask-send") && !typed.value.trim()) {
    event.preventDefault();
    (el("ask-other").hidden ? el("ask-choices").querySelector("button") : typed)?.focus();
  }
});
