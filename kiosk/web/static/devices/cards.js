// Cards of a list that is asked for again and again.

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
