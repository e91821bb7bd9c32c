// The tablet at a window: asks whoever was just served there for a grade, and nobody else.

import { deviceToken } from "./device_token.js";
import { call } from "./live.js";

const LOOK = 2000;        // ms between looks at what was finished
const GIVE_UP = 60_000;   // ms until a question that nobody answers is taken back
const THANKS = 4000;

const el = (id) => document.getElementById(id);
const page = el("rate");
const path = `/windows/${encodeURIComponent(page.dataset.window)}/rating`;
const { token } = deviceToken(`quhao.rate.${page.dataset.window}`);

let asked = null;         // the case that is asked about
let ignored = null;       // one that nobody answered
let since = 0;
let grade = 0;
let resting = 0;

function step(name) {
  page.dataset.step = name;
  for (const section of page.querySelectorAll("section")) section.hidden = section.id !== name;
}

function rest(name, ms) {
  asked = null;
  step(name);
  clearTimeout(resting);
  resting = setTimeout(() => (resting = 0, step("idle")), ms);
}

async function look() {
  try {
    const found = await call("GET", path, undefined, { token });
    el("trouble").hidden = true;
    take(found);
  } catch (problem) {
    el("trouble").textContent = `${problem.detail} · ${problem.detail_en}`;
    el("trouble").hidden = false;
  }
  setTimeout(look, LOOK);
}

function take(found) {
  if (asked && Date.now() - since > GIVE_UP) {
    ignored = asked.case;
    asked = null;
    step("idle");
  }
  if (resting) return;
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
  const { case: about } = asked;
  try {
    await call("POST", path, { case: about, grade, reasons }, { token });
    rest("thanks", THANKS);
  } catch (problem) {
    el("trouble").textContent = `${problem.detail} · ${problem.detail_en}`;
    el("trouble").hidden = false;
    rest("idle", 0);
  }
}

const chosen = () => [...page.querySelectorAll('[data-reason][aria-pressed="true"]')].map((one) => one.dataset.reason);

page.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button || !asked) return;
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
