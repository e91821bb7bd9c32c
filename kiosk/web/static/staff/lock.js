// The lock of a staff page that was left: after a while without an act the page is covered until its person gives the
// password again. The hall keeps the same time and refuses a locked log-in by itself; this only shows it.

import { call, Problem, wordsOf } from "../shared/api.js";
import { el } from "../shared/dom.js";
import { t } from "../shared/language.js";
import { signIn } from "./signing.js";

const TELL = 60_000;      // ms between telling the hall that somebody is here
const LOOK = 5000;        // ms between looks at how long nobody was

const dialog = el("lock", HTMLDialogElement);
const password = el("lock-password", HTMLInputElement);
const idle = Number(dialog.dataset.idle) * 1000;

let acted = Date.now();
let told = Date.now();
/** @type {() => void} */
let cover = () => {};

/** Whether the page is locked. */
export const isLocked = () => dialog.open;

/** Somebody did something at this place, as with a scanner or a pad that the page does not see. */
export function awake() {
  if (isLocked()) return;
  acted = Date.now();
  if (!idle || acted - told < TELL) return;
  told = acted;
  call("POST", "/me/active").catch(() => {});     // a lock that the hall has found is told by an event
}

/** @param {() => void} [before] clears what must not stay on the page */
export function lockWhenLeft(before = () => {}) {
  cover = before;
  if ("locked" in dialog.dataset) show();
}

function show() {
  if (isLocked()) return;
  cover();
  password.value = "";
  el("lock-trouble").hidden = true;
  dialog.showModal();
  password.focus();
}

async function lock() {
  show();
  try {
    await call("POST", "/lock");
  } catch (problem) {
    if (problem instanceof Problem && problem.status === 401) signIn();
    // Without an answer the page is covered all the same, and the hall locks it by its own clock.
  }
}

async function unlock() {
  try {
    await call("POST", "/unlock", { password: password.value });
    location.reload();                            // the page is anew as the hall says it is
  } catch (problem) {
    if (problem instanceof Problem && problem.status === 401) signIn();
    const wrong = problem instanceof Problem && problem.code === "wrong_password";
    el("lock-refused").textContent = wrong ? t("密码不对，请重新输入", "Wrong password: please enter it again") : t(...wordsOf(problem));
    el("lock-trouble").hidden = false;
    password.value = "";
    password.focus();
  }
}

el("lock-form").addEventListener("submit", (event) => {
  event.preventDefault();
  unlock();
});
dialog.addEventListener("cancel", (event) => event.preventDefault());
// Browsers close a dialog at a second Esc whatever is said to the first.
dialog.addEventListener("close", () => dialog.showModal());
el("lock-leave").addEventListener("click", async () => {
  try {
    await call("POST", "/logout");
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
  }
  location.assign("/login");
});
document.getElementById("lock-now")?.addEventListener("click", lock);
document.addEventListener("locked", show);

// Before every listener of the page, which is loaded after this: its keys press nothing while it is locked.
for (const type of ["keydown", "keyup", "paste"]) {
  addEventListener(type, (event) => {
    if (isLocked()) event.stopImmediatePropagation();
    else awake();
  }, true);
}
addEventListener("pointerdown", awake, true);

if (idle) {
  setInterval(() => {
    if (!isLocked() && Date.now() - acted >= idle) lock();
  }, LOOK);
}
