// What both pages of the guide do on a screen: the language, large print, and on a screen of the hall, which has a token
// or is kept on this page by its box (guard.js), beginning anew for the next person and being dark at night.

import { deviceToken } from "../shared/device_token.js";
import { all, el, make } from "../shared/dom.js";

const SHELF = "quhao.guide";
const IDLE = 60_000;          // ms without a touch, after which nobody stands there

/** The token of this screen; null on a phone. */
export const token = deviceToken(`${SHELF}.token`).token;

/** @type {{english?: boolean, elder?: boolean}} */
let chosen = recall();

function recall() {
  try {
    return JSON.parse(sessionStorage.getItem(SHELF) ?? "{}");
  } catch {
    return {};
  }
}

/** @param {{english?: boolean, elder?: boolean}} change */
function choose(change) {
  chosen = { ...chosen, ...change };
  try {
    sessionStorage.setItem(SHELF, JSON.stringify(chosen));
  } catch {
    // A browser that keeps nothing: the choice lasts as long as the page.
  }
  show();
}

function show() {
  const root = document.documentElement;
  root.classList.toggle("english", Boolean(chosen.english));
  root.classList.toggle("elder", Boolean(chosen.elder));
  root.lang = chosen.english ? "en" : "zh-CN";
  el("large").setAttribute("aria-pressed", String(Boolean(chosen.elder)));
}

/** The next person finds the first page, in Chinese and in the usual size. */
function beginAnew() {
  const atStart = location.pathname === "/guide" && !location.search;
  if (atStart && !Object.keys(chosen).length && !scrollY && !document.querySelector("#found:not([hidden])")) return;
  try {
    sessionStorage.removeItem(SHELF);
  } catch {
    // Nothing was kept.
  }
  location.replace("/guide");
}

show();
for (const button of all("#language, #large")) button.hidden = false;
el("language").addEventListener("click", () => choose({ english: !chosen.english }));
el("large").addEventListener("click", () => choose({ elder: !chosen.elder }));
// Phones need not load what prints, and what is dark at night.
if (token && document.querySelector("main[data-matter]")) import("./matter.js");
if (token || "quhaoGuard" in window) {
  document.head.append(make("link", { rel: "stylesheet", href: new URL("../shared/night.css", import.meta.url).href }));
  import("../shared/night.js").then(({ night }) => night());
  let timer = setTimeout(beginAnew, IDLE);
  for (const touch of ["pointerdown", "keydown", "scroll"]) {
    addEventListener(touch, () => {
      clearTimeout(timer);
      timer = setTimeout(beginAnew, IDLE);
    }, { passive: true });
  }
}
