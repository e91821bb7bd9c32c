// A matter's page: on a screen of the hall it prints what to bring.

import { call, wordsOf } from "../shared/api.js";
import { both, el, find } from "../shared/dom.js";
import { token } from "./screen.js";

const LOOK = 500;             // ms between looks at whether it is out

const button = el("print", HTMLButtonElement);
const path = `/matters/${find("main").dataset.matter}/print`;
const pause = (/** @type {number} */ ms) => new Promise((done) => setTimeout(done, ms));

/**
 * @param {string} zh
 * @param {string} en
 * @param {boolean} [wrong]
 */
function say(zh, en, wrong = false) {
  el("printed").replaceChildren(both(zh, en));
  el("printed").classList.toggle("stop", wrong);
}

async function print() {
  button.disabled = true;
  say("正在打印", "Printing");
  try {
    let became = await call("POST", path, {}, { token });
    while (became.state === "pending") {
      await pause(LOOK);
      became = await call("GET", `${path}/${became.leaflet}`, undefined, { token });
    }
    if (became.state === "failed") say("没有打印出来，请扫码用手机看，或到咨询台", "It was not printed: scan the code with your phone, or ask at the desk", true);
    else say("请取走单子", "Please take it");
  } catch (error) {
    say(...wordsOf(error), true);
  }
  button.disabled = false;
}

button.hidden = !token;
button.addEventListener("click", print);
