// The tablet at a window: asks whoever was just served there for a grade, and nobody else.

import { deviceToken } from "./device_token.js";
import { call, wordsOf } from "./live.js";

const LOOK = 2000;        // ms between looks at what was finished
const GIVE_UP = 60_000;   // ms until a question that nobody answers is taken back
const REST = 4000;        // ms that thanks, or what went wrong, stay

const el = (id) => document.getElementById(id);
const page = el("rate");
const path = `/windows/${encodeURIComponent(page.dataset.window)}/rating`;
const { token } = deviceToken(`quhao.rate.${page.dataset.window}`);

let asked = null;         // the case that is asked about
let ignored = null;       // one that nobody answered
let since = 0;
let grade = 0;
let sending = false;      // a grade is on its way: what is tapped meanwhile is no second one
let resting = 0;

function step(name) {
  page.dataset.step = name;
  for (const section of page.querySelectorAll("section")) section.hidden = section.id !== name;
}

function rest(name) {
  asked = null;
  step(name);
  clearTimeout(resting);
  resting = setTimeout(() => (resting = 0, step("idle")), REST);
}

function say(error) {
  el("trouble").textContent = wordsOf(error).join(" · ");
  el("trouble").hidden = false;
}

async function look() {
  try {
    const found = await call("GET", path, undefined, { token });
    if (!resting && !sending) {
      el("trouble").hidden = true;
      take(found);
    }
  } catch (error) {
    say(error);
  }
  setTimeout(look, LOOK);
}

function take(found) {
  if (asked && Date.now() - since > GIVE_UP) {
    ignored = asked.case;
    asked = null;
    step("idle");
  }
  if (found && found.case !== asked?.case && found.case !== ignored) {
    asked = found;
    since = Date.now();
    el("service").textContent = found.service_name || found.service;
    for (const button of page.querySelectorAll("[data-reason]")) button.setAttribute("aria-pressed", "false");
    el("send").disabled = true;
    step("asking");
  } else if (!found && asked) {
    asked = null;         // rated on the phone meanwhile, or taken back
    step("idle");
  }
}

async function send(reasons) {
  sending = true;
  try {
    await call("POST", path, { case: asked.case, grade, reasons }, { token });
    rest("thanks");
  } catch (error) {
    say(error);
    rest("idle");         // the next look asks again, unless the grade got there and only the answer was lost
  } finally {
    sending = false;
  }
}

const chosen = () => [...page.querySelectorAll('[data-reason][aria-pressed="true"]')].map((one) => one.dataset.reason);

page.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button || !asked || sending) return;
  since = Date.now();
  if (button.dataset.grade) {
    grade = Number(button.dataset.grade);
    if (grade > 2) send([]);
    else step("reasons");
  } else if (button.dataset.reason) {
    button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
    el("send").disabled = chosen().length === 0;
  } else if (button.id === "back") step("asking");
  else if (button.id === "send") send(chosen());
});

look();
