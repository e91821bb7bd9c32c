// The slip that says what to bring for a matter (一次性告知), from the printer of this box: for the guide and the kiosk.

import { call, wordsOf } from "./api.js";

const LOOK = 500;             // ms between looks at whether it is out

const pause = (/** @type {number} */ ms) => new Promise((done) => setTimeout(done, ms));

/**
 * Print it, and tell how it goes until it is out or cannot be.
 * @param {string} matter its id
 * @param {string | null} token of the screen
 * @param {(zh: string, en: string, wrong: boolean) => void} say told at the beginning and in the end
 */
export async function printNotice(matter, token, say) {
  const path = `/matters/${encodeURIComponent(matter)}/print`;
  say("正在打印", "Printing", false);
  try {
    let became = await call("POST", path, {}, { token });
    while (became.state === "pending") {
      await pause(LOOK);
      became = await call("GET", `${path}/${became.leaflet}`, undefined, { token });
    }
    if (became.state === "failed") say("没有打印出来，请扫码用手机看，或到咨询台", "It was not printed: scan the code with your phone, or ask at the desk", true);
    else say("请取走单子", "Please take it", false);
  } catch (error) {
    const [zh, en] = wordsOf(error);
    say(zh, en, true);
  }
}
