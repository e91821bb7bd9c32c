// What there is to choose, as pages that never scroll: audiences, themes, ranges of names, matters. Pure; what fits on a
// page is told by the caller, who can measure it.

/**
 * A matter, or a service that has none and is chosen by itself.
 * @typedef {object} Item
 * @property {"item"} kind
 * @property {string} id
 * @property {string | null} matter its id
 * @property {string} service
 * @property {string} name
 * @property {string} name_en
 * @property {string} initials
 * @property {string} pinyin
 * @property {string[]} words
 * @property {string[]} words_pinyin
 * @property {number} asked_today
 */

/**
 * Several items under one name.
 * @typedef {object} Branch
 * @property {"branch"} kind
 * @property {string} id
 * @property {Said} name
 * @property {Item[]} items
 * @property {Theme[]} themes that it was made of; none for a range of names
 * @property {Range | null} range
 */

/** @typedef {{name: Said, items: Item[]}} Theme */
/** @typedef {{from: string, to: string, first: Item, last: Item}} Range the letters that tell it from its neighbours */

/**
 * What a page has room for.
 * @typedef {object} Room
 * @property {(items: Item[]) => boolean} fits whether these are all seen at once
 * @property {number} most branches that are
 */

/** @typedef {"personal" | "business"} Audience */

/**
 * All items of a hall: its matters, also those whose service is gone, and the services that have none.
 * @param {Matter[]} matters
 * @param {KioskService[]} services
 * @returns {{matters: (Item & {audience: Audience, theme: Said})[], services: Item[]}}
 */
export function itemsOf(matters, services) {
  const busy = new Set(matters.map((one) => one.service));
  return {
    matters: matters.map((one) => ({
      kind: "item", id: `matter ${one.id}`, matter: one.id, service: one.service, name: one.name, name_en: one.name_en,
      initials: one.initials, pinyin: one.pinyin, words: one.words, words_pinyin: one.words_pinyin, asked_today: one.asked_today,
      audience: one.audience, theme: { zh: one.theme, en: one.theme_en },
    })),
    services: services.filter((one) => !busy.has(one.id)).map((one) => ({
      kind: "item", id: `service ${one.id}`, matter: null, service: one.id, name: one.name, name_en: one.name_en,
      initials: one.initials, pinyin: one.pinyin, words: [], words_pinyin: [], asked_today: one.waiting,
    })),
  };
}

/**
 * The themes of one audience, in the order in which they first appear.
 * @param {(Item & {audience: Audience, theme: Said})[]} items
 * @param {Audience} audience
 * @returns {Theme[]}
 */
export function themesOf(items, audience) {
  /** @type {Map<string, Theme>} */
  const themes = new Map();
  for (const item of items) {
    if (item.audience !== audience) continue;
    const theme = themes.get(item.theme.zh) ?? { name: item.theme, items: [] };
    theme.items.push(item);
    themes.set(item.theme.zh, theme);
  }
  return [...themes.values()];
}

/**
 * At most so many branches of themes: neighbours with the fewest matters share one.
 * @param {Theme[]} themes
 * @param {number} most
 * @returns {Branch[]}
 */
export function branchesOf(themes, most) {
  const groups = themes.map((theme) => [theme]);
  const sizes = themes.map((theme) => theme.items.length);
  while (groups.length > Math.max(1, most)) {
    let at = 0;
    for (let place = 1; place < sizes.length - 1; place++) {
      if (sizes[place] + sizes[place + 1] < sizes[at] + sizes[at + 1]) at = place;
    }
    groups.splice(at, 2, [...groups[at], ...groups[at + 1]]);
    sizes.splice(at, 2, sizes[at] + sizes[at + 1]);
  }
  return groups.map((group) => branch(group));
}

/**
 * What the page of a branch shows: its items if all are seen at once, else ranges of them that are. A branch of several
 * themes shows the ranges of each. Where even these are too many there is one page more.
 * @param {Branch} one
 * @param {Room} room
 * @param {boolean} english sorted by the English names
 * @returns {(Item | Branch)[]}
 */
export function pageOf(one, room, english) {
  const sorted = inOrder(one.items, english);
  if (room.fits(sorted)) return sorted;
  if (one.themes.length > 1) {
    const parts = one.themes.flatMap((theme) => (
      room.fits(theme.items) ? [branch([theme])] : rangesOf(theme.items, room, english, theme.name)
    ));
    if (parts.length <= room.most) return parts;
    return branchesOf(one.themes, room.most);
  }
  const ranges = rangesOf(sorted, room, english);
  return ranges.length <= room.most ? ranges : cut(sorted, Math.ceil(sorted.length / room.most), english);
}

/**
 * Ranges of items by name that are as even as can be, and each seen at once.
 * @param {Item[]} items
 * @param {Room} room
 * @param {boolean} english
 * @param {Said} [name] of what they are ranges of, where the page has several
 * @returns {Branch[]}
 */
export function rangesOf(items, room, english, name) {
  const sorted = inOrder(items, english);
  for (let count = 2; count < sorted.length; count++) {
    const size = Math.ceil(sorted.length / count);
    for (const slack of [Math.floor(SLACK * size), 0]) {
      const ranges = cut(sorted, size, english, name, slack);
      if (ranges.every((range) => room.fits(range.items))) return ranges;
    }
  }
  return cut(sorted, 1, english, name);
}

/**
 * @param {Theme[]} themes
 * @returns {Branch}
 */
function branch(themes) {
  return {
    kind: "branch", id: `theme ${themes[0].name.zh}`, themes, range: null,
    name: { zh: themes.map((one) => one.name.zh).join(" · "), en: themes.map((one) => one.name.en || one.name.zh).join(" · ") },
    items: themes.flatMap((one) => one.items),
  };
}

/**
 * Where to part a sorted list into pieces of about one size: where neighbours have least in common.
 * @param {Item[]} sorted
 * @param {number} size
 * @param {boolean} english
 * @param {number} slack of each place, in items
 * @returns {number[]} the beginnings of all pieces
 */
function partings(sorted, size, english, slack) {
  const common = (/** @type {number} */ at) => {
    const [a, b] = [keyOf(sorted[at - 1], english), keyOf(sorted[at], english)];
    let length = 0;
    while (length < a.length && a[length] === b[length]) length += 1;
    return length;
  };
  const places = [0];
  for (let ideal = size; ideal < sorted.length; ideal += size) {
    let best = ideal;
    for (let away = 1; away <= slack; away++) {
      for (const at of [ideal - away, ideal + away]) {
        if (at > places[places.length - 1] && at < sorted.length && common(at) < common(best)) best = at;
      }
    }
    places.push(best);
  }
  return places;
}

/**
 * @param {Item[]} sorted
 * @param {number} size
 * @param {boolean} english
 * @param {Said} [name]
 * @param {number} [slack]
 * @returns {Branch[]}
 */
function cut(sorted, size, english, name, slack = 0) {
  /** @type {Branch[]} */
  const ranges = [];
  const places = partings(sorted, size, english, slack);
  for (const [place, at] of places.entries()) {
    const end = places[place + 1] ?? sorted.length;
    const items = sorted.slice(at, end);
    const [first, last] = [items[0], items[items.length - 1]];
    const from = unlike(keyOf(first, english), at ? keyOf(sorted[at - 1], english) : "");
    const after = sorted[end];
    const to = unlike(keyOf(last, english), after ? keyOf(after, english) : "");
    const letters = from === to ? from : `${from} – ${to}`;
    ranges.push({
      kind: "branch", id: `range ${first.id}`, themes: [], range: { from, to, first, last }, items,
      name: { zh: name ? `${name.zh} ${letters}` : letters, en: name ? `${name.en || name.zh} ${letters}` : letters },
    });
  }
  return ranges;
}

const LONGEST = 2;   // letters that name an end of a range; the names beside them tell the rest
const SLACK = 0.25;  // by how much of its size a range may end earlier or later, to end where names differ

/**
 * The beginning of a key that tells it from its neighbour, in capitals.
 * @param {string} key
 * @param {string} neighbour
 */
function unlike(key, neighbour) {
  let length = 1;
  while (length < LONGEST && length < key.length && key.slice(0, length) === neighbour.slice(0, length)) length += 1;
  return key.slice(0, length).toUpperCase();
}

/**
 * What an item is sorted by.
 * @param {Item} item
 * @param {boolean} english
 */
const keyOf = (item, english) => (english && item.name_en ? item.name_en : item.initials).toLowerCase();

/**
 * @template {Item} T
 * @param {T[]} items
 * @param {boolean} english
 * @returns {T[]}
 */
export function inOrder(items, english) {
  const keys = new Map(items.map((item) => [item, keyOf(item, english)]));
  const key = (/** @type {T} */ item) => keys.get(item) ?? "";
  return [...items].sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : a.pinyin < b.pinyin ? -1 : 1));
}

/**
 * What was asked for most today, at most so many.
 * @template {Item} T
 * @param {T[]} items
 * @param {number} most
 * @returns {T[]}
 */
export const mostAsked = (items, most) => items.filter((one) => one.asked_today > 0).sort((a, b) => b.asked_today - a.asked_today).slice(0, most);
