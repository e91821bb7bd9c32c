// What a task ends with: facts and further keys, in one view.

import { both, el, make } from "../shared/dom.js";

/**
 * A fact with its name in both languages, and its value: in both, or as it is.
 * @typedef {{zh: string, en: string, value: string | [string, string] | null}} Row
 */

/** @param {import("./visit.js").Visits} visit */
export function answers(visit) {
  function forget() {
    for (const part of ["fields", "booked", "keys"]) el(part).replaceChildren();
    el("late").hidden = true;
    el("words").hidden = true;
  }

  return {
    forget,
    /**
     * @param {[string, string]} title
     * @param {Row[]} rows
     * @param {(() => void) | null} [back]
     */
    show(title, rows, back = null) {
      forget();
      for (const { zh, en, value } of rows) {
        el("fields").append(make("dt", {}, both(zh, en)), make("dd", {}, Array.isArray(value) ? both(...value) : value ?? ""));
      }
      visit.show({ view: "answer", title, back });
    },
    /**
     * A sentence over the facts.
     * @param {string} zh
     * @param {string} en
     */
    say(zh, en) {
      el("words").replaceChildren(both(zh, en));
      el("words").hidden = false;
    },
    /**
     * A code for the phone; without words, that of a slip that is not printed here.
     * @param {string} picture its address
     * @param {[string, string]} [words]
     * @param {string} [alt]
     */
    picture(picture, words = ["这里不打印小票，请用手机拍下二维码", "No slip is printed here: take a photo of the code"], alt = "号码的二维码 QR code of your number") {
      this.say(...words);
      el("booked").replaceChildren(make("li", { className: "picture" }, make("img", { src: picture, alt })));
    },
    /**
     * A key for what can be done now.
     * @param {[string, string]} words
     * @param {() => void} press
     * @param {string} [className]
     */
    addKey(words, press, className = "") {
      const button = make("button", { type: "button", className }, both(...words));
      button.addEventListener("click", press);
      el("keys").append(button);
    },
  };
}

/**
 * A key that asks once more in its own place before it does what cannot be undone for long.
 * @param {[string, string]} words
 * @param {[string, string]} sure
 * @param {() => void} deed
 */
export function twice(words, sure, deed) {
  const button = make("button", { type: "button" }, both(...words));
  button.addEventListener("click", () => {
    if (button.className === "danger") deed();
    button.className = "danger";
    button.replaceChildren(both(...sure));
  });
  return button;
}

/** @typedef {ReturnType<typeof answers>} Answers */
