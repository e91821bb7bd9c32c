// Finding what a resident came for by what they type: initials or syllables of pinyin, characters, other words for it,
// English words. Pure.

/**
 * What can be found: a matter, or a service that is chosen by itself.
 * @typedef {object} Findable
 * @property {string} name
 * @property {string} name_en
 * @property {string} initials of the name's characters in pinyin: "yyzz" for 营业执照
 * @property {string} pinyin of the name, a blank between its syllables: "ying ye zhi zhao"
 * @property {string[]} [words] other words that people say for it
 * @property {string[]} [words_pinyin] of each of them
 * @property {number} [asked_today] how often it was chosen today
 */

/**
 * A thing to be found, made ready for `find`.
 * @template {Findable} T
 * @typedef {object} Entry
 * @property {T} thing
 * @property {string} name
 * @property {string} initials
 * @property {string} pinyin without blanks
 * @property {Set<number>} syllables where they begin in it
 * @property {string[]} words
 * @property {string[]} wordsInitials
 * @property {string} english
 */

const HAN = /\p{Script=Han}/u;
const LEAST_PART = 2;            // letters of each half of a query that names two places of a name

const plain = (/** @type {string} */ text) => text.normalize("NFKC").toLowerCase().trim();

/**
 * @template {Findable} T
 * @param {T[]} things
 * @returns {Entry<T>[]}
 */
export const prepare = (things) => things.map((thing) => {
  const syllables = plain(thing.pinyin).split(/\s+/);
  let at = 0;
  const starts = syllables.map((syllable) => (at += syllable.length) - syllable.length);
  return {
    thing,
    name: plain(thing.name),
    initials: plain(thing.initials).replaceAll(/[^a-z0-9]/g, ""),
    pinyin: syllables.join(""),
    syllables: new Set(starts),
    words: (thing.words ?? []).map(plain),
    wordsInitials: (thing.words_pinyin ?? []).map((word) => plain(word).split(/\s+/).map((syllable) => syllable.slice(0, 1)).join("")),
    english: plain(thing.name_en),
  };
});

/**
 * What fits to a query, the best first: where the name begins so; where it has the letters anywhere; by other words and
 * by English; last, names that have the query's two halves in different places ("jzbl": 居住证补领). Of those that fit
 * alike, what was asked for most today, then the shorter name.
 * @template {Findable} T
 * @param {Entry<T>[]} entries
 * @param {string} typed in any case; blanks count only between characters
 * @returns {T[]} none for an empty query
 */
export function search(entries, typed) {
  const query = plain(typed);
  if (!query) return [];
  const rankOf = HAN.test(query) ? byCharacters(query) : byLetters(query);
  const ranked = [];
  for (const [order, entry] of entries.entries()) {
    const rank = rankOf(entry);
    if (rank !== null) ranked.push({ rank, order, entry, asked: entry.thing.asked_today ?? 0 });
  }
  ranked.sort((a, b) => a.rank - b.rank || b.asked - a.asked || a.entry.name.length - b.entry.name.length || a.order - b.order);
  return ranked.map(({ entry }) => entry.thing);
}

/** @typedef {(entry: Entry<any>) => number | null} Rank less is better; null: does not fit */

/**
 * @param {string} query
 * @returns {Rank}
 */
function byCharacters(query) {
  const parts = query.split(/\s+/);
  const whole = parts.join("");
  return ({ name, words }) => {
    if (name.startsWith(whole)) return 0;
    if (name.includes(whole)) return 1;
    if (words.some((word) => word.includes(whole))) return 2;
    if (parts.length > 1 && parts.every((part) => name.includes(part) || words.some((word) => word.includes(part)))) return 3;
    return null;
  };
}

/**
 * @param {string} query
 * @returns {Rank}
 */
function byLetters(query) {
  const letters = query.replaceAll(/[^a-z0-9]/g, "");
  /** @type {[string, string][]} */
  const halves = [];
  for (let cut = LEAST_PART; cut <= letters.length - LEAST_PART; cut++) halves.push([letters.slice(0, cut), letters.slice(cut)]);
  return (entry) => {
    const { initials, words, wordsInitials, english } = entry;
    if (!letters) return null;
    if (initials.startsWith(letters)) return 0;
    if (english.startsWith(query)) return 0;
    if (initials.includes(letters)) return 1;
    if (hasSyllables(entry, letters)) return 2;
    if (words.some((word) => word.startsWith(query)) || wordsInitials.some((word) => word.startsWith(letters))) return 2;
    if (` ${english}`.includes(` ${query}`)) return 3;
    for (const [first, second] of halves) {
      const at = initials.indexOf(first);
      if (at >= 0 && initials.includes(second, at + first.length)) return 4;
    }
    return null;
  };
}

/**
 * Whether the name's pinyin has the letters from the beginning of a syllable on.
 * @param {Entry<any>} entry
 * @param {string} letters
 */
function hasSyllables({ pinyin, syllables }, letters) {
  for (let at = pinyin.indexOf(letters); at >= 0; at = pinyin.indexOf(letters, at + 1)) if (syllables.has(at)) return true;
  return false;
}
