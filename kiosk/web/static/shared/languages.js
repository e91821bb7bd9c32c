// Residents' pages in further languages (<html data-languages>): wherever the page says something in English, in an
// element with lang="en", the language's own words take its place, and stay up to date. The page goes on as if it
// spoke English: what it writes into such an element is put into the language at once.

import { all } from "./dom.js";

/**
 * @typedef {{id: string, name: string, direction: "ltr" | "rtl"}} Language
 * @typedef {{exact: Map<string, string>, patterns: {pattern: RegExp, marks: string[], said: string}[]}} Words
 */

const root = typeof document === "undefined" ? null : document.documentElement;
const MARK = /\{([1-9])\}/g;
/** @type {Language} */
const CHINESE = { id: "zh-CN", name: "中文", direction: "ltr" };

/** All that the page speaks, Chinese first. @type {Language[]} */
export const languages = [CHINESE, { id: "en", name: "English", direction: "ltr" }, ...JSON.parse(root?.dataset.languages || "[]")];

/** @type {Map<string, Promise<Words>>} */
const fetched = new Map();
/** @type {Words | null} the words of the language that is spoken now, beside Chinese and English */
let words = null;
let current = CHINESE;

/** The language that the page speaks now. */
export const language = () => current;

/** The one after it, and after the last one Chinese again. */
export const nextLanguage = () => languages[(languages.indexOf(current) + 1) % languages.length];

/**
 * The words that the page writes without an element of their own.
 * @param {string} zh
 * @param {string} en
 */
export const inLanguage = (zh, en) => (current === CHINESE ? zh : (words && said(words, en)) ?? en);

/**
 * Speak another language; `html` gets its lang and dir, and has the class `english` in all but Chinese. The words are
 * fetched once; where they cannot be had the page stays as it is.
 * @param {string} id
 */
export async function chooseLanguage(id) {
  if (id === current.id) return;
  const chosen = languages.find((one) => one.id === id) ?? CHINESE;
  let found = null;
  if (languages.indexOf(chosen) > 1) {
    const coming = fetched.get(id) ?? fetchWords(id);
    fetched.set(id, coming);
    try {
      found = await coming;
    } catch {
      fetched.delete(id);
      return;
    }
  }
  if (!root) return;
  current = chosen;
  words = found;
  root.lang = chosen.id;
  root.dir = chosen.direction;
  root.classList.toggle("english", chosen !== CHINESE);
  showNext();
  restore();
  if (words) {
    for (const element of all("[lang=en]")) translate(element);
    watch.observe(root, { childList: true, characterData: true, subtree: true });
  } else watch.disconnect();
}

/** The button that changes the language says in which one it does. */
function showNext() {
  const next = nextLanguage();
  for (const name of root ? all("[data-next-language]") : []) {
    name.textContent = next.name;
    name.lang = next.id;
    name.dir = next.direction;
  }
}
showNext();

/** @param {string} id */
async function fetchWords(id) {
  const response = await fetch(`/languages/${id}.json`);
  if (!response.ok) throw new TypeError("refused");
  return wordsOf(await response.json());
}

/**
 * @param {Record<string, string>} table by the English sentence
 * @returns {Words}
 */
export function wordsOf(table) {
  const marked = Object.keys(table).filter((one) => one.search(MARK) >= 0).sort((one, other) => other.length - one.length);
  const patterns = marked.map((sentence) => ({
    pattern: new RegExp(`^${sentence.split(MARK).map((part, place) => (place % 2 ? "(.+?)" : part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))).join("")}$`),
    marks: [...sentence.matchAll(MARK)].map((mark) => mark[1]),
    said: table[sentence],
  }));
  return { exact: new Map(Object.entries(table)), patterns };
}

/**
 * A sentence in the language; null where its file does not have it.
 * @param {Words} from
 * @param {string} english
 * @returns {string | null}
 */
export function said(from, english) {
  const sentence = english.trim().replace(/\s+/g, " ");
  const exact = from.exact.get(sentence);
  if (exact !== undefined) return exact;
  for (const { pattern, marks, said: words_ } of from.patterns) {
    const found = pattern.exec(sentence);
    // What changes in a sentence may be one of the file itself.
    if (found) return words_.replace(MARK, (_, mark) => { const part = found[marks.indexOf(mark) + 1]; return said(from, part) ?? part; });
  }
  return null;
}

/** @param {HTMLElement} element with lang="en" */
function translate(element) {
  if (!words || element.firstElementChild || "nextLanguage" in element.dataset) return;
  const english = element.textContent ?? "";
  const own = english.trim() && said(words, english);
  if (!own || !root) return;
  const span = document.createElement("span");
  span.className = "said";
  span.lang = current.id;
  span.dir = current.direction;
  span.dataset.english = english;
  span.textContent = own;
  element.replaceChildren(span);
}

/** Put the English back. */
function restore() {
  for (const span of all("[data-english]")) span.replaceWith(span.dataset.english ?? "");
}

const watch = typeof MutationObserver === "undefined" ? /** @type {any} */ (null) : new MutationObserver((changes) => {
  for (const { target, addedNodes } of changes) {
    const element = target instanceof HTMLElement ? target : target.parentElement;
    if (element?.lang === "en") translate(element);
    for (const node of addedNodes) {
      if (!(node instanceof HTMLElement)) continue;
      if (node.lang === "en") translate(node);
      for (const one of /** @type {HTMLElement[]} */ (all("[lang=en]", node))) translate(one);
    }
  }
});
