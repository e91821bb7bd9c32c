// The tablet at a window: asks the resident who was just served there for a grade, and nobody else.

import { call, wordsOf } from "../shared/api.js";
import { deviceToken } from "../shared/device_token.js";
import { all, el, targetOf } from "../shared/dom.js";
import { chooseLanguage, nextLanguage } from "../shared/languages.js";

const LOOK = 2000;        // ms between looks at what was finished
const GIVE_UP = 60_000;   // ms until a question that nobody answers is taken back
const REST = 4000;        // ms that thanks, or what went wrong, stay

const page = el("rate");
const place = page.dataset.window ?? "";
const path = `/windows/${encodeURIComponent(place)}/rating`;
const { token } = deviceToken(`quhao.rate.${place}`);

/** @type {AskedCase | null} */
let asked = null;         // the case that is asked about
/** @type {number | null} */
let ignored = null;       // one that nobody answered
let since = 0;
let grade = 0;
let sending = false;      // a grade is on its way: what is tapped meanwhile is no second one
/** @type {ReturnType<typeof setTimeout> | null} */
let resting = null;

/** @param {string} name the section to show */
function step(name) {
  // The next resident begins as everybody does.
  if (name === "idle") chooseLanguage("zh-CN");
  page.dataset.step = name;
  for (const section of all("section", page)) section.hidden = section.id !== name;
}

/** @param {string} name the section to show for a moment, whatever there is to ask */
function rest(name) {
  asked = null;
  step(name);
  if (resting) clearTimeout(resting);
  resting = setTimeout(() => {
    resting = null;
    step("idle");
  }, REST);
}

/** @param {unknown} error */
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

/** @param {AskedCase | null} found what the hall would ask about now */
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
    for (const button of all("[data-reason]", page)) button.setAttribute("aria-pressed", "false");
    el("send", HTMLButtonElement).disabled = true;
    step("asking");
  } else if (!found && asked) {
    asked = null;         // rated on the phone meanwhile, or taken back
    step("idle");
  }
}

/**
 * @param {AskedCase} about
 * @param {(string | undefined)[]} reasons
 */
async function send(about, reasons) {
  sending = true;
  try {
    await call("POST", path, { case: about.case, grade, reasons }, { token });
    rest("thanks");
  } catch (error) {
    say(error);
    rest("idle");         // the next look asks again, unless the grade got there and only the answer was lost
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

for (const button of all("[data-next-language]")) button.addEventListener("click", () => chooseLanguage(nextLanguage().id));
look();
