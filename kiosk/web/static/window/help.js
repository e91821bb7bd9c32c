// Help at a window: F11 calls somebody; F12, held for a second, is a silent emergency call to the desk, the other windows
// and the manager. Of that one nothing is seen here but a small mark beside the clock.

import { call, Problem } from "../shared/api.js";
import { el } from "../shared/dom.js";
import { emergenciesIn, emergencyLine } from "../staff/emergency.js";
import { callHelp, helpSaid } from "../shared/help.js";

const HELD = 1000;        // ms that F12 is held
const SEEN = 10_000;      // ms for which the mark says that somebody comes

/**
 * @param {object} page
 * @param {string} page.me the window's id
 * @param {string} page.path of the window in the API
 * @param {(zh: string, en: string, kind?: string) => void} page.tell puts a line where the clerk looks
 */
export function windowHelp({ me, path, tell }) {
  const showOthers = emergencyLine();
  const mark = el("mark");
  /** @type {ReturnType<typeof setTimeout> | null} */
  let held = null;
  let isOpen = false;     // whether an emergency call from here is open

  /** @param {boolean} isNow */
  function own(isNow) {
    if (isNow || isOpen) mark.textContent = isNow ? "●" : "✓";
    if (isOpen && !isNow) setTimeout(() => { if (!isOpen) mark.textContent = ""; }, SEEN);
    isOpen = isNow;
  }

  async function emergency() {
    try {
      await call("POST", `${path}/emergency`, {});
      own(true);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      mark.textContent = "×";
    }
  }

  function letGo() {
    if (held !== null) clearTimeout(held);
    held = null;
  }

  addEventListener("keydown", (event) => {
    if (event.key !== "F12") return;
    event.preventDefault();               // no developer tools
    if (event.repeat || held !== null) return;
    held = setTimeout(emergency, HELD);
  });
  addEventListener("keyup", (event) => event.key === "F12" && letGo());
  addEventListener("blur", letGo);

  const showAll = (/** @type {HelpCall[]} */ calls) => {
    const emergencies = emergenciesIn(calls);
    const others = emergencies.filter(({ window }) => window !== me);
    showOthers(others);
    own(others.length < emergencies.length);
  };

  return {
    /** Somebody is wanted here. */
    async wanted() {
      const said = await callHelp((method, at, body) => call(method, at, { ...body, window: me }));
      tell(said.zh, said.en, said.state === "failed" ? "stop" : "good");
    },
    /** The message `help` of this window's stream. @param {any} message */
    heard(message) {
      const { zh, en } = helpSaid(message);
      if (zh) tell(zh, en, "good");
    },
    /** The message `emergency`. @param {{calls: Emergency[], own: boolean}} message */
    emergency({ calls, own: isOwn }) {
      showOthers(calls);
      own(isOwn);
    },
    /** Look at what is open, after the line was cut. */
    async refresh() {
      try {
        showAll(await call("GET", "/help"));
      } catch (problem) {
        if (!(problem instanceof Problem)) throw problem;
      }
    },
  };
}
