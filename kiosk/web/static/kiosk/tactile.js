// Five keys for people who cannot see or touch the screen: next and previous move the focus, ok presses what has it,
// back leaves, help calls. The page says nothing by itself: a screen reader speaks what has the focus.

import { all } from "../shared/dom.js";

/** @returns {HTMLButtonElement[]} what can be pressed now, in the order of the page */
function buttons() {
  const scope = document.querySelector("dialog[open]") ?? document;
  const found = /** @type {HTMLButtonElement[]} */ (all("button", scope));
  return found.filter((button) => !button.disabled && button.getClientRects().length > 0);
}

/**
 * What the keys do, by name.
 * @param {{back: () => void, help: () => void}} deeds
 * @returns {(key: string) => void}
 */
export function tactile({ back, help }) {
  /** @param {number} step */
  function move(step) {
    const row = buttons();
    if (row.length === 0) return;
    const at = row.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
    row[at < 0 ? (step > 0 ? 0 : row.length - 1) : (at + step + row.length) % row.length].focus();
  }

  /** @type {Record<string, () => void>} */
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
  return (key) => {
    document.documentElement.classList.add("by-key");
    keys[key]?.();
  };
}
