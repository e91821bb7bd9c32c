// The time that is left: a ring that runs out, starts anew with each touch, and says so before it ends.

import { el, find } from "../shared/dom.js";
import { Problem } from "../shared/api.js";
import { flow, post } from "./flow.js";
import { told } from "./words.js";

const SOON = 20;          // seconds left from which on the page asks whether somebody is there (WCAG 2.2.1: 20 at least)
const WORTH = 5;          // seconds that must have passed before a touch asks for more

/** @type {number | null} when this state ends by itself, ms */
let deadline = null;
let full = 60;            // seconds of a whole ring
let asking = false;

/**
 * @param {number | null} seconds left, null where nothing ends
 * @param {boolean} anew another state began
 */
export function setDeadline(seconds, anew) {
  deadline = seconds === null ? null : performance.now() + seconds * 1000;
  if (seconds !== null && (anew || seconds > full)) full = Math.max(1, seconds);
}

const left = () => (deadline === null ? null : Math.max(0, Math.ceil((deadline - performance.now()) / 1000)));

/** Whether the time is nearly over. */
export const isSoon = () => {
  const seconds = left();
  return seconds !== null && seconds <= SOON && flow.view?.state === "choosing";
};

/** Somebody is there: the time starts anew. */
export async function stay() {
  const seconds = left();
  if (asking || seconds === null || seconds > full - WORTH || flow.view?.state !== "choosing") return;
  asking = true;
  try {
    await post("stay", {});
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;   // the visit is over, or nobody hears: the ring shows it
  } finally {
    asking = false;
  }
}

export function renderCountdown() {
  const seconds = left();
  const ring = el("ring");
  el("seconds").textContent = seconds === null ? "" : String(seconds);
  ring.hidden = seconds === null;
  el("still").hidden = !isSoon();
  if (seconds === null) return;
  ring.classList.toggle("soon", isSoon());
  find("b", ring).textContent = String(seconds);
  /** @type {SVGElement} */ (ring.querySelector(".left")).style.strokeDashoffset = String(100 - Math.min(100, (100 * seconds) / full));
  ring.setAttribute("aria-label", told(`还剩 ${seconds} 秒`, `${seconds} seconds left`));
}
