// Cards of a list that is asked for again and again, and how one is taken off it.

import { t } from "../shared/language.js";

const SURE = 5000;        // ms in which a second press takes a card off its list

/**
 * Show a card for each value, in their order. They are moved only when that changed: a button that is being clicked,
 * and a field that is being filled in, must stay.
 * @template K, V
 * @param {HTMLElement} list where the cards stand
 * @param {Map<K, {card: HTMLElement}>} entries what is known of each card; those of values that are gone are dropped
 * @param {V[]} values
 * @param {(value: V) => K} keyOf
 * @param {(value: V) => HTMLElement} cardOf its card, made where there is none, and up to date
 */
export function keepCards(list, entries, values, keyOf, cardOf) {
  const keys = new Set(values.map(keyOf));
  for (const [key, { card }] of entries) {
    if (keys.has(key)) continue;
    card.remove();
    entries.delete(key);
  }
  const wanted = values.map(cardOf);
  if (wanted.some((card, at) => list.children[at] !== card)) list.replaceChildren(...wanted);
}

/**
 * A button that removes something when it is pressed twice within some seconds.
 * @param {HTMLElement} button
 * @param {() => void} remove
 * @returns {() => void} writes on it what the next press does, in the page's language
 */
export function pressedTwice(button, remove) {
  let sureUntil = 0;
  const isSure = () => sureUntil > performance.now();
  function write() {
    const words = isSure() ? t("再按一次移除", "Press again to remove") : t("移除", "Remove");
    if (button.textContent !== words) button.textContent = words;
  }
  button.addEventListener("click", () => {
    if (isSure()) {
      sureUntil = 0;
      remove();
    } else {
      sureUntil = performance.now() + SURE;
      setTimeout(write, SURE + 100);
    }
    write();
  });
  return write;
}
