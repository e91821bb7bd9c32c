// What is typed at the terminal: on keys of the page, or on a keyboard, into no field that a browser could remember.

import { all, both, el, make, targetOf } from "../shared/dom.js";
import { isWhole, renderNumber, withKey, wrongNumber } from "../shared/id_number.js";

/**
 * @typedef {object} Entry what is typed
 * @property {"figures" | "letters" | "text"} keys which the page shows; "text" takes small letters of a keyboard, too
 * @property {(typed: string, key: string) => string} accept what is typed after one more key ("erase" is one)
 * @property {(field: HTMLElement, typed: string) => void} render
 * @property {(typed: string) => [string, string] | null} wrong
 * @property {(typed: string) => boolean} whole whether it can be sent
 * @property {[string, string]} words of the key that sends it
 * @property {(typed: string) => void} done
 */

const CODE = 16;          // characters of a ticket's, receipt's or booking's code
const TAIL = 6;
const TEXT = "1234567890ABCDEFGHIJKLMNOPQRSTUVWXYZ.-@/_#";
const LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";     // Crockford's
/** @type {Record<string, string>} letters that people read for others */
const READ_AS = { I: "1", L: "1", O: "0" };

/** @type {Omit<Entry, "done" | "words">} an ID number (GB 11643) */
export const ID_NUMBER = { keys: "figures", accept: withKey, render: renderNumber, wrong: wrongNumber, whole: isWhole };

/** @type {Omit<Entry, "done" | "words">} the last six of one; not shown as they are typed */
export const ID_TAIL = {
  keys: "figures",
  accept: (typed, key) => (key === "erase" ? typed.slice(0, -1) : typed.length < TAIL && /^[0-9X]$/.test(key) ? typed + key : typed),
  render: (field, typed) => field.replaceChildren("●".repeat(typed.length), make("i", { textContent: "–".repeat(TAIL - typed.length), ariaHidden: "true" })),
  wrong: () => null,
  whole: (typed) => typed.length === TAIL,
};

/** @type {Omit<Entry, "done" | "words">} the code of a slip, a receipt or a booking */
export const A_CODE = {
  keys: "letters",
  accept(typed, key) {
    if (key === "erase") return typed.slice(0, -1);
    const letter = READ_AS[key] ?? key;
    return typed.length < CODE && LETTERS.includes(letter) && letter.length === 1 ? typed + letter : typed;
  },
  render(field, typed) {
    const whole = (typed + "–".repeat(CODE - typed.length)).match(/.{4}/g)?.join(" ") ?? "";
    const cut = typed.length + Math.floor(Math.min(typed.length, CODE - 1) / 4);
    field.replaceChildren(whole.slice(0, cut), make("i", { textContent: whole.slice(cut), ariaHidden: "true" }));
  },
  wrong: () => null,
  whole: (typed) => typed.length === CODE,
};

/**
 * A text of letters and figures, or of figures alone. (Nobody can type Chinese here: a form offers choices, or leaves it
 * for the pen.)
 * @param {{longest: number, figures: boolean, required: boolean, wrong: (typed: string) => [string, string] | null}} rules
 * @returns {Omit<Entry, "done" | "words">}
 */
export const aText = ({ longest, figures, required, wrong }) => ({
  keys: figures ? "figures" : "text",
  accept: (typed, key) => (key === "erase" ? typed.slice(0, -1) : typed.length < longest && key.length === 1 && (!figures || /[0-9X.]/.test(key)) ? typed + key : typed),
  render: (field, typed) => field.replaceChildren(typed || make("i", { textContent: "–", ariaHidden: "true" })),
  wrong: (typed) => (typed ? wrong(typed) : null),
  whole: (typed) => (typed ? !wrong(typed) : !required),
});

/**
 * A date, typed as eight figures.
 * @param {boolean} required
 * @returns {Omit<Entry, "done" | "words">}
 */
export const aDate = (required) => ({
  keys: "figures",
  accept: (typed, key) => (key === "erase" ? typed.slice(0, -1) : typed.length < 8 && /^[0-9]$/.test(key) ? typed + key : typed),
  render(field, typed) {
    const whole = (typed + "–".repeat(8 - typed.length)).replace(/(.{4})(.{2})(.{2})/, "$1 年 $2 月 $3 日");
    field.replaceChildren(whole);
  },
  wrong: (typed) => (typed.length === 8 && !isDate(typed) ? ["没有这一天，请核对", "There is no such day. Please check."] : null),
  whole: (typed) => (typed ? typed.length === 8 && isDate(typed) : !required),
});

/** @param {string} figures YYYYMMDD */
function isDate(figures) {
  const [year, month, day] = [figures.slice(0, 4), figures.slice(4, 6), figures.slice(6)].map(Number);
  const date = new Date(Date.UTC(year, month - 1, day));
  return year >= 1900 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

/** The view with the keys. */
export function pads() {
  /** @type {Entry | null} */
  let entry = null;
  let typed = "";

  function render() {
    if (!entry) return;
    const wrong = entry.wrong(typed);
    entry.render(el("typed"), typed);
    el("typed").classList.toggle("wrong", Boolean(wrong));
    el("typed-problem").replaceChildren(...(wrong ? [both(...wrong)] : []));
    el("typed-done").setAttribute("aria-disabled", String(!entry.whole(typed)));
  }

  /** @param {string} key */
  function press(key) {
    if (!entry) return;
    typed = entry.accept(typed, key);
    render();
  }

  function done() {
    if (entry?.whole(typed)) entry.done(typed);
  }

  /** @param {string} text */
  const keyOf = (text) => {
    const button = make("button", { type: "button", textContent: text });
    button.dataset.key = text;
    return button;
  };
  el("letters").prepend(...[...LETTERS].map(keyOf));
  el("text").prepend(...[...TEXT].map(keyOf));
  for (const button of all("#type [data-key]")) {
    button.addEventListener("click", (event) => {
      if (event.detail) button.blur();      // pressed by hand: Enter stays the pad's
      press(button.dataset.key ?? "");
    });
  }
  el("typed-done").addEventListener("click", done);
  addEventListener("keydown", (event) => {
    if (el("type").hidden || el("task").hidden || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "Enter" && !targetOf(event).closest("button")) done();
    else if (event.key === "Backspace") press("erase");
    else if (entry?.keys === "text" && event.key.length === 1) press(event.key);
    else if (event.key.length === 1 && event.key !== " ") press(event.key.toUpperCase());
    else return;
    event.preventDefault();
  });

  return {
    /**
     * Show the keys for this.
     * @param {Entry} wanted
     * @param {string} [known] what stands there already
     */
    open(wanted, known = "") {
      entry = wanted;
      el("pad").hidden = wanted.keys !== "figures";
      el("letters").hidden = wanted.keys !== "letters";
      el("text").hidden = wanted.keys !== "text";
      el("typed-done").replaceChildren(both(...wanted.words));
      typed = known;
      render();
      if (document.activeElement instanceof HTMLElement) document.activeElement.blur();         // keys are the pad's
    },
    /** @param {string} text put there as if typed */
    put(text) {
      typed = text;
      render();
    },
    forget() {
      entry = null;
      typed = "";
      for (const part of ["typed", "typed-problem"]) el(part).replaceChildren();
    },
  };
}

/** @typedef {ReturnType<typeof pads>} Pads */
