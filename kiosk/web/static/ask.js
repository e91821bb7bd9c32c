// The one dialog of a page: a question, choices with a figure each, room for other words, and perhaps an amount.

const el = (id) => document.getElementById(id);

let settle = () => {};    // answers the question that was asked last, as its dialog was left

/** Whether a question stands open. */
export const isAsking = () => el("ask").open;

/** Take the question back. */
export const takeBack = () => isAsking() && el("ask").close("");

/** What a key means while a question stands: its figure chooses, arrows up and down change the amount. */
export function answerByKey(event) {
  const amount = el("ask-amount-input");
  if (event.target === el("ask-input")) return;
  if (/^Arrow(Up|Down)$/.test(event.key) && !el("ask-amount").hidden && event.target !== amount) {
    event.preventDefault();
    if (event.key === "ArrowUp") amount.stepUp();
    else amount.stepDown();
  }
  const choice = el("ask-choices").children[Number(event.key) - 1];
  if (choice && event.target !== amount) choice.click();
}

/**
 * Ask in the one dialog: resolves to {choice, amount} or null. Choices are [value, words, aside]; figures choose too.
 *
 * other: {label, send, most} asks for other words, which become the choice; amount: {label, value, min, max, step}
 * asks for a number beside it, null where it is left empty.
 */
export function ask({ title, text, choices, other = null, amount = null }) {
  const dialog = el("ask");
  settle();
  el("ask-title").textContent = title;
  el("ask-text").textContent = text;
  el("ask-other").hidden = el("ask-send").hidden = !other;
  el("ask-input").value = "";
  el("ask-input").maxLength = other?.most ?? 60;
  el("ask-other-label").textContent = other?.label ?? "";
  el("ask-send").textContent = other?.send ?? "";
  el("ask-amount").hidden = !amount;
  el("ask-amount-label").textContent = amount?.label ?? "";
  const number = el("ask-amount-input");
  Object.assign(number, { min: amount?.min ?? 0, max: amount?.max ?? 0, step: amount?.step ?? 1 });
  number.value = amount?.value ?? "";
  el("ask-choices").classList.toggle("many", choices.length > 6);
  el("ask-choices").replaceChildren(...choices.map(([value, words, aside], at) => {
    const button = document.createElement("button");
    button.type = "button";                // Enter in a field sends what is in it, and is no choice
    const key = document.createElement("kbd");
    key.textContent = at < 9 ? at + 1 : "";
    const label = document.createElement("span");
    label.textContent = words;
    const note = document.createElement("span");
    note.className = "quiet";
    note.textContent = aside;
    button.append(key, label, note);
    button.addEventListener("click", () => number.reportValidity() && dialog.close(value));
    return button;
  }));
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((done) => {
    settle = () => {
      settle = () => {};
      const typed = dialog.returnValue === "other" ? el("ask-input").value.trim() : dialog.returnValue;
      done(typed ? { choice: typed, amount: amount && number.value !== "" ? number.valueAsNumber : null } : null);
    };
  });
}

// The event comes a moment after the dialog closed; the next question may be open by then, and is not meant.
el("ask").addEventListener("close", () => isAsking() || settle());

// Enter in the field of other words sends them; nothing typed is nothing chosen, so the dialog stays.
el("ask").addEventListener("submit", (event) => {
  if (event.submitter === el("ask-send") && !el("ask-input").value.trim()) {
    event.preventDefault();
    (el("ask-other").hidden ? el("ask-choices").querySelector("button") : el("ask-input"))?.focus();
  }
});
