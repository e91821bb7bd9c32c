// The staff's pages in Chinese or English. A template's words stand in Chinese with data-en beside them;
// a module's words are said in pairs: t("呼叫下一位", "Call next"). The choice stays on this PC.

import { all } from "./dom.js";

const SHELF = "quhao.language";

let english = recall() === "en";
/** @type {(() => void)[]} */
const listeners = [];

/**
 * The one of the two that this page speaks now.
 * @param {string} zh
 * @param {string} en
 */
export const t = (zh, en) => (english ? en : zh);

/**
 * A code in groups of four, as people read it aloud.
 * @param {string} code
 * @param {string} between
 */
export const inFours = (code, between) => (code.match(/.{1,4}/g) ?? []).join(between);

/** Whether the page speaks English now. */
export const isEnglish = () => english;

/**
 * Put the template's words into the page's language, now and at each change.
 * @param {() => void} [render] says the rest anew
 */
export function speak(render = () => {}) {
  listeners.push(render);
  if (listeners.length === 1) {
    for (const button of all("[data-switch-language]")) {
      button.addEventListener("click", (event) => {
        if (event.detail) button.blur();                // pressed by mouse: Space stays the page's own key
        change(!english);
      });
    }
    addEventListener("storage", (event) => {            // another page of this browser has changed it
      if (event.key === SHELF) show(event.newValue === "en");
    });
  }
  apply();
  render();
}

/** @param {boolean} toEnglish */
function change(toEnglish) {
  try {
    localStorage.setItem(SHELF, toEnglish ? "en" : "zh");
  } catch {
    // A browser that keeps nothing: the choice lasts as long as the page.
  }
  show(toEnglish);
}

/** @param {boolean} inEnglish */
function show(inEnglish) {
  english = inEnglish;
  apply();
  for (const render of listeners) render();
}

function apply() {
  document.documentElement.lang = english ? "en" : "zh-CN";
  for (const element of all("[data-en]")) {
    const zh = (element.dataset.zh ??= element.textContent ?? "");
    element.textContent = english ? element.dataset.en ?? zh : zh;
  }
  for (const element of all("[data-label-en]")) {
    const zh = (element.dataset.labelZh ??= element.getAttribute("aria-label") ?? "");
    element.setAttribute("aria-label", english ? element.dataset.labelEn ?? zh : zh);
  }
  for (const button of all("[data-switch-language]")) {
    button.textContent = english ? "中文" : "English";
    button.lang = english ? "zh-CN" : "en";
  }
}

function recall() {
  try {
    return localStorage.getItem(SHELF);
  } catch {
    return null;
  }
}
