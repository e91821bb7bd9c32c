// The number pad, for whoever has no card.

import { all, el, targetOf } from "../shared/dom.js";
import { isWhole, padKey, renderNumber, withKey, wrongNumber } from "../shared/id_number.js";
import { flow, onPress, pageNow, post } from "./flow.js";
import { readAloud } from "./read_aloud.js";
import { say } from "./words.js";

let typed = "";

function render() {
  const problem = wrongNumber(typed);
  renderNumber(el("typed"), typed);
  if (problem) say(el("typed-problem"), ...problem);
  else el("typed-problem").replaceChildren();
  el("typed-done").setAttribute("aria-disabled", String(!isWhole(typed)));
}

/** @param {string} name of the pad's key that was touched */
function type(name) {
  typed = withKey(typed, name);
  render();
  // In the earphones alone, so that nobody else hears it.
  const [key, problem] = [name === "erase" ? ["删除一位", "deleted"] : [name, name], wrongNumber(typed)];
  readAloud(
    `${key[0]}，已输入 ${typed.length} 位${problem ? `。${problem[0]}` : ""}`,
    `${key[1]}, ${typed.length} entered${problem ? `. ${problem[1]}` : ""}`,
  );
}

/** Nothing of a number stays. */
export function clearTyped() {
  typed = "";
  flow.typing = false;
  render();
}

/**
 * Take a key of a keyboard; true where it was one of the pad's.
 * @param {KeyboardEvent} event
 */
export function typedByKey(event) {
  if (pageNow() !== "typing") return false;
  const pressed = padKey(event.key);
  if (pressed) type(pressed);
  else if (event.key === "Enter" && !targetOf(event).closest("button")) el("typed-done").click();
  else return false;
  return true;
}

export function startTyping() {
  for (const button of all("[data-key]")) button.addEventListener("click", () => type(button.dataset.key ?? ""));
  onPress(el("typed-done"), async (idempotency) => {
    if (!isWhole(typed)) return;
    await post("typed", { id_number: typed }, idempotency);
    clearTyped();
  }, (problem) => {
    say(el("typed-problem"), problem.detail, problem.detail_en);
    readAloud(problem.detail, problem.detail_en);
    if (problem.code !== "offline") el("typed").classList.add("wrong");
  });
  render();
}
