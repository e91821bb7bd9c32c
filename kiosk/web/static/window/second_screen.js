// The second screen at this window, which faces the resident: has the data shown there to be checked, and tells the clerk
// what the resident says.

import { call, Problem } from "../shared/api.js";
import { el } from "../shared/dom.js";
import { t } from "../shared/language.js";
import { fieldWords } from "../shared/resident_rows.js";
import { coalesce } from "../shared/stream.js";

const SETTLE = 400;       // ms in which the second half of a double press does nothing

/**
 * @param {object} options
 * @param {string} options.path of the window
 * @param {(zh: string, en: string, kind?: string) => void} options.tell puts a line where the clerk looks
 * @param {ReturnType<typeof import("./resident.js").residentPanel>} options.panel
 */
export function secondScreen({ path, tell, panel }) {
  const key = el("show-back", HTMLButtonElement);
  /** @type {ResidentScreen | null} */
  let view = null;
  let about = "";           // the number being served; "" for none
  let told = "";            // what the resident said last, as the clerk was told it
  let pressed = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let over;

  const isShown = () => Boolean(view?.shown) && view?.shown?.right !== true;

  const refresh = coalesce(async () => {
    try {
      view = await call("GET", `${path}/resident-screen`);
    } catch (problem) {
      // A log-in that is over, a window that is not this clerk's: the page says so by itself.
      if (problem instanceof Problem && problem.isRefusal) return;
      throw problem;
    }
    clearTimeout(over);
    if (view?.shown) over = setTimeout(refresh, view.shown.left * 1000 + 300);
    hear();
    render(!key.disabled);
    say();
  });

  /** Tell the clerk what the resident has just said. */
  function hear() {
    const shown = view?.shown;
    panel.object(shown?.right === false ? shown.wrong : []);
    const said = shown && shown.right !== null ? `${shown.id} ${shown.right} ${shown.wrong}` : "";
    if (said && said !== told) tell(...words(), shown?.right ? "good" : "stop");
    told = said;
  }

  /** @returns {[string, string]} */
  function words() {
    const shown = view?.shown;
    if (!shown) return view?.connected ? ["居民屏已连接", "The resident's screen is connected"] : ["", ""];
    if (shown.right) return ["居民确认：对的", "The resident says: correct"];
    if (shown.right === null) return shown.seen ? ["居民正在核对", "The resident is checking"] : ["还没有居民屏显示，请看屏幕是否打开", "No screen shows it yet: look whether it is on"];
    const names = shown.wrong.map((name) => panel.wordsOf(name) ?? fieldWords(name) ?? [name, name]);
    const [zh, en] = [names.map((one) => one[0]).join("、"), names.map((one) => one[1]).join(", ")];
    return names.length ? [`居民说不对：${zh}`, `The resident says wrong: ${en}`] : ["居民说有不对的地方", "The resident says that something is wrong"];
  }

  function say() {
    const shown = view?.shown;
    el("checked").className = !shown ? "" : shown.right ? "good" : shown.right === false ? "stop" : shown.seen ? "" : "warn";
    el("checked").textContent = t(...words());
  }

  /** @param {boolean} ready whether presses do something now */
  function render(ready) {
    key.disabled = !ready;
    el("show-back-text").textContent = isShown() ? t("收回", "Take back") : t("请居民核对", "Have it checked");
    key.setAttribute("aria-pressed", String(isShown()));
  }

  return {
    refresh,
    render,
    say,
    /** What the key does now. */
    get verb() {
      return isShown() ? "take-back" : "show-back";
    },
    settle() {
      pressed = performance.now();
    },
    settled: () => performance.now() - pressed > SETTLE,
    /** @param {string} number of the ticket being served; "" for none */
    about(number) {
      if (number === about) return;
      about = number;
      view = null;
      told = "";
      if (number) refresh();
      say();
    },
  };
}
