// What a page tells somebody who cannot see it. It stands in the element #spoken (role=status, visually hidden), for
// screen readers and for tests; where the box has earphones at its kiosk (<html data-earphones>), they read it, too.

import { call } from "../shared/api.js";
import { el } from "../shared/dom.js";
import { inLanguage } from "../shared/languages.js";

const earphones = "earphones" in document.documentElement.dataset;

/** @type {{token: string | null, visit: () => string | undefined}} */
let asker = { token: null, visit: () => undefined };
/** @type {{words: string, language: string, visit?: string} | null} */
let next = null;
let sending = false;

/**
 * Say who asks to hear: before this the words are only written.
 * @param {string | null} token of the kiosk
 * @param {() => string | undefined} visit that the page shows
 */
export function readAloudAs(token, visit) {
  asker = { token, visit };
}

/**
 * Read the one of the two that the page speaks now, in place of what is being read; "" to be quiet.
 * @param {string} zh
 * @param {string} en
 */
export function readAloud(zh, en) {
  const { lang } = document.documentElement;
  const language = lang === "zh-CN" ? "zh" : lang;
  const words = language === "zh" ? zh : language === "en" ? en || zh : inLanguage(zh, en || zh);
  const spoken = el("spoken");
  spoken.lang = lang;
  spoken.textContent = words;
  if (earphones && asker.token) {
    next = { words, language, visit: asker.visit() };
    if (!sending) send();
  }
}

/**
 * Make the earphones louder or softer, and say so.
 * @param {"louder" | "softer" | "normal"} change
 */
export async function changeVolume(change) {
  if (!earphones) return;
  const { level, levels } = await call("POST", "/kiosk/volume", { change }, { token: asker.token });
  readAloud(`音量 ${level}，共 ${levels} 级`, `Volume ${level} of ${levels}`);
}

/** One request at a time; of what is to be read meanwhile the newest counts. */
async function send() {
  sending = true;
  while (next) {
    const body = next;
    next = null;
    try {
      await call("POST", "/kiosk/speak", body, { token: asker.token });
    } catch {
      // Its resident has left, or nothing is heard: it stands on the page all the same.
    }
  }
  sending = false;
}
