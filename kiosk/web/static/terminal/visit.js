// One visit at the terminal: the step that is shown, the seconds until it ends by itself, and the requests made for it.
//
// A visit ends with the exit key, a minute after the last touch, or when the page is left. Then nothing of it is kept: no
// text in the page, no field that a browser could fill in again (there is none), no history, no storage. An answer that
// comes after that is shown to nobody.

import { call, Problem, wordsOf } from "../shared/api.js";
import { all, both, el } from "../shared/dom.js";

const OPEN_FOR = 60;      // seconds without a touch
const OPEN_FOR_ELDER = 120;
const SOON = 15;          // seconds before the end when the page asks for a touch

/**
 * @typedef {object} Step
 * @property {string} view id of what is shown under the title
 * @property {[string, string]} title
 * @property {string} [chosen] what was chosen so far, zh and en as they are
 * @property {(() => void) | null} [back] to the step before; null: there is none, the key leads to the start
 * @property {() => void} [card] what a card does that is laid in this step, or lies already
 * @property {(text: string) => boolean} [scan] whether a scanned text is taken in this step
 */

/**
 * @param {{path: string, token: string | null, forget: () => void, onStart: () => void}} options forget: clears what tasks know
 */
export function visits({ path, token, forget, onStart }) {
  const page = el("terminal");
  const root = document.documentElement;
  let visit = 1;          // counts the people who were here
  let busy = 0;           // the visit whose request runs; the next visitor need not wait for it
  let endsAt = 0;         // ms; 0 while nobody is here
  let card = false;       // whether one lies on this terminal's reader
  /** @type {Step | null} */
  let now = null;

  const openFor = () => (root.classList.contains("elder") ? OPEN_FOR_ELDER : OPEN_FOR);

  /** Forget the visit, and show the start. */
  function end() {
    visit += 1;
    now = null;
    endsAt = 0;
    forget();
    refuse(null);
    for (const part of ["title", "chosen"]) el(part).replaceChildren();
    el("task").hidden = true;
    el("home").hidden = false;
    page.dataset.step = root.dataset.step = "home";
    root.classList.remove("soon");
    el("left").replaceChildren();
    onStart();
  }

  /** @param {Step} step */
  function show(step) {
    now = step;
    el("home").hidden = true;
    el("task").hidden = false;
    for (const view of all("#task > .view")) view.hidden = view.id !== step.view;
    page.dataset.step = root.dataset.step = step.view;
    el("title").replaceChildren(both(...step.title));
    el("chosen").textContent = step.chosen ?? "";
    refuse(null);
    stay();
    el("title").focus({ preventScroll: true });
    if (card && step.card) step.card();
  }

  /** Somebody is here: the seconds begin anew. */
  function stay() {
    endsAt = Date.now() + openFor() * 1000;
    tick();
  }

  function tick() {
    if (!endsAt) return;
    const seconds = Math.ceil((endsAt - Date.now()) / 1000);
    root.classList.toggle("soon", seconds <= SOON);
    if (seconds <= 0) end();
    else if (seconds <= SOON) el("left").replaceChildren(both(`还在用吗？点一下屏幕。${seconds} 秒后退出`, `Still here? Touch the screen. Ends in ${seconds} s`));
    else el("left").replaceChildren(both(`${seconds} 秒后自动退出`, `Ends by itself in ${seconds} s`));
  }

  /** @param {[string, string] | null} words null: nothing is wrong any more */
  function refuse(words) {
    el("refused").replaceChildren(...(words ? [both(...words)] : []));
    el("refused").hidden = !words;
    if (words) stay();
  }

  /**
   * End the visit and say what went wrong.
   * @param {unknown} error
   */
  function giveUp(error) {
    end();
    refuse(wordsOf(error));
  }

  /**
   * One request of this visit.
   * @param {"GET" | "POST"} method
   * @param {string} address
   * @param {object | undefined} body
   * @param {(answer: any) => void} then what to do with the answer
   * @param {(problem: Problem) => void} [failed] told of a refusal
   * @param {string} [key] the Idempotency-Key
   */
  async function ask(method, address, body, then, failed = giveUp, key = undefined) {
    if (busy === visit) return;
    const asker = busy = visit;
    try {
      const answer = await call(method, address, body, { token, key }).finally(() => {
        if (busy === asker) busy = 0;
      });
      if (visit === asker) then(answer);
    } catch (error) {
      if (!(error instanceof Problem)) giveUp(error);      // an answer of another shape
      else if (visit === asker) failed(error);
    }
  }

  function back() {
    if (now?.back) now.back();
    else end();
  }

  page.addEventListener("input", stay);
  addEventListener("pointerdown", () => endsAt && stay());
  addEventListener("keydown", () => endsAt && stay());
  setInterval(tick, 500);

  return {
    path,
    ask,
    show,
    end,
    stay,
    back,
    giveUp,
    refuse,
    /** Whether nobody has begun anything. */
    atStart: () => now === null,
    cardLies: () => card,
    /** @param {boolean} lies a card was laid on this terminal's reader, or lifted */
    heardCard(lies) {
      card = lies;
      if (!lies || !now) return;
      stay();
      now.card?.();
    },
    /** @param {string} text */
    heardScan: (text) => Boolean(now?.scan?.(text)),
  };
}

/** @typedef {ReturnType<typeof visits>} Visits */
