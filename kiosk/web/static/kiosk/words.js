// Words in the two languages of the page.

import { make } from "../shared/dom.js";
import { inLanguage } from "../shared/languages.js";

/** Whether the page speaks English, or a further language in the place of its English. */
export const english = () => document.documentElement.classList.contains("english");

/**
 * The one of the two that the page speaks now.
 * @param {string} zh
 * @param {string} en
 */
export const told = (zh, en) => inLanguage(zh, en || zh);

/**
 * Both languages in one element; the stylesheet shows the page's own large.
 * @param {HTMLElement} element
 * @param {string} zh
 * @param {string} en
 */
export function say(element, zh, en) {
  const span = (/** @type {string} */ lang, /** @type {string} */ textContent) => make("span", { lang, textContent });
  element.replaceChildren(make("span", { className: "say" }, span("zh-CN", zh), span("en", en || zh)));
}

/**
 * What is seen of an element in the page's language, as one sentence.
 * @param {HTMLElement} element
 */
export function wordsOf(element) {
  const label = element.getAttribute("aria-label");
  if (label) return label;
  const [own, other] = english() ? [":not([lang=zh-CN])", "[lang=zh-CN]"] : ["[lang=zh-CN]", "[lang]:not([lang=zh-CN])"];
  const parts = [];
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const holder = /** @type {HTMLElement} */ (node.parentElement);
    const words = (node.textContent ?? "").trim();
    // The other language is said where there is nothing in this one, as on the button that changes it.
    const hasOwn = holder.closest(".say, .name")?.querySelector(`[lang]${own}`);
    if (words && holder.getClientRects().length && !(hasOwn && holder.closest(".say [lang], .name [lang]")?.matches(other))) parts.push(words);
  }
  return parts.join(english() ? ", " : "，").replaceAll(" – ", told("到", " to "));
}
