// A page outside the hall's hours: black but for a small clock, which wanders (`<html class="dark">`, night.css). A touch
// or a key shows the page for a while, and does nothing else. The box's program switches the screen off by that class.

import { call, hm, now, Problem } from "./api.js";
import { make } from "./dom.js";

const LOOK = 60_000;      // ms between looks at the hours, and from one place of the clock to the next
const AWAKE = 60_000;     // ms for which a touch shows the page
// Places of the clock, in percent of the screen: no pixel is lit longer than a minute in eight.
const PLACES = [[8, 82], [70, 12], [40, 46], [12, 18], [72, 78], [24, 62], [58, 28], [44, 88]];

/**
 * Whether screens are lit by the hours that were heard of last: also while the hall does not answer any more.
 * @param {Pick<HallHours, "lit" | "lit_at"> | null} hours null: none were heard of
 * @param {Date} at
 */
export const isLit = (hours, at) => !hours || hours.lit || (hours.lit_at !== null && at >= new Date(hours.lit_at));

/**
 * Let the page be dark by the hours.
 * @param {{busy?: () => boolean, learnt?: (hours: HallHours | null) => void}} page `busy`: somebody is there whatever the
 *     hour; `learnt`: told the hours each minute, null while the hall does not say
 * @returns {{wake: () => void}} `wake`: somebody is there now
 */
export function night({ busy = () => false, learnt = () => {} } = {}) {
  const root = document.documentElement;
  const clock = make("time");
  document.body.append(make("div", { className: "night-sky", ariaHidden: "true" }, clock));
  /** @type {HallHours | null} */
  let hours = null;
  let awakeUntil = 0;
  let place = 0;
  let swallows = false;   // the click that the touch still makes which showed the page

  function move() {
    const [x, y] = PLACES[place];
    place = (place + 1) % PLACES.length;
    clock.style.left = `${x}%`;
    clock.style.top = `${y}%`;
  }

  function tick() {
    const time = now();
    clock.textContent = hm(time);
    root.classList.toggle("dark", !isLit(hours, time) && performance.now() >= awakeUntil && !busy());
  }

  function wake() {
    awakeUntil = performance.now() + AWAKE;
    tick();
  }

  async function look() {
    try {
      /** @type {HallHours} */
      const heard = await call("GET", "/screens/hours");
      hours = heard;
      learnt(hours);
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      learnt(null);
    }
    tick();
    move();
    setTimeout(look, LOOK);
  }

  addEventListener("pointerdown", () => {
    swallows = root.classList.contains("dark");
    wake();
  }, { capture: true });
  addEventListener("click", (event) => {
    if (!swallows) return;
    swallows = false;
    event.preventDefault();
    event.stopImmediatePropagation();
  }, { capture: true });
  addEventListener("keydown", (event) => {
    if (root.classList.contains("dark")) {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
    wake();
  }, { capture: true });
  look();
  setInterval(tick, 1000);
  return { wake };
}
