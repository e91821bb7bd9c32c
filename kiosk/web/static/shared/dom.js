// Short, typed ways to find and make elements. A part that the template lacks is an error that names it.

/**
 * The element with this id.
 * @template {HTMLElement} [T=HTMLElement]
 * @param {string} id
 * @param {{new (): T}} [kind] such as HTMLInputElement
 * @returns {T}
 */
export function el(id, kind) {
  return checked(document.getElementById(id), `#${id}`, kind);
}

/**
 * The first element that matches.
 * @template {HTMLElement} [T=HTMLElement]
 * @param {string} selector
 * @param {ParentNode} [from]
 * @param {{new (): T}} [kind]
 * @returns {T}
 */
export function find(selector, from = document, kind = undefined) {
  return checked(from.querySelector(selector), selector, kind);
}

/**
 * All elements that match.
 * @template {HTMLElement} [T=HTMLElement]
 * @param {string} selector
 * @param {ParentNode} [from]
 * @returns {T[]}
 */
export const all = (selector, from = document) => [...from.querySelectorAll(/** @type {any} */ (selector))];

/**
 * A new element: `make("p", { className: "quiet" }, "words")`.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Partial<HTMLElementTagNameMap[K]>} [properties]
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/**
 * A copy of what is in a template.
 * @param {string} id
 * @returns {HTMLElement}
 */
export const copyOf = (id) => /** @type {HTMLElement} */ (el(id, HTMLTemplateElement).content.firstElementChild?.cloneNode(true));

/**
 * Words in both languages, beside each other.
 * @param {string} zh
 * @param {string} en
 * @returns {[string, HTMLElement]}
 */
export const two = (zh, en) => [zh, make("span", { lang: "en", textContent: en })];

/**
 * The same for a resident's page, which speaks one of them in full: say.css shows the English small, or alone where it
 * was chosen.
 * @param {string} zh
 * @param {string} en
 * @returns {HTMLElement}
 */
export function both(zh, en) {
  const part = (/** @type {string} */ lang, /** @type {string} */ textContent) => make("span", { lang, textContent });
  return make("span", { className: "say" }, part("zh-CN", zh), part("en", en || zh));
}

/**
 * The element of the page that an event is about.
 * @param {Event} event
 */
export const targetOf = (event) => /** @type {HTMLElement} */ (event.target);

/**
 * @template {HTMLElement} T
 * @param {Element | null} found
 * @param {string} what
 * @param {{new (): T}} [kind]
 * @returns {T}
 */
function checked(found, what, kind) {
  if (!found || (kind && !(found instanceof kind))) throw new Error(`the page has no ${what}`);
  return /** @type {T} */ (found);
}
