// The self-service terminal: the card first, tasks as large tiles, one thing a page, and a visit that ends by itself.

import { call, hm, now, zone } from "../shared/api.js";
import { deviceToken } from "../shared/device_token.js";
import { all, both, el } from "../shared/dom.js";
import { callHelp, helpSaid } from "../shared/help.js";
import { chooseLanguage, nextLanguage } from "../shared/languages.js";
import { codeIn, listenForScans } from "../shared/scan.js";
import { follow } from "../shared/stream.js";
import { answers as answersOf } from "./answers.js";
import { applying, feeOf } from "./apply.js";
import { appointments } from "./appointments.js";
import { forms } from "./forms.js";
import { showPages } from "./lists.js";
import { matters } from "./matters.js";
import { numbers } from "./numbers.js";
import { pads } from "./pads.js";
import { slips } from "./slips.js";
import { visits } from "./visit.js";

const QUIET = 45_000;     // ms without a touch after which what one resident set is taken back for the next

const root = document.documentElement;
const { token, terminal: kept } = deviceToken("quhao.terminal");
const terminal = kept ?? new URLSearchParams(location.search).get("terminal");   // a screen box is told it in the address
const path = `/terminals/${encodeURIComponent(terminal ?? "")}`;
const tiles = all("#tiles button");
let touched = Date.now();
/** @type {boolean | null} */
let hasReader = null;     // whether cards are read here; null while that is not known

const pad = pads();
const visit = visits({ path, token, forget, onStart: showStart });
const answers = answersOf(visit);
const slip = slips(visit, pad, answers, { hasReader: () => hasReader });
const booking = appointments(visit, pad, answers);
const number = numbers(visit, answers);
const form = forms(visit, pad, answers, slip);
const finder = matters(visit, pad);
const application = applying(visit, answers, slip, form, finder);

/** @type {Record<string, () => void>} what the tiles do, by `data-task` */
const TASKS = {
  data: () => slip.data(),
  apply: application.start,
  progress: slip.look,
  rate: slip.rate,
  book: booking.book,
  mine: booking.mine,
  number: number.take,
  forms: form.choose,
  pay: showPay,
  fees: findFee,
  help: askForHelp,
};

/** Where fees are paid; in a hall that does not say, what the fee of a matter is. */
function showPay() {
  if (document.getElementById("pay-view")) visit.show({ view: "pay-view", title: ["在哪里缴费", "Where to pay"] });
  else findFee();
}

function findFee() {
  const back = document.getElementById("pay-view") ? showPay : null;
  finder.find({ title: ["要看哪件事的收费", "The fee of which matter?"], fits: () => true, pick: (one) => showFee(one.id), back, nothing: ["没有找到", "Nothing found"] });
}

/** @param {string} matter */
function showFee(matter) {
  visit.ask("GET", `/matters/${encodeURIComponent(matter)}`, undefined, (/** @type {WholeMatter} */ found) => {
    const { payAt = "", payAtEn = "" } = el("terminal").dataset;
    const [fee = { zh: "收费", en: "Fee", value: /** @type {[string, string]} */ (["没有写，请问窗口", "Not said here: please ask at the window"]) }] = feeOf(found);
    answers.show([found.name, found.name_en || found.name], [fee, { zh: "在哪里缴费", en: "Where to pay", value: [payAt, payAtEn] }], findFee);
  });
}

/** Somebody is called to this terminal; the page says who goes, and where the staff are meanwhile. */
async function askForHelp() {
  visit.show({ view: "help-view", title: ["呼叫工作人员", "Asking for help"] });
  if (token) sayHelp(await callHelp((method, to, body) => call(method, to, body, { token })));
}

/** @param {import("../shared/help.js").HelpSaid} said */
function sayHelp({ zh, en }) {
  if (root.dataset.step !== "help-view") return;       // whoever called has left
  visit.stay();
  el("help-words").replaceChildren(both(zh, en));
}

function forget() {
  el("help-words").replaceChildren();
  pad.forget();
  answers.forget();
  booking.forget();
  form.forget();
  application.forget();
  for (const part of ["choices", "choices-pages", "nothing"]) el(part).replaceChildren();
}

function showStart() {
  el("card-lies").hidden = !visit.cardLies();
  showPages("tiles", tiles);
}

/** Take back what the last resident set. */
function settle() {
  if (!visit.atStart() || Date.now() - touched < QUIET || !root.matches(".english, .elder")) return;
  root.classList.remove("elder");
  speak("zh-CN");
}

/** @param {string} id of a language */
async function speak(id) {
  await chooseLanguage(id);
  reword();
}

function reword() {
  clock();
  if (visit.atStart()) showStart();
}

function clock() {
  el("clock").textContent = hm(now());
  const language = root.classList.contains("english") ? "en-GB" : "zh-CN";
  el("date").textContent = now().toLocaleDateString(language, { timeZone: zone(), month: "long", day: "numeric", weekday: "long" });
}

/** @type {Record<string, () => void>} the keys that stay in their place, by `data-do` */
const KEYS = {
  back: visit.back,
  leave: visit.end,
  language() {
    speak(nextLanguage().id);
  },
  elder() {
    root.classList.toggle("elder");
    reword();
  },
  help: () => TASKS.help(),
};

// A scanner is heard wherever the focus is. What the step shown does not ask for begins a new visit.
/** @param {string} text */
function scanned(text) {
  touched = Date.now();
  if (visit.heardScan(text)) return;
  visit.end();
  if (!codeIn(text)) {
    slip.data(text);
    return;
  }
  visit.ask("POST", `${path}/code`, { code: text }, (/** @type {{kind: "ticket" | "receipt" | "appointment" | null}} */ { kind }) => {
    if (kind === "receipt") slip.progressOf(text);
    else if (kind === "appointment") booking.ofCode(text);
    else slip.data(text);
  });
}

for (const tile of all("#tiles button, #pay-fees")) tile.addEventListener("click", () => TASKS[tile.dataset.task ?? ""]());
for (const key of all("[data-do]")) key.addEventListener("click", () => KEYS[key.dataset.do ?? ""]());
addEventListener("keydown", (event) => {
  touched = Date.now();
  if (event.key !== "Escape" || visit.atStart()) return;
  visit.back();
  event.preventDefault();
});
addEventListener("pointerdown", () => (touched = Date.now()));
addEventListener("pagehide", visit.end);
addEventListener("pageshow", (event) => event.persisted && visit.end());
addEventListener("resize", () => visit.atStart() && showStart());
setInterval(() => {
  clock();
  settle();
}, 1000);

visit.end();
clock();
if (token && terminal) {
  listenForScans(scanned);
  const on = {
    scan: (/** @type {{text: string}} */ { text }) => scanned(codeIn(text) ?? text),
    card(/** @type {{lies: boolean}} */ { lies }) {
      touched = Date.now();
      el("card-lies").hidden = !lies;
      visit.heardCard(lies);
    },
  };
  const help = (/** @type {{state: "called" | "answered" | "done", words: {zh: string, en: string}}} */ news) => {
    if (news.state !== "done") sayHelp(helpSaid(news));
  };
  follow(`${path}/events`, { on: { ...on, help }, token });
  call("GET", path, undefined, { token }).then((about) => (hasReader = about.reader), () => {});
} else {
  visit.refuse(["这台终端还没有令牌，请找技术人员", "This terminal has no token yet: ask a technician"]);
}
