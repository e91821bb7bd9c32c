// Fills a form: values into the inputs that a mapping names, told to the page's own scripts as if typed.

/**
 * Set what a form's framework watches: its own setter is on the element, the browser's on the prototype.
 * @param {HTMLInputElement | HTMLTextAreaElement} input
 * @param {string} value
 */
function enter(input, value) {
  const view = /** @type {Window & typeof globalThis} */ (input.ownerDocument.defaultView);
  const kind = input.tagName === "TEXTAREA" ? view.HTMLTextAreaElement : view.HTMLInputElement;
  Object.getOwnPropertyDescriptor(kind.prototype, "value")?.set?.call(input, value);
}

/** @param {Element} element @param {...string} types */
function announce(element, ...types) {
  for (const type of types) element.dispatchEvent(new Event(type, { bubbles: true }));
}

/**
 * The one of a list's choices that a value names: by its value or words, else by words that only one begins with.
 * @template T
 * @param {T[]} choices
 * @param {(choice: T) => string[]} namesOf
 * @param {string[]} values
 */
function chosen(choices, namesOf, values) {
  const exact = choices.find((one) => namesOf(one).some((name) => values.includes(name.trim())));
  if (exact) return exact;
  const alike = choices.filter((one) => namesOf(one).some((name) => name.trim().startsWith(values[0])));
  return alike.length === 1 ? alike[0] : undefined;
}

/** @param {HTMLInputElement} radio */
const labelsOf = (radio) => [...(radio.labels ?? [])].map((label) => label.textContent ?? "");

/**
 * Fill one input; gives whether it now holds the value.
 * @param {Element[]} found
 * @param {string[]} values
 */
function put(found, values) {
  const [first] = found;
  const closed = /** @type {HTMLInputElement} */ (first);
  if (closed.disabled || closed.readOnly) return false;
  if (first.tagName === "SELECT") {
    const list = /** @type {HTMLSelectElement} */ (first);
    const option = chosen([...list.options], (one) => [one.value, one.text], values);
    if (!option) return false;
    list.value = option.value;
    announce(list, "input", "change");
    return list.value === option.value;
  }
  const input = /** @type {HTMLInputElement} */ (first);
  if (input.type === "radio") {
    const radio = chosen(/** @type {HTMLInputElement[]} */ (found), (one) => [one.value, ...labelsOf(one)], values);
    radio?.click();
    return Boolean(radio?.checked);
  }
  if (first.tagName !== "INPUT" && first.tagName !== "TEXTAREA") return false;
  if (["checkbox", "file", "submit", "button", "hidden", "password"].includes(input.type)) return false;
  input.focus({ preventScroll: true });
  enter(input, values[0]);
  announce(input, "input", "change", "blur");
  return input.value === values[0];
}

/**
 * Fill the form; `gone` are fields whose input the page no longer has, `refused` those that did not take the value.
 * @param {{field: string, selector: string, values: string[]}[]} inputs
 */
globalThis.quhao.fill = (inputs) => {
  const before = document.activeElement;
  /** @type {{filled: string[], gone: string[], refused: string[]}} */
  const done = { filled: [], gone: [], refused: [] };
  for (const { field, selector, values } of inputs) {
    const found = globalThis.quhao.documents().map((one) => [...one.querySelectorAll(selector)]).find((some) => some.length) ?? [];
    // A selector that has come to fit several inputs is one whose form has changed.
    const isGroup = found.every((one) => /** @type {HTMLInputElement} */ (one).type === "radio");
    if (!found.length || (found.length > 1 && !isGroup)) done.gone.push(field);
    else (put(found, values) ? done.filled : done.refused).push(field);
  }
  if (before instanceof HTMLElement) before.focus({ preventScroll: true });
  return done;
};
