// Five keys for people who cannot see or touch the screen, and the same on a keyboard: next and previous move the focus
// and have it read aloud, ok presses what has it, back leaves, help calls.

import { all } from "../shared/dom.js";
import { readAloud } from "./read_aloud.js";
import { told, wordsOf } from "./words.js";

const KEYS = /** @type {Record<string, string>} */ ({
  ArrowDown: "next", ArrowRight: "next", ArrowUp: "prev", ArrowLeft: "prev", Enter: "ok", Escape: "back", F1: "help",
});

/** What can be pressed now, in the order of the page. */
function buttons() {
  const found = /** @type {HTMLButtonElement[]} */ (all("main .view.shown button, .tools button"));
  return found.filter((button) => !button.disabled && button.getClientRects().length > 0 && getComputedStyle(button).visibility !== "hidden");
}

/** Whether the five keys are used now. */
export const byKey = () => document.documentElement.classList.contains("by-key");

/** @param {HTMLElement} button */
function readFocus(button) {
  button.focus();
  const pressed = button.getAttribute("aria-pressed") === "true" ? told("，已选", ", on") : "";
  const idle = button.getAttribute("aria-disabled") === "true" ? told("，现在不能按", ", not available now") : "";
  const words = `${wordsOf(button)}${pressed}${idle}`;
  readAloud(words, words);
}

/**
 * What the keys do, by name.
 * @param {{back: () => unknown, help: () => unknown, again: () => unknown}} deeds again: read the page's headline
 */
export function tactile({ back, help, again }) {
  /** From the last to the first, or back, what the page is about is read once more. @param {number} step */
  function move(step) {
    const row = buttons();
    if (row.length === 0) return;
    const at = row.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
    if (at >= 0 && !row[at + step]) {
      row[at].blur();
      again();
    } else {
      readFocus(row[at < 0 ? (step > 0 ? 0 : row.length - 1) : at + step]);
    }
  }

  /** @type {Record<string, () => unknown>} */
  const keys = {
    next: () => move(1),
    prev: () => move(-1),
    ok() {
      const chosen = buttons().find((button) => button === document.activeElement);
      if (chosen) chosen.click();
      else move(1);
    },
    back,
    help,
  };
  addEventListener("pointerdown", () => document.documentElement.classList.remove("by-key"));

  /** @param {string} key */
  function press(key) {
    document.documentElement.classList.add("by-key");
    keys[key]?.();
  }

  return {
    press,
    /**
     * Take a key of a keyboard; true where it is one of the five.
     * @param {KeyboardEvent} event
     */
    typed(event) {
      const key = KEYS[event.key];
      if (!key) return false;
      press(key);
      return true;
    },
  };
}
