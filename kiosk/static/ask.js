// The one dialog of a page: a question, choices with a figure each, and room for other words.

const el = (id) => document.getElementById(id);

/** Whether a question stands open. */
export const isAsking = () => el("ask").open;

/** Take the question back. */
export const takeBack = () => isAsking() && el("ask").close("");

/** What a key means while a question stands: its figure chooses. */
export function answerByKey(event) {
  const choice = el("ask-choices").children[Number(event.key) - 1];
  if (choice && event.target !== el("ask-input")) choice.click();
}

/** Ask in the one dialog: resolves to {choice} or null. Choices are [value, words, aside]; figures choose too. */
export function ask({ title, text, choices, other = false }) {
  const dialog = el("ask");
  el("ask-title").textContent = title;
  el("ask-text").textContent = text;
  el("ask-other").hidden = el("ask-send").hidden = !other;
  el("ask-input").required = other;
  el("ask-input").value = "";
  el("ask-choices").replaceChildren(...choices.map(([value, words, aside], at) => {
    const button = document.createElement("button");
    button.value = value;
    button.formNoValidate = true;
    const key = document.createElement("kbd");
    key.textContent = at < 9 ? at + 1 : "";
    const label = document.createElement("span");
    label.textContent = words;
    const note = document.createElement("span");
    note.className = "quiet";
    note.textContent = aside;
    button.append(key, label, note);
    return button;
  }));
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((done) => {
    dialog.addEventListener("close", () => {
      const typed = dialog.returnValue === "other" ? el("ask-input").value.trim() : dialog.returnValue;
      done(typed ? { choice: typed } : null);
    }, { once: true });
  });
}
