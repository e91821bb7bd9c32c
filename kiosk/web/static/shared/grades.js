// The five grades at a window, for the resident who was just served there and nobody else: a grade, reasons for a low
// one, thanks. The page says what the hall would ask about; a question that nobody answers is taken back.

import { call } from "./api.js";
import { all, el, targetOf } from "./dom.js";

const GIVE_UP = 60_000;   // ms until a question that nobody answers is taken back
const REST = 4000;        // ms that thanks, or what went wrong, stay

/** @typedef {"idle" | "asking" | "reasons" | "thanks"} GradeStep */

/**
 * @param {object} options
 * @param {HTMLElement} options.page holds the sections of grades.html
 * @param {string} options.path of the window's rating
 * @param {string | null} options.token
 * @param {(step: GradeStep) => void} options.step shows a section; "idle" shows none of them
 * @param {(error: unknown) => void} options.failed told what went wrong
 */
export function grades({ page, path, token, step, failed }) {
  /** @type {AskedCase | null} */
  let asked = null;         // the case that is asked about
  /** @type {number | null} */
  let ignored = null;       // one that nobody answered
  let since = 0;
  let grade = 0;
  let sending = false;      // a grade is on its way: what is tapped meanwhile is no second one
  /** @type {ReturnType<typeof setTimeout> | null} */
  let resting = null;

  /**
   * Show a section for a moment, whatever there is to ask.
   * @param {GradeStep} name
   */
  function rest(name) {
    asked = null;
    step(name);
    if (resting) clearTimeout(resting);
    resting = setTimeout(() => {
      resting = null;
      step("idle");
    }, REST);
  }

  /** @param {AskedCase | null} found what the hall would ask about now */
  function take(found) {
    if (resting || sending) return;
    if (asked && Date.now() - since > GIVE_UP) {
      ignored = asked.case;
      asked = null;
      step("idle");
    }
    if (found && found.case !== asked?.case && found.case !== ignored) {
      asked = found;
      since = Date.now();
      el("service").textContent = found.service_name || found.service;
      for (const button of all("[data-reason]", page)) button.setAttribute("aria-pressed", "false");
      el("send", HTMLButtonElement).disabled = true;
      step("asking");
    } else if (!found && asked) {
      asked = null;         // rated on the phone meanwhile, or taken back
      step("idle");
    }
  }

  /** Ask nothing any more: somebody else is at the window. */
  function drop() {
    if (resting) clearTimeout(resting);
    resting = asked = null;
    el("service").textContent = "";
  }

  /**
   * @param {AskedCase} about
   * @param {(string | undefined)[]} reasons
   */
  async function send(about, reasons) {
    sending = true;
    try {
      await call("POST", path, { case: about.case, grade, reasons }, { token });
      if (asked === about) rest("thanks");
    } catch (error) {
      failed(error);
      if (asked === about) rest("idle");      // the next look asks again, unless the grade got there and only the answer was lost
    } finally {
      sending = false;
    }
  }

  const chosen = () => all('[data-reason][aria-pressed="true"]', page).map((button) => button.dataset.reason);

  page.addEventListener("click", (event) => {
    const button = targetOf(event).closest("button");
    if (!button || !asked || sending) return;
    since = Date.now();
    if (button.dataset.grade) {
      grade = Number(button.dataset.grade);
      if (grade > 2) send(asked, []);
      else step("reasons");
    } else if (button.dataset.reason) {
      button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
      el("send", HTMLButtonElement).disabled = chosen().length === 0;
    } else if (button.id === "back") step("asking");
    else if (button.id === "send") send(asked, chosen());
  });

  return {
    take,
    drop,
    /** Whether something is shown, so that no other look may cover it. */
    get busy() {
      return sending || resting !== null;
    },
  };
}
