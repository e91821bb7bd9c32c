// The hall's draft as this page knows it: read, followed while others change it, and saved field by field.

import { call, Problem, wordsOf } from "../shared/api.js";
import { el, make } from "../shared/dom.js";
import { t } from "../shared/language.js";
import { signIn } from "../staff/signing.js";

const EVERY = 4000;       // ms between looks for what others have saved

/** @type {Draft | null} */
let known = null;
/** @type {() => void} */
let render = () => {};

/** The draft; throws before it was read. */
export function draft() {
  if (!known) throw new Error("the draft was not read yet");
  return known;
}

/** Whether it was read. */
export const isKnown = () => known !== null;

/**
 * Read the draft now, and again when somebody has changed it.
 * @param {() => void} show called with each new state
 */
export async function follow(show) {
  render = show;
  for (;;) {
    if (document.visibilityState === "visible") await look();
    await new Promise((done) => setTimeout(done, EVERY));
  }
}

async function look() {
  try {
    const found = await call("GET", `/setup/draft?seen=${encodeURIComponent(known?.tag ?? "")}`);
    if (found) take(found);
    tell(null);
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    if (problem.status === 401) signIn();
    tell(problem);
  }
}

/**
 * Save changes, all or none; throws Problem, and has read what is there now where somebody was quicker.
 * @param {DraftChange[]} changes
 */
export async function save(changes) {
  try {
    take(await call("POST", "/setup/draft/changes", { changes }));
    tell(null);
  } catch (problem) {
    if (problem instanceof Problem && problem.status === 401) signIn();
    if (problem instanceof Problem && problem.isRefusal) await look();
    throw problem;
  }
}

/**
 * Do something with the draft as a whole; throws Problem.
 * @param {string} path below `/setup`
 * @param {object} [body]
 */
export async function act(path, body = {}) {
  try {
    take(await call("POST", `/setup${path}`, body));
    tell(null);
  } catch (problem) {
    if (problem instanceof Problem && problem.isRefusal) await look();
    throw problem;
  }
}

/** @param {Draft} found */
function take(found) {
  known = found;
  render();
}

/**
 * Say in the page's line that something did not work, or nothing any more.
 * @param {unknown} problem
 */
export function tell(problem) {
  el("said").hidden = problem === null;
  if (problem !== null) el("said").textContent = t(...wordsOf(problem));
}

/** The bar of the draft: how many changes wait, and the way to publish them. */
export function renderBar() {
  const { changes, problems, due } = draft();
  const count = changes.length;
  const words = count === 0
    ? t("没有未发布的改动", "No changes to publish")
    : t(`草稿里有 ${count} 处改动，发布后才生效`, `${count} ${count === 1 ? "change" : "changes"} in the draft; nothing is in force before it is published`);
  const parts = [make("span", { textContent: words })];
  if (problems.length) parts.push(make("span", { className: "state stop", textContent: t(`${problems.length} 处要改正`, `${problems.length} to be put right`) }));
  if (due) parts.push(make("span", { className: "state warn", textContent: t(`定于 ${due} 开始时发布`, `to be published as ${due} begins`) }));
  if (count) parts.push(make("a", { className: "button", href: "/manage/changes", textContent: t("看改动并发布", "Look at them and publish") }));
  el("draft-bar").replaceChildren(...parts);
}
