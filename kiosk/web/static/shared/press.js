// Buttons that do a thing once.

import { newKey, Problem } from "./api.js";

/**
 * The Idempotency-Key of a button. While the last request may have been done without its answer having come, the next
 * one repeats the key, so that the thing is not done twice; but only for the same owner: a key belongs to one person,
 * and to what that person asked for.
 *
 * @param {() => unknown} whose the owner now
 */
export function retryKey(whose) {
  /** @type {string | null} */
  let key = null;
  /** @type {unknown} */
  let owner = null;
  return {
    /** The key to send. */
    next() {
      if (key === null || owner !== whose()) key = newKey();
      owner = whose();
      return key;
    },
    /** It was done. */
    done() {
      key = null;
    },
    /**
     * It failed.
     * @param {Problem} problem
     */
    failed(problem) {
      if (problem.isRefusal) key = null;
    },
  };
}

/**
 * Run `action(key)` when the button is pressed, and not again before it has ended: a double tap is one request.
 *
 * @param {HTMLElement} button
 * @param {(key: string) => Promise<unknown>} action
 * @param {(problem: Problem) => void} [failed] told of what went wrong, unless the page gave the request up itself
 * @param {() => unknown} [whose] see `retryKey`
 */
export function press(button, action, failed = () => {}, whose = () => null) {
  const key = retryKey(whose);
  let busy = false;
  button.addEventListener("click", async () => {
    if (busy || button.getAttribute("aria-disabled") === "true") return;
    busy = true;
    button.setAttribute("aria-disabled", "true");
    try {
      await action(key.next());
      key.done();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      key.failed(problem);
      if (problem.code !== "aborted") failed(problem);
    } finally {
      busy = false;
      button.removeAttribute("aria-disabled");
    }
  });
}
